"""How long steps take: learnt from the runs in the journal, else a cautious guess.

Learnt on this cloud and kept with the journal. An expected duration stands outside plan and hash.
"""

from __future__ import annotations

import bisect
import datetime
import heapq
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from ..journal import Journal, rows
from ..journal.records import StepRecord, StepState
from ..kinds import ROWS, Kind
from ..openstack import origins
from ..plan.plan import Plan
from ..plan.ready_steps import ReadySteps
from ..plan.step import Step

# Of a mid-sized cloud; assumed, not measured on one.
_NEW_ORIGIN_S = 490.0
_ORIGIN, _PUT_OFF = "origin", "origin, put off"
# The action in which a new origin takes effect where an application puts restarts off.
_DEFERRED = "run-deferred-hooks"
# Below this much seen, what was seen says nothing of what was not.
_ENOUGH_S = 1.0
_OFTEN = 3  # from so many others on, they tell what a step takes


class Durations:
    """Expected durations of steps, in seconds: learnt from steps that ended, one after the other.

    What a step took is what the wall clock said, unless it went back meanwhile.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], list[float]] = {}  # by likeness, in order
        self._against: list[tuple[float, float]] = []  # what each step took, and the guess
        self._scale: float | None = 1.0  # None: it is to be worked out

    def learn(self, step: Step, record: StepRecord | None) -> None:
        """Learn from what became of a step."""
        if not (record and record.state is StepState.DONE and record.started and record.ended):
            return
        took = (record.ended - record.started).total_seconds()
        if took < 0:
            return
        self._scale = None
        self._against.append((took, guess_s(step)))
        for key in _keys(step):
            bisect.insort(self._seen.setdefault(key, []), took)

    def known(self, step: Step) -> float | None:
        """Return how long a step like this took here; None where none was seen."""
        for key in _keys(step):
            if key in self._seen:
                return _median(self._seen[key])
        return None

    def typical(self, step: Step) -> float:
        """Return how long a step is expected to take: as seen here, else a guess."""
        own, alike = _keys(step)
        if own in self._seen:
            return _median(self._seen[own])
        # One other application may be the odd one: rabbitmq-server's origin is put off.
        if len(self._seen.get(alike, ())) >= _OFTEN:
            return _median(self._seen[alike])
        if self._scale is None:
            self._scale = _scale(self._against)
        return guess_s(step) * self._scale

    def expected(
        self,
        step: Step,
        records: Mapping[str, StepRecord],
        *,
        at_once: int = 1,
        now: datetime.datetime | None = None,
    ) -> float:
        """Return how long what is left of a step or a group is expected to take.

        Args:
            at_once: how many work items run at the same time.
            now: what a running step has taken until then is not counted again.
        """

        def left_s(leaf: Step) -> float:
            record, whole = records.get(leaf.id), self.typical(leaf)
            if now and record and record.state is StepState.RUNNING and record.started:
                # A clock that was set back tells of no more than the whole.
                return min(whole, max(0.0, whole - (now - record.started).total_seconds()))
            return whole

        return makespan_s(step, _over(records), left_s, at_once=at_once)

    def longest(self, step: Step) -> float:
        """Return what a change window has to allow for a step: unknown counts as its timeout."""
        known = self.known(step)
        return known if known is not None else float(step.timeout_s)

    def longest_of(self, step: Step, over: Container[str], at_once: int) -> float:
        """Return what a change window has to allow for what is left of a step or a group.

        Args:
            at_once: how many work items run at the same time.
        """
        return makespan_s(step, over, self.longest, at_once=at_once)


def makespan_s(
    root: Step, over: Container[str], took_s: Callable[[Step], float], *, at_once: int
) -> float:
    """Return how long steps take together when each begins as soon as it may.

    Args:
        root: a step or a group; what stands beside it counts as over.
        at_once: how many work items run at the same time.
    """
    ready_steps = ReadySteps(root, over, by_need=at_once > 1, expected_s=took_s)
    running: list[tuple[float, str, tuple[Step, ...]]] = []
    busy: set[str] = set()
    now_s = 0.0
    while True:
        for item in ready_steps.ready():
            if len(running) < at_once and item.id not in busy:
                steps = tuple(step for step in item.steps if step.id not in over)
                end_s = now_s + max(map(took_s, steps))
                heapq.heappush(running, (end_s, item.id, steps))
                busy.add(item.id)
        if not running:
            return now_s
        now_s, _, steps = heapq.heappop(running)
        for step in steps:
            ready_steps.over(step.id)


def guess_s(step: Step) -> float:
    """Return how long a step takes on a mid-sized cloud, for want of anything better."""
    if _detail(step) in (_ORIGIN, _PUT_OFF):
        return _NEW_ORIGIN_S
    return ROWS[step.kind].guess_s


def learn(journal: Journal, *, for_window: bool = False) -> Durations:
    """Read what steps took in all runs of a journal.

    Args:
        for_window: something is decided by it: read the stories too, for clocks that were set.
    """

    def told(run: str) -> Mapping[str, StepRecord]:
        records = journal.steps(run)
        return _told(records, journal.clock_set_back(run)) if for_window else records

    return of_runs((rows.plan(run.plan), told(run.id)) for run in journal.runs())


def _told(
    records: Mapping[str, StepRecord],
    set_back: Sequence[tuple[datetime.datetime, datetime.datetime]],
) -> Mapping[str, StepRecord]:
    """Leave out the steps in whose time the clock may have been set back, by whatever it was.

    Args:
        set_back: where its stamps go back, the stamps before and after.
    """
    return {
        name: one
        for name, one in records.items()
        if not any(
            one.started and one.ended and one.started <= before and one.ended >= after
            for before, after in set_back
        )
    }


def of_runs(runs: Iterable[tuple[Plan, Mapping[str, StepRecord]]]) -> Durations:
    """Learn from plans and what became of their steps."""
    found = Durations()
    for plan, records in runs:
        for step in plan.root.single_steps():
            found.learn(step, records.get(step.id))
    return found


def _scale(against: Sequence[tuple[float, float]]) -> float:
    """Return how much slower a cloud is than the guesses; 1 where too little was seen.

    The middle, not the mean: one application whose steps are all odd says nothing of the others.

    Args:
        against: what each step took, and the guess.
    """
    if sum(took for took, _ in against) <= _ENOUGH_S:
        return 1.0
    # A wait that ends at once says how quiet the cloud is, not how fast.
    longest = max(guess for _, guess in against)
    return _median(sorted(took / guess for took, guess in against if guess >= longest / 20))


def _median(ordered: Sequence[float]) -> float:
    """Return the middle; `statistics` would bring fractions and decimals into every `status`."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _over(records: Mapping[str, StepRecord]) -> frozenset[str]:
    return frozenset(one.id for one in records.values() if one.state.over)


def _keys(step: Step) -> tuple[tuple[str, ...], ...]:
    """Likeness of steps, the closest first: same kind and application, same kind and detail."""
    application = step.target.split("/")[0]
    detail = _detail(step)
    kind = step.kind.value
    return ((kind, application, detail), (kind, "*", detail))


def _detail(step: Step) -> str:
    """Return what makes steps of one kind differ most: which option, or which action."""
    if step.kind is Kind.SET_CONFIG and step.params.get("key") in origins.SETTINGS:
        return _ORIGIN
    if step.params.get("action") == _DEFERRED and step.id.endswith("/after"):
        return _PUT_OFF
    return str(step.params.get("key") or step.params.get("action") or "")
