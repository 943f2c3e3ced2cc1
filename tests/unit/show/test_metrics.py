"""The metrics say what the journal says, in a form that Prometheus reads."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import re

import pytest
from cou.journal.records import (
    Attempt,
    Job,
    Limit,
    Mark,
    MarkState,
    RunState,
    StepRecord,
    StepState,
)
from cou.journal.waits import CurrentWait
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan
from cou.plan.step import Step
from cou.show import metrics
from cou.show.view import View
from cou.wording import join

from tests.planned_steps import planned_step

PAGE = pathlib.Path(__file__).parents[3] / "docs/reference/metrics.md"
NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
_SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?[0-9.e+]+)\Z')


def after(seconds: float) -> datetime.datetime:
    return NOON + datetime.timedelta(seconds=seconds)


def view(state: RunState = RunState.RUNNING, model: str = "openstack") -> View:
    """Return a run with a step that took 30 s, one that runs, and one that is due."""
    steps = tuple(
        planned_step(f"keystone/{number}", Kind.REFRESH, f"Step {number}", target="keystone")
        for number in range(3)
    )
    root = Step("upgrade", Kind.GROUP, "Upgrade", steps=steps)
    plan = Plan(model, "uuid", "ussuri", "victoria", Options(), (), (), root)
    records = (
        StepRecord("keystone/0", 0, StepState.DONE, 1, after(0), after(30), "", ""),
        StepRecord("keystone/1", 1, StepState.RUNNING, 1, after(30), None, "", ""),
        StepRecord("keystone/2", 2, StepState.PENDING, 1, None, None, "", ""),
    )
    attempt = Attempt(1, "r1", Job.UPGRADE, Limit(), NOON, None, "", None, None, "")
    mark = Mark("noout:ceph-mon", "noout", "ceph-mon", {}, MarkState.SET, "", NOON, "")
    return View(
        run="r1",
        state=state,
        plan=plan,
        number=2,
        total=3,
        title="Step 1",
        waits_for="",
        next="keystone/2",
        error="",
        remedy="",
        marks=(mark,),
        steps={one.id: one for one in records},
        attempt=attempt,
        tasks={},
        settings={},
        waits=(CurrentWait(join("keystone/0 is busy")), CurrentWait(join("keystone/1 is busy"))),
    )


def samples(text: str) -> dict[str, float]:
    """Read the text format; insist that it is one."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP [a-z_]+ \S|TYPE [a-z_]+ gauge\Z)", line)
            continue
        match = _SAMPLE.match(line)
        assert match, line
        found[f"{match[1]}{{{match[2]}}}".replace('juju_unit="cou/0",', "")] = float(match[3])
    return found


@pytest.mark.parametrize("state", RunState)
def test_exactly_one_state_is_set(state: RunState):
    found = samples(metrics.text(view(state), "cou/0"))
    states = {name: value for name, value in found.items() if name.startswith("cou_run_state{")}
    assert len(states) == len(RunState)
    assert [name for name, value in states.items() if value] == [
        f'cou_run_state{{state="{state.value}"}}'
    ]


def test_steps_seconds_waits_and_marks_are_counted():
    found = samples(metrics.text(view(), "cou/0"))
    assert found['cou_run_steps{state="done"}'] == 1
    assert found['cou_run_steps{state="running"}'] == 1
    assert found['cou_run_steps{state="failed"}'] == 0
    assert found['cou_run_step_seconds{kind="refresh"}'] == 30
    assert found['cou_step_started_timestamp_seconds{juju_unit="cou/0"}'] == after(30).timestamp()
    assert found['cou_run_waits{juju_unit="cou/0"}'] == 2
    assert found['cou_run_marks{state="set"}'] == 1
    assert found['cou_run_marks{state="kept"}'] == 0


def test_the_page_names_the_labels_of_each_metric():
    rows = re.findall(r"^\| `(cou_[a-z_]+)` \| ([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    described = {name: set(re.findall(r"`([a-z_]+)`", labels)) for name, labels in rows}
    emitted: dict[str, set[str]] = {}
    for name in samples(metrics.text(view(), "cou/0")):
        labels = set(re.findall(r'([a-z_]+)="', name)) - {"juju_unit"}
        assert emitted.setdefault(name.partition("{")[0], labels) == labels
    assert emitted == described


def test_no_step_runs_so_none_has_begun():
    resting = dataclasses.replace(view(RunState.STOPPED), steps={})
    assert "cou_step_started_timestamp_seconds" not in metrics.text(resting, "cou/0")


def test_hostile_names_stay_within_their_label():
    text = metrics.text(view(model='x"} 1\ncou_run_state{state="failed"} 1\\'), "cou/0")
    assert [name for name, one in samples(text).items() if "failed" in name and one] == [
        next(name for name in samples(text) if name.startswith("cou_run_info"))
    ]


def test_each_metric_is_described_once_and_together():
    lines = metrics.text(view(), "cou/0").splitlines()
    described = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert described == [one.name for one in metrics.METRICS if one.name in described]
    assert set(described) == {one.name for one in metrics.METRICS}
    current = ""
    for line in lines:
        current = line.split()[2] if line.startswith("#") else current
        assert line.startswith("#") or line.startswith(f"{current}{{")


def test_a_unit_that_never_ran_or_cannot_read_says_so():
    assert 'cou_journal_readable{juju_unit="cou/0"} 1.0' in metrics.text(None, "cou/0")
    assert 'cou_journal_readable{juju_unit="cou/0"} 0.0' in metrics.unreadable("cou/0")
