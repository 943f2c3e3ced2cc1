"""``python -m tests.proof.stopped``: processes that stand still for longer than half a minute.

A run with real processes goes on over TLS from a step of the small cloud's chronicle. At a random
moment the kernel stops (SIGSTOP) its runner, or the runner and its supervisor, or all of it and
the testbed too, as a suspended machine does; 31 to 45 s later they go on (SIGCONT). Then the run
gets on or ends with a cause, also where somebody cancels; a cancel is acknowledged and drains;
what `status` shows is so; `upgrade` finishes; and the judge finds nothing in the log. Stories
mostly sleep, so several are lived through side by side. The exit code is 1 on any violation.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import enum
import json
import multiprocessing
import os
import pathlib
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from cou.errors import CouError
from cou.journal import Journal
from cou.journal.records import Limit, RunState
from cou.process import heartbeat, locks
from juju_testbed.charms import profile

from tests.processes.conftest import state_of

from . import chronicle, crew, harness, real

# Long enough for most moments to lie within a step.
_SLOW = dataclasses.replace(profile.INSTANT, upgrade=0.6, pause=0.3, hook=0.15)
_SHORTEST_S, _LONGEST_S = 31.0, 45.0
# Nothing in this cloud takes longer than a second: a run that has not moved by then stands.
_PATIENCE_S = 120.0
_WHOLE_S = 900.0  # the whole run, on a busy machine
_ACKNOWLEDGED_S = 2.0
# How long after it fell silent a runner is called so at the latest: its supervisor looks often.
_TOLD_S = heartbeat.SILENT_AFTER_S + 3.0
_GOING = {RunState.STARTING, RunState.RUNNING, RunState.DRAINING, RunState.WAITING}
_STANDS_STILL = """
import os, signal, sys, time
for sent in (signal.SIGSTOP, signal.SIGCONT):
    for pid in map(int, sys.argv[2:]):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            pass
    time.sleep(float(sys.argv[1]) if sent is signal.SIGSTOP else 0)
