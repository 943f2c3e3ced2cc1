"""A run of any size in a journal, and what a look at it costs: counted, not timed."""

from __future__ import annotations

import datetime
import json
import pathlib
import sys

import cou
from cou.journal.records import Limit
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan, canonical
from cou.plan.step import Part, Step

from tests.planned_steps import planned_step

BEGAN = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
ARCHIVE = "archive"
_STEPS = 4  # of an application
_LIB = str(pathlib.Path(cou.__file__).parent)


def at(seconds):
    return (BEGAN + datetime.timedelta(seconds=seconds)).isoformat()


def plan_of(applications):
    """Return a plan: the archiving of rows, then applications of some steps each."""
    every = [planned_step(ARCHIVE, Kind.ARCHIVE_DATA, "Archive", target="nova-cloud-controller/0")]
    for number in range(applications):
        name = f"app-{number}"
        steps = tuple(
            planned_step(f"{name}/{one}", Kind.RUN_ACTION, f"Do {one}", target=f"{name}/0")
            for one in range(_STEPS)
        )
        part = {"part": Part.APPLICATION.value}
        every.append(Step(name, Kind.GROUP, name, target=name, params=part, steps=steps))
    root = Step("upgrade", Kind.GROUP, "Upgrade", params={"part": "section"}, steps=tuple(every))
    return Plan("openstack", "uuid", "ussuri", "victoria", Options(), (), (), root)


def make(journal, *, batches=20, applications=5, kills=3):
    """Write down a run in which all but the last step is over; return its attempt.

    Args:
        journal: where.
        batches: how many tasks its first step has sent.
        applications: how many there are; each has a mark that was put back.
        kills: how often its runner was killed in the first step.
    """
    plan = plan_of(applications)
    names = [step.id for step in plan.root.single_steps()]
    attempt = journal.create_run(canonical(plan.to_dict()), {}, names, Limit())
    with journal._db.write("test") as db:
        _fill(db, attempt, names, batches, applications, kills)
    return attempt


def _fill(db, attempt, names, batches, applications, kills):
    run, now = attempt.run, 0

    def tell(what, data):
        row = run, at(now), what, json.dumps(data)
        db.execute("insert into event (run, at, what, data) values (?, ?, ?, ?)", row)

    def send(step, key, task):
        request = {"kind": "task", "unit": "x/0", "name": "archive-data", "params": {}}
        row = run, step, key, json.dumps(request), at(now), task, json.dumps({"ended-well": True})
        db.execute(
            "insert into operation (run, step, round, key, request, watermark, intended, task, "
            "verdict, result) values (?, ?, 1, ?, ?, 0, ?, ?, 'done', ?)",
            row,
        )

    task = 0
    for number, name in enumerate(names):
        begun = at(now)
        tell("step-begun", {"step": name})
        for batch in range(batches if name == ARCHIVE else 1):
            now, task = now + 2, task + 1
            send(name, f"batch-{batch + 1}", task)
            tell("waits", {"lines": [f"task {task} on {name}/0 is running", "glance/0 is busy"]})
            now += 2
            tell("waits", {"lines": []})
            if name == ARCHIVE and kills and batch % max(1, batches // kills) == 0:
                tell("attempt-ended", {"token": attempt.token, "how": "interrupted"})
                tell("attempt-begun", {"token": attempt.token, "job": "upgrade"})
                tell("step-begun", {"step": name})
        if number < len(names) - 1:
            tell("step-ended", {"step": name, "state": "done"})
            db.execute(
                "update step set state = 'done', started = ?, ended = ? where run = ? and id = ?",
                (begun, at(now), run, name),
            )
        else:
            db.execute(
                "update step set state = 'running', started = ? where run = ? and id = ?",
                (begun, run, name),
            )
    for number in range(applications):
        row = run, f"paused:app-{number}/0", f"app-{number}/0", f"app-{number}/0", at(now)
        db.execute(
            "insert into mark (run, id, kind, target, data, state, step, at) "
            "values (?, ?, 'paused', ?, '{}', 'put-back', ?, ?)",
            row,
        )


def cost(journal, look):
    """Return what a look costs: instructions of SQLite, and lines of the engine's Python."""
    instructions = lines = 0

    def step():
        nonlocal instructions
        instructions += 1

    def trace(frame, event, _):
        nonlocal lines
        if not frame.f_code.co_filename.startswith(_LIB):
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    journal._db._db.set_progress_handler(step, 1)
    sys.settrace(trace)
    try:
        look()
    finally:
        sys.settrace(before)
        journal._db._db.set_progress_handler(None, 0)
    return instructions, lines
