"""The run as Prometheus metrics, in the text format that node exporters read from files.

Names, types and meanings stand in `METRICS`; docs/reference/metrics.md is checked against it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

import cou

from .. import printable
from ..journal.records import MarkState, RunState, StepState
from .view import View


@dataclasses.dataclass(frozen=True)
class Metric:
    """One metric: all are gauges, since a file is written anew by whoever looks."""

    name: str
    meaning: str


READABLE = Metric("cou_journal_readable", "1 if the journal could be read, else 0.")
INFO = Metric("cou_info", "1; labels name the charm's version.")
STATE = Metric("cou_run_state", "1 for the state that the newest run is in, 0 for all others.")
RUN = Metric("cou_run_info", "1; labels name run, plan, and the releases it goes from and to.")
STEPS = Metric("cou_run_steps", "How many steps of the run are in a state.")
SECONDS = Metric(
    "cou_run_step_seconds", "Seconds that ended steps of a kind took, the last try of each."
)
BEGAN = Metric(
    "cou_step_started_timestamp_seconds",
    "When the step that runs longest was begun; absent while none runs.",
)
ATTEMPT = Metric("cou_attempt_started_timestamp_seconds", "When the newest runner was asked for.")
WAITS = Metric("cou_run_waits", "How many things are waited for now.")
MARKS = Metric("cou_run_marks", "How many things the run has switched and not put back.")

METRICS = (READABLE, INFO, STATE, RUN, STEPS, SECONDS, BEGAN, ATTEMPT, WAITS, MARKS)

Sample = tuple[Metric, Mapping[str, str], float]


def text(seen: View | None, unit: str) -> str:
    """Return what a unit shows of its newest run; little where nothing has ever run."""
    samples: list[Sample] = [(READABLE, {}, 1), *_about()]
    if seen is not None:
        samples.extend(_run(seen))
    return _render(samples, unit)


def unreadable(unit: str) -> str:
    """Return what a unit shows whose journal cannot be read."""
    return _render([(READABLE, {}, 0), *_about()], unit)


def _about() -> list[Sample]:
    return [(INFO, {"version": cou.__version__}, 1)]


def _run(seen: View) -> Iterable[Sample]:
    plan = seen.plan
    for state in RunState:
        yield STATE, {"state": state.value}, seen.state is state
    names = {"run": seen.run, "plan": plan.hash, "origin": plan.origin, "target": plan.target}
    yield RUN, {**names, "openstack_model": plan.model}, 1
    counts = Counter(record.state for record in seen.steps.values())
    for state in StepState:
        yield STEPS, {"state": state.value}, counts[state]
    for kind, seconds in sorted(_seconds(seen).items()):
        yield SECONDS, {"kind": kind}, seconds
    began = [seen.steps[step.id].started for step in seen.running]
    stamps = [one.timestamp() for one in began if one is not None]
    if stamps:
        yield BEGAN, {}, min(stamps)
    if seen.attempt is not None:
        yield ATTEMPT, {}, seen.attempt.started.timestamp()
    yield WAITS, {}, len(seen.waits)
    marks = Counter(mark.state for mark in seen.marks)
    for state in (MarkState.SET, MarkState.KEPT):
        yield MARKS, {"state": state.value}, marks[state]


def _seconds(seen: View) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for step in seen.plan.root.single_steps():
        record = seen.steps.get(step.id)
        if record is None or record.started is None or record.ended is None:
            continue
        took = max(0.0, (record.ended - record.started).total_seconds())
        found[step.kind.value] = found.get(step.kind.value, 0.0) + took
    return found


def _render(samples: Iterable[Sample], unit: str) -> str:
    """Return samples as text, all of one metric together (the format wants it so)."""
    by_metric: dict[Metric, list[str]] = {}
    for metric, labels, value in samples:
        every = {"juju_unit": unit, **labels}
        pairs = ",".join(f'{name}="{_quoted(one)}"' for name, one in every.items())
        by_metric.setdefault(metric, []).append(f"{metric.name}{{{pairs}}} {float(value)!r}")
    lines: list[str] = []
    for metric, rows in by_metric.items():
        lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} gauge", *rows]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return printable.line(value).replace("\\", "\\\\").replace('"', '\\"')