"""


class Who(enum.Enum):
    """Which processes stand still."""

    RUNNER = "runner"
    PAIR = "runner and supervisor"
    ALL = "everything"


class Then(enum.Enum):
    """What becomes of the attempt."""

    LEFT = "left alone"
    LIMITED = "ends after its step"
    CANCEL = "cancelled afterwards"
    MEANWHILE = "cancelled meanwhile"  # where everything stands still: just before


@dataclasses.dataclass(frozen=True)
class Stop:
    """One stop: after so much work, for so long; a cancel comes so long after it."""

    who: Who
    then: Then
    work_s: float
    still_s: float
    cancel_s: float


@dataclasses.dataclass
class Told:
    """What came of a story, and where it began: the number of a step.

    Attributes:
        ends: how each stop went on.
        drained_s: from each cancel, or since a run that was to end went on, to its end.
        acknowledged_s: how long each cancel took.
        refused: how many were not acknowledged, since a process had the journal in its hand.
    """

    at: int
    ends: list[str] = dataclasses.field(default_factory=list)
    drained_s: list[float] = dataclasses.field(default_factory=list)
    acknowledged_s: list[float] = dataclasses.field(default_factory=list)
    refused: int = 0
    broken: list[str] = dataclasses.field(default_factory=list)


class Story:
    """Several stops of one run."""

    def __init__(self, one: real.Site, told: Told):
        self._one, self._told = one, told
        self._control = one.operator.control

    def live(self, stops: list[Stop]) -> None:
        """Stop and go on, again and again, then finish."""
        for stop in stops:
            if not self._get_to_work(stop):
                return
            self._told.ends.append(f"{stop.who.value}, {stop.then.value}: {self._stop(stop)}")
            self._one.check_ledger()
            if self._one.broken or self._asks():
                return
        self._finish()

    def _get_to_work(self, stop: Stop) -> bool:
        """Have a step run for a little; whether that was possible before the run's end."""
        limited = stop.then is Then.LIMITED
        if limited and self._goes_on():  # what goes on already is not limited
            self._control.cancel()
            self._end()
        while self._goes_on() or self._control.view().state is not RunState.COMPLETED:
            if not self._goes_on():
                self._one.upgrade(Limit("step", 1) if limited else Limit())
            self._one.operator.await_that(
                lambda: self._control.view().running or not self._goes_on(), _PATIENCE_S
            )
            time.sleep(stop.work_s)
            if self._goes_on() and len(self._one.operator.pids()) == 2:
                return True
        return False

    def _goes_on(self) -> bool:
        """Whether the newest attempt has not ended, or left a process behind."""
        return self._control.view().state in _GOING or bool(self._one.operator.pids())

    def _stop(self, stop: Stop) -> str:
        before = self._position()
        if stop.who is Who.ALL:
            entries = self._cancel() if stop.then is Then.MEANWHILE else None
            self._stand_still(stop)
        else:
            entries = self._stand_beside(stop)
        if stop.then is Then.CANCEL:
            time.sleep(stop.cancel_s)
            entries = self._cancel()
        if entries is None and stop.then is Then.LEFT:
            return self._gets_on(before)
        began = time.monotonic()
        end = self._end()
        self._told.drained_s.append(time.monotonic() - began)
        if entries is not None:
            names, since = entries
            asked = self._one.cloud.model.log.entries[since:]
            self._one.broken += harness.after_cancel(asked, names)
        return end

    def _stand_still(self, stop: Stop) -> None:
        """Have this process, which is the testbed too, stand still with the run's."""
        pids = [*self._one.operator.pids(), os.getpid()]
        command = [sys.executable, "-c", _STANDS_STILL, str(stop.still_s), *map(str, pids)]
        subprocess.run(command, check=True)

    def _stand_beside(self, stop: Stop) -> tuple[set[str], int] | None:
        """Have the run's processes stand still; look, and cancel, meanwhile."""
        place, entries = self._one.operator.place, None
        held = [locks.holder(place.runner_lock)]
        if stop.who is Who.PAIR:
            held.append(locks.holder(place.supervisor_lock))
        pids = [pid for pid in held if pid]
        deadline = time.monotonic() + stop.still_s
        _send(pids, signal.SIGSTOP)
        try:
            if stop.then is Then.MEANWHILE:
                time.sleep(random.Random(stop.work_s).uniform(0, stop.still_s))
                entries = self._cancel_meanwhile()
            time.sleep(max(0.0, deadline - time.monotonic()))
            if pids and state_of(pids[0]) == "T":  # else it had come to its end
                self._see_silence(stop)
        finally:
            _send(pids, signal.SIGCONT)
        if stop.then is Then.MEANWHILE and entries is None and self._goes_on():
            entries = self._cancel()
        return entries

    def _cancel_meanwhile(self) -> tuple[set[str], int] | None:
        """Cancel; where a process stands still with the journal in its hand, that is refused."""
        try:
            return self._cancel()
        except CouError as error:
            if error.code != "cancel-not-acknowledged" or "force=true" not in error.remedy:
                raise
            self._told.refused += 1
            return None

    def _see_silence(self, stop: Stop) -> None:
        """A run whose processes are there is not shown as ended, nor a silent runner as well."""
        seen = self._control.view()
        if seen.state not in _GOING:
            self._one.broken.append(f"while it stood still it was shown as {seen.state.value}")
        alone = stop.who is Who.RUNNER
        if alone and stop.still_s >= _TOLD_S and seen.silent_since is None:
            self._one.broken.append(f"it was not told that the runner hangs: {stop.still_s:.1f} s")

    def _cancel(self) -> tuple[set[str], int] | None:
        """Cancel; return the names of what was running, and how long the log was then."""
        began = time.monotonic()
        answer = self._control.cancel()
        took_s = time.monotonic() - began
        self._told.acknowledged_s.append(took_s)
        if took_s > _ACKNOWLEDGED_S:
            self._one.broken.append(f"the cancel took {took_s:.1f} s")
        if answer.state is not RunState.DRAINING:
            ended = answer.state in (RunState.COMPLETED, RunState.FAILED, RunState.STOPPED)
            if not ended:
                self._one.broken.append(f"a cancel was answered so: {answer.message}")
            return None
        targets = {step["target"] for step in answer.running}
        names = targets | {target.split("/")[0] for target in targets}
        return names, len(self._one.cloud.model.log.entries)

    def _gets_on(self, before: tuple[object, ...]) -> str:
        """Wait until the run gets on or has ended; return which."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._goes_on():
            if self._position() != before and self._control.view().silent_since is None:
                return "went on"
            if time.monotonic() > deadline:
                self._one.broken.append(f"it neither went on nor ended: {self._log()}")
                return "stood"
            time.sleep(0.05)
        return self._end()

    def _position(self) -> tuple[object, ...]:
        seen = self._control.view()
        return tuple((step.id, step.state) for step in seen.steps.values())

    def _end(self) -> str:
        """Wait for the attempt's end; return how it ended, which must be told with a cause."""
        began = time.monotonic()
        while self._goes_on():
            if time.monotonic() - began > _PATIENCE_S:
                self._one.broken.append(f"the attempt does not end: {self._log()}")
                return "did not end"
            time.sleep(0.05)
        seen = self._control.view()
        if seen.running:
            self._one.broken.append("it has ended, and a step is shown as running")
        if seen.state in (RunState.COMPLETED, RunState.STOPPED):
            return seen.state.value
        caused = seen.state is RunState.FAILED and seen.error and seen.remedy
        if not caused:
            self._one.broken.append(f"it ended {seen.state.value}: {seen.error}; {self._log()}")
        return f"{seen.state.value}: {seen.error}"

    def _finish(self) -> None:
        """Go on without a stop; `upgrade` alone finishes the job."""
        if self._end() == RunState.COMPLETED.value or self._one.broken or self._asks():
            return
        self._one.upgrade(Limit())
        self._one.operator.wait(*(set(RunState) - _GOING), timeout_s=_WHOLE_S)
        end = self._end()
        if end != RunState.COMPLETED.value and not self._asks():
            self._one.broken.append(f"upgrade did not finish: {end}")

    def _asks(self) -> bool:
        """Whether it rests with a question; that it had to ask is looked at in virtual time."""
        journal = Journal(self._one.operator.place.home)
        try:
            run = journal.current()
        finally:
            journal.close()
        return run is not None and run.error.code == "needs-operator"

    def _log(self) -> str:
        return self._one.operator.log()[-1500:]


