"""One run per model: an annotation on the model names who holds it.

It is read before every change, and a foreign one stops the runner. So another unit, a workstation
and a restored snapshot of the unit's machine are kept out as far as a lease can: it narrows the
race between two that begin at the same moment (written, then read back) and cannot close it,
because Juju has no compare-and-set for annotations.

Beside the name stands the run's position: the newest line of its journal's story, and the newest
operation that was written down. It is written before every change, so a journal that lacks that
line is a copy from before, whose run would send again what was sent. The position has a key of its
own, one for each run: it can be on its way together with the question for the name, so that it
takes no time of its own, and it never takes the place of another run's name or position.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .. import concurrency, crash, untyped
from ..clock import Clock
from ..cloud import run_annotation
from ..errors import CouError, JujuError
from ..journal.records import Mark
from ..juju import resending
from ..juju.port import Juju
from ..wording import ABANDON, PLAN, UPGRADE, join
from . import after_removal

KEY = run_annotation.KEY
POSITION = "cou-position-"
"""Begins the key of a run's position."""
STALE_S = 120.0
_RENEW_S = 30.0
_LOOK_S = 10.0  # between two looks at a name that may be alive


class LeaseLost(CouError):
    """Another holder has written its name on the model."""


class LeaseJournal(Protocol):
    """What the lease asks of the journal."""

    def newest_event(self) -> tuple[int, str]:
        """Return number and stamp of the newest line."""
        ...

    def has_event(self, seq: int, at: str, /) -> bool:
        """Whether it has such a line."""
        ...

    def newest_operation(self) -> tuple[int, str]:
        """Return number and stamp of the newest operation."""
        ...

    def has_operation(self, number: int, at: str, /) -> bool:
        """Whether it has such an operation."""
        ...

    def marks(self, run: str, /) -> Sequence[Mark]:
        """Return what a run has switched, put back or not."""
        ...


