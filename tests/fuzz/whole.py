"""A journal with something of everything in it."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import tempfile

from cou.clock import utc_now
from cou.errors import Cause
from cou.journal import FILE, Journal
from cou.journal.records import POST_CHECK, Limit, Mark, MarkState, RunState, StepState, Verdict
from cou.journal.waits import CurrentWait
from cou.kinds import Kind
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan, canonical
from cou.plan.step import Step
from cou.wording import join, to_json
from cou.wording import text as text_of

from tests.planned_steps import planned_step


@functools.cache
def whole_journal() -> bytes:
    """Return the file of a journal whose run was cancelled half-way."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        journal = Journal(home)
        _fill(journal)
        journal.close()
        assert not (home / f"{FILE}-wal").exists(), "not all is in the file"
        return (home / FILE).read_bytes()


def _fill(journal: Journal) -> None:
    steps = tuple(
        planned_step(f"keystone/{number}", Kind.REFRESH, f"Refresh {number}", target="keystone")
        for number in range(4)
    )
    root = Step("upgrade", Kind.GROUP, "Upgrade", steps=steps)
    plan = Plan("openstack", "uuid", "ussuri", "victoria", Options(), (), (), root)
    text = canonical(plan.to_dict())
    settings = dataclasses.asdict(Settings())
    journal.show(text, settings)
    attempt = journal.create_run(text, settings, [step.id for step in steps], Limit())
    token = attempt.token
    journal.hold(token)
    for step, end in zip(steps, (StepState.DONE, StepState.FAILED, StepState.DONE), strict=False):
        journal.begin_step(token, step.id)
        operation = journal.record_intent(
            token, step.id, "refresh", {"channel": "victoria/stable"}
        )
        journal.record_verdict(token, operation.id, Verdict.DONE, {"task": 7})
        journal.end_step(token, step.id, end, error="no" if end is StepState.FAILED else "")
        journal.note(token, operation.id, {"late": {"7": to_json(text_of("note/undone-late"))}})
    waited = text_of("wait/busy", unit="keystone/0", status="agent executing")
    journal.set_waits(token, [CurrentWait(waited, ("keystone/0",))])
    journal.add_event(attempt.run, "drift", {"text": to_json(waited), "stops": False})
    journal.add_event(
        attempt.run, "late-task", {"step": "keystone/0", "task": 7, "text": to_json(waited)}
    )
    finding = {"code": "noout-set", "subject": "ceph-mon", "seen": to_json(waited)}
    journal.add_event(
        attempt.run, POST_CHECK, {"findings": [finding], "failure": to_json(join("no"))}
    )
    mark = Mark("noout:ceph-mon", "noout", "ceph-mon", {}, MarkState.KEPT, "a", utc_now(), waited)
    journal.write_mark(token, mark)
    journal.cancel(token, "operator")
    journal.end_attempt(token, RunState.STOPPED, Cause("x", join("y"), join("z")))
    # Again what is begun next; a forced end leaves it in doubt.
    journal.show(text, settings, attempt.run)