def _send(pids: list[int], sent: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)


def live(path: str, at: int, stops: list[Stop]) -> Told:
    """Live through one story in this process.

    Args:
        path: where the chronicle was kept.
        at: before which of its steps the story begins.
        stops: one after the other.
    """
    book, told = chronicle.read(pathlib.Path(path)), Told(at)
    try:
        with real.site(book.before[at]) as one:
            charm = one.cloud.model.store.charm
            charm._place = dataclasses.replace(charm.place, profile=_SLOW)
            Story(one, told).live(stops)
        told.broken += one.broken or real.judged(book, one)
    except AssertionError as error:
        told.broken.append(f"{error}")
    except CouError as error:
        told.broken.append(f"{error.code}: {error}")
    return told


def deal(count: int, seed: int, who: list[Who], thens: list[Then]) -> list[Stop]:
    """Return so many stops: each way to stop and to go on about equally often, in random order."""
    dice = random.Random(seed)
    ways = [(one, then) for one in who for then in thens]
    dealt = (ways * (count // len(ways) + 1))[:count]
    dice.shuffle(dealt)
    return [
        Stop(
            one,
            then,
            dice.uniform(0.0, 0.2 if then is Then.LIMITED else 3.0),
            dice.uniform(_SHORTEST_S, _LONGEST_S),
            dice.choice((0.0, dice.uniform(0.0, 2.0))),
        )
        for one, then in dealt
    ]


def every(dealt: list[Stop], at_once: int) -> Iterator[Told]:
    """Live through stories of three stops each, side by side."""
    if str(crew._TOP) not in sys.path:  # the other processes import by name
        sys.path.append(str(crew._TOP))
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "book"
        steps = len(chronicle.keep(path).before)
        stories = [dealt[n : n + 3] for n in range(0, len(dealt), 3)]
        # From all over the run, with enough of it left for three stops.
        begins = [n * (steps - 20) // len(stories) for n in range(len(stories))]
        with concurrent.futures.ProcessPoolExecutor(at_once, mp_context=context) as pool:
            asked = [
                pool.submit(live, str(path), at, stops)
                for at, stops in zip(begins, stories, strict=True)
            ]
            for done in concurrent.futures.as_completed(asked):
                yield done.result()


def main() -> int:
    """Stop and go on; print a line for each story and the figures."""
    parser = argparse.ArgumentParser(prog="tests.proof.stopped", description=__doc__)
    parser.add_argument("--stops", type=int, default=24, help="how many in all")
    parser.add_argument("--at-once", type=int, default=8, help="stories side by side")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--who", nargs="+", choices=[one.value for one in Who], help="only these")
    parser.add_argument("--then", nargs="+", choices=[one.value for one in Then], help="the same")
    given = parser.parse_args()
    who = [one for one in Who if not given.who or one.value in given.who]
    thens = [one for one in Then if not given.then or one.value in given.then]
    begun, found = time.monotonic(), list[Told]()
    dealt = deal(given.stops, given.seed, who, thens)
    for told in every(dealt, given.at_once):
        print(json.dumps(dataclasses.asdict(told)), flush=True)
        found.append(told)
    ends = collections.Counter(end.split(": ")[1] for told in found for end in told.ends)
    print(
        json.dumps(
            {
                "python": platform.python_version(),
                "stops": sum(ends.values()),
                "ends": ends,
                "longest-to-end-s": _longest(s for told in found for s in told.drained_s),
                "cancels": sum(len(told.acknowledged_s) for told in found),
                "cancels-refused": sum(told.refused for told in found),
                "longest-cancel-s": _longest(s for told in found for s in told.acknowledged_s),
                "violations": sum(len(told.broken) for told in found),
                "took-s": round(time.monotonic() - begun),
            }
        )
    )
    return 1 if any(told.broken for told in found) else 0


def _longest(seconds: Iterator[float]) -> float:
    return round(max(seconds, default=0.0), 2)


if __name__ == "__main__":
    sys.exit(main())