class Lease:
    """This run's name on the model.

    Args:
        juju: the model.
        clock: time.
        model_uuid: the model's UUID.
        run: the run's id.
        holder: who runs it, for people: ``cou/0 of model openstack``.
        token: the fencing token.
        story: the journal; the newest line of it that was written on the model must still be
            there, or the journal is a copy from before.
        unit: the unit that runs it, for whoever looks whether there still is one; else empty.
        home: the journal's folder, for who has to move it away.
    """

    def __init__(
        self,
        juju: Juju,
        clock: Clock,
        model_uuid: str,
        run: str,
        holder: str,
        token: int,
        story: LeaseJournal,
        unit: str = "",
        home: pathlib.Path = pathlib.Path("its-folder"),
    ):
        self._home = home
        self._story = story
        self._juju = juju
        self._clock = clock
        self._tag = f"model-{model_uuid}"
        self._mine: dict[str, Any] = {"run": run, "holder": holder, "token": token}
        self._unit = unit
        self._marks: list[str] = []
        self._inherited: list[str] = []  # left by earlier runs; ours once we have set them too
        self._written: float | None = None
        self._how = (
            run_annotation.MarkUndo()
        )  # earlier runs' marks are undone, as they have written
        self._position = f"{POSITION}{run}"
        self._others: list[str] = []  # positions of earlier runs
        self._announced = -1  # the newest operation that stands on the model
        # One after the other: of two that are on their way, the older could arrive last.
        self._writing = asyncio.Lock()
        self._held = False  # between `take` and `release`: it is renewed
        self._stands = False  # the model says that this run goes on, as far as we know

    async def take(self, every: Mapping[str, str], *, for_good: bool = False) -> None:
        """Write the name, and read it back.

        Args:
            every: the model's annotations, as `await_free` has found them just now.
            for_good: only to end the run: that can be done with an old journal too. The marks of
                which it does not know stay on the model, for the next plan to find.

        Raises:
            LeaseLost: another run is alive on this model, or this one has gone on elsewhere: its
                journal is a copy from before.
        """
        found = run_annotation.load(every.get(KEY, ""))
        own = found.get("run") == self._mine["run"]
        old = self._is_old(every)
        if old and not for_good:
            raise self._old(found)
        # Which of the marks an old journal knows, it shows first (`show_marks`).
        self._read(every, "inherited" if own and not old else "marks")
        self._held = self._stands = True
        await self._write()
        found = await read(self._juju, self._tag)
        if not self._is_mine(found):
            raise self._lost(found)

    def _read(self, every: Mapping[str, str], inherited: str) -> None:
        """Take over what stands on the model; `inherited` is the key of earlier runs' marks."""
        found = run_annotation.load(every.get(KEY, ""))
        self._inherited = [*run_annotation.names(found, inherited)]
        self._how = run_annotation.mark_undo(found)
        marks = run_annotation.names(found, "marks")
        self._marks = [mark for mark in marks if mark not in self._inherited]
        self._others = [key for key in every if key.startswith(POSITION) and key != self._position]

    async def await_free(self) -> Mapping[str, str]:
        """Return the model's annotations, once no other run is seen to be alive.

        A name that was renewed a moment ago is alive. Any other may be too, since its stamp is of
        another machine's clock: it is watched for as long as a living one is renewed within.

        Raises:
            LeaseLost: another run is alive on this model.
        """
        watched = 0.0
        every = await self._juju.annotations(self._tag)
        first = run_annotation.load(every.get(KEY, ""))
        while self._is_anothers(found := run_annotation.load(every.get(KEY, ""))):
            if found != first or self._is_fresh(found):
                raise self._lost(found)
            if watched >= STALE_S:
                break
            await self._clock.sleep(_LOOK_S)
            watched += _LOOK_S
            every = await self._juju.annotations(self._tag)
        return every

    async def check_journal_is_current(self) -> None:
        """Make sure, before anything is decided from it, that the journal is no copy from before.

        Raises:
            LeaseLost: it is.
        """
        every = await self._juju.annotations(self._tag)
        if self._is_old(every):
            raise self._old(run_annotation.load(every.get(KEY, "")))

    def _is_old(self, every: Mapping[str, str]) -> bool:
        """Whether the model knows more of this run than the journal does."""
        found = run_annotation.load(every.get(KEY, ""))
        if not self._knows(run_annotation.load(every.get(self._position, ""))):
            return True
        if found.get("run") != self._mine["run"]:
            return False
        return _token(found) > _token(self._mine) or not self._knows(found)

    def _old(self, found: Mapping[str, Any]) -> LeaseLost:
        return LeaseLost(
            "journal-old",
            f"The journal is older than its run {self._mine['run']}, which went on until "
            f"{found.get('renewed', '-')}: a copy was put back.",
            join(
                "Put the newest journal back and run `",
                UPGRADE,
                "`. If it is lost, run `",
                ABANDON,
                "`: it ends the run. Or move this one away with its folder, then run `",
                PLAN,
                "`, which finds what the run has left: "
                + shlex.join(["sudo", "mv", str(self._home), f"{self._home}.aside"]),
            ),
        )

    async def check(self) -> None:
        """Make sure before a change that the name and position are ours; write the new position.

        Both are on their way at the same time. Now and then the name is renewed.

        Raises:
            LeaseLost: it is not.
        """
        look = concurrency.begin_task(self._look(), "look whose name it is")
        announce = concurrency.begin_task(self._announce(), "write the position")
        try:
            await asyncio.wait([look, announce])
        finally:
            await concurrency.end_tasks(look, announce)
        every = look.result()
        found = run_annotation.load(every.get(KEY, ""))
        if self._is_old(every):  # as in a machine that was restored as it ran, with its memory
            raise self._old(found)
        if not self._is_mine(found):
            raise self._lost(found)
        announce.result()
        now = self._clock.monotonic()
        if self._written is None or now - self._written >= _RENEW_S:
            await self._write()

    async def _look(self) -> Mapping[str, str]:
        return await self._juju.annotations(self._tag)

    async def _announce(self) -> None:
        """Write the position, unless somebody just did who came later."""
        wanted, _ = self._story.newest_operation()
        async with self._writing:
            if self._announced >= wanted:
                return
            number, at = self._story.newest_operation()
            position = {"told": self._story.newest_event(), "sent": (number, at)}
            await self._annotate({self._position: json.dumps(position)})
            self._announced = number

    async def keep(self) -> None:
        """Renew the name for ever, also while steps only wait; whoever ends the run cancels this.

        A name that is lost is left to the next change: there the run stops for it.
        """
        while True:
            await self._clock.sleep(_RENEW_S)
            with contextlib.suppress(JujuError, LeaseLost):
                if self._held:
                    await self.check()

    async def show_marks(self, marks: Sequence[str]) -> None:
        """Write which marks are set, so that they can be found without the journal."""
        if list(marks) != self._marks:
            self._marks = list(marks)
            self._inherited = [mark for mark in self._inherited if mark not in marks]
            await self._write()

    async def release(self, state: str) -> None:
        """Say that nothing runs; remove the name where nothing is left switched.

        Where the name was written, and until Juju has taken it; one that another has put there
        meanwhile is left alone.
        """
        if not self._stands:
            return
        self._held = False
        if self._is_mine(await read(self._juju, self._tag)):
            await self._say(state)
        self._stands = False

    async def release_for_runner(self, state: str) -> None:
        """Say that nothing runs, in place of a runner of this run that could not say so.

        Whoever calls this knows that no such runner is left. A name that another run or a later
        attempt has put there meanwhile is left alone, and so is one that says it already.

        Args:
            state: of the run.
        """
        every = await self._juju.annotations(self._tag)
        found = run_annotation.load(every.get(KEY, ""))
        own = found.get("run") == self._mine["run"] and found.get("state") == "running"
        if not own or self._is_old(every):
            return
        self._mine |= {key: found[key] for key in self._mine if key in found}
        self._read(every, "inherited")
        self._marks = list(after_removal.undo_texts(self._story.marks(self._mine["run"])))
        await self._say(state)

    async def _say(self, state: str) -> None:
        """Say that nothing runs; remove the name where nothing is left switched."""
        if self._marks or self._inherited or state not in ("completed", "abandoned"):
            await self._write(state)
        else:
            async with self._writing:
                gone = (KEY, self._position, *self._others)
                await self._annotate(dict.fromkeys(gone, ""))

    async def _write(self, state: str = "running") -> None:
        async with self._writing:
            marks = [*self._marks, *self._inherited]
            value = {
                **self._mine,
                "unit": self._unit,
                "state": state,
                "marks": marks,
                "inherited": self._inherited,
                **self._undone(marks),
                "told": self._story.newest_event(),
                "renewed": self._clock.now().isoformat(timespec="seconds"),
            }
            await self._annotate({KEY: json.dumps(value)})
            self._written = self._clock.monotonic()

    def _undone(self, marks: Sequence[str]) -> Mapping[str, Any]:
        """Return how marks are undone: for people, and what that was made of."""
        own = self._story.marks(str(self._mine["run"]))
        undo = {**self._how.undo, **after_removal.undo_texts(own)}
        data = {**self._how.data, **{mark.id: dict(mark.data) for mark in own}}
        return {
            "undo": {mark: undo[mark] for mark in marks if mark in undo},
            "data": {mark: data[mark] for mark in marks if mark in data},
        }

    async def _annotate(self, values: Mapping[str, str]) -> None:
        async def send() -> None:
            crash.reach("juju/annotate/before")
            await self._juju.set_annotations(self._tag, values)
            crash.reach("juju/annotate/after")

        await resending.until_answered(send, self._clock.sleep)

    def _knows(self, found: Mapping[str, Any]) -> bool:
        """Whether the journal has what stands on the model of its story and its operations."""
        told, sent = _line(found.get("told")), _line(found.get("sent"))
        return (told is None or self._story.has_event(*told)) and (
            sent is None or sent[0] == 0 or self._story.has_operation(*sent)
        )

    def _is_mine(self, found: Mapping[str, Any]) -> bool:
        return all(found.get(key) == value for key, value in self._mine.items())

    def _is_anothers(self, found: Mapping[str, Any]) -> bool:
        return found.get("run") != self._mine["run"] and found.get("state") == "running"

    def _is_fresh(self, found: Mapping[str, Any]) -> bool:
        """Whether a name was renewed a moment ago, if its clock is right; else nothing is said."""
        try:
            renewed = datetime.datetime.fromisoformat(str(found.get("renewed")))
        except ValueError:
            return False
        if renewed.tzinfo is None:  # by other hands: whose time it is cannot be told
            return False
        return abs((self._clock.now() - renewed).total_seconds()) < STALE_S

    def _lost(self, found: Mapping[str, Any]) -> LeaseLost:
        holder = found.get("holder", "nobody")
        return LeaseLost(
            "model-held",
            run=found.get("run", "-"),
            holder=holder,
            renewed=found.get("renewed", "never"),
            minutes=f"{STALE_S / 60:.0f}",
        )


async def read(juju: Juju, tag: str) -> Mapping[str, Any]:
    """Read the annotation of a model; empty where there is none or it is not ours to read."""
    return run_annotation.load((await juju.annotations(tag)).get(KEY, ""))


def _line(found: Any) -> tuple[int, str] | None:
    """Read number and stamp; None where it is not of that form, or of a version without them."""
    pair = untyped.as_list(found)
    if pair is None or len(pair) != 2 or not isinstance(pair[1], str) or not pair[1].isascii():
        return None
    number = _whole(pair[0])
    return None if number is None else (number, pair[1])


def _token(found: Mapping[str, Any]) -> int:
    return _whole(found.get("token")) or 0


def _whole(found: Any) -> int | None:
    """Return a number that a journal may hold; None for anything else."""
    number = isinstance(found, int) and not isinstance(found, bool)
    return found if number and 0 <= found < 1 << 63 else None
