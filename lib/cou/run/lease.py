"""One run per model: an annotation on the model names who holds it.

It is read before every change, and a foreign one stops the runner. So another unit, a workstation
and a restored snapshot of the unit's machine are kept out as far as a lease can: it narrows the
race between two that begin at the same moment (written, then read back) and cannot close it,
because Juju has no compare-and-set for annotations.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..cloud import annotation
from ..errors import CouError, JujuError
from ..juju import repeat
from ..juju.port import Juju
from . import crash
from .clock import Clock

KEY = annotation.KEY
STALE_S = 120.0
_RENEW_S = 30.0


class LeaseLost(CouError):
    """Another holder has written its name on the model."""


class Story(Protocol):
    """What the lease asks of the journal."""

    def newest_event(self) -> tuple[int, str]:
        """Return number and stamp of the newest line."""
        ...

    def has_event(self, seq: int, at: str, /) -> bool:
        """Whether it has such a line."""
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
    """

    def __init__(
        self,
        juju: Juju,
        clock: Clock,
        model_uuid: str,
        run: str,
        holder: str,
        token: int,
        story: Story,
    ):
        self._story = story
        self._juju = juju
        self._clock = clock
        self._tag = f"model-{model_uuid}"
        self._mine = {"run": run, "holder": holder, "token": token}
        self._marks: list[str] = []
        self._inherited: list[str] = []  # left by earlier runs; ours once we have set them too
        self._written: float | None = None

    async def take(self) -> None:
        """Write the name, and read it back.

        Raises:
            LeaseLost: another run is alive on this model, or this one has gone on elsewhere: its
                journal is a copy from before.
        """
        found = await read(self._juju, self._tag)
        if found and not self._is_mine(found) and self._is_alive(found):
            raise self._lost(found)
        if found.get("run") == self._mine["run"] and _token(found) > _token(self._mine):
            raise self._lost(found)
        own = found.get("run") == self._mine["run"]
        if own and not self._told(found):
            raise LeaseLost(
                "journal-old",
                f"The journal is older than its run {self._mine['run']}, which went on until "
                f"{found.get('renewed', '-')}: a copy was put back.",
                "Put the newest journal back, or move this one away and run plan: it finds what "
                "the run has left.",
            )
        self._inherited = [*annotation.names(found, "inherited" if own else "marks")]
        every = annotation.names(found, "marks")
        self._marks = [mark for mark in every if mark not in self._inherited]
        await self._write()
        found = await read(self._juju, self._tag)
        if not self._is_mine(found):
            raise self._lost(found)

    async def check(self) -> None:
        """Make sure before a change that the name is still there; renew it now and then.

        Raises:
            LeaseLost: it is not.
        """
        found = await read(self._juju, self._tag)
        if not self._is_mine(found):
            raise self._lost(found)
        now = self._clock.monotonic()
        if self._written is None or now - self._written >= _RENEW_S:
            await self._write()

    async def keep(self) -> None:
        """Renew the name for ever, also while steps only wait; whoever ends the run cancels this.

        A name that is lost is left to the next change: there the run stops for it.
        """
        while True:
            await self._clock.sleep(_RENEW_S)
            with contextlib.suppress(JujuError, LeaseLost):
                await self.check()

    async def show_marks(self, marks: Sequence[str]) -> None:
        """Write which marks are set, so that they can be found without the journal."""
        if list(marks) != self._marks:
            self._marks = list(marks)
            self._inherited = [mark for mark in self._inherited if mark not in marks]
            await self._write()

    async def release(self, state: str) -> None:
        """Say that nothing runs; remove the name where nothing is left switched."""
        if self._marks or self._inherited or state not in ("completed", "abandoned"):
            await self._write(state)
        else:
            await self._annotate("")

    async def _write(self, state: str = "running") -> None:
        value = {
            **self._mine,
            "state": state,
            "marks": [*self._marks, *self._inherited],
            "inherited": self._inherited,
            "told": self._story.newest_event(),
            "renewed": self._clock.now().isoformat(timespec="seconds"),
        }
        await self._annotate(json.dumps(value))
        self._written = self._clock.monotonic()

    async def _annotate(self, value: str) -> None:
        async def send() -> None:
            crash.reach("juju/annotate/before")
            await self._juju.set_annotations(self._tag, {KEY: value})
            crash.reach("juju/annotate/after")

        await repeat.until_answered(send, self._clock.sleep)

    def _told(self, found: Mapping[str, Any]) -> bool:
        """Whether the line of the story that stands on the model is in this journal."""
        told = found.get("told")
        if not isinstance(told, list) or len(told) != 2:  # pyright: ignore[reportUnknownArgumentType]
            return True  # written by a version that did not tell
        seq, at = told  # pyright: ignore[reportUnknownVariableType]
        return self._story.has_event(int(seq), str(at))  # pyright: ignore[reportUnknownArgumentType]

    def _is_mine(self, found: Mapping[str, Any]) -> bool:
        return all(found.get(key) == value for key, value in self._mine.items())

    def _is_alive(self, found: Mapping[str, Any]) -> bool:
        if found.get("run") == self._mine["run"] or found.get("state") != "running":
            return False
        try:
            renewed = datetime.datetime.fromisoformat(str(found.get("renewed")))
        except ValueError:
            return False
        return (self._clock.now() - renewed).total_seconds() < STALE_S

    def _lost(self, found: Mapping[str, Any]) -> LeaseLost:
        holder = found.get("holder", "nobody")
        return LeaseLost(
            "model-held",
            f"The model is held by run {found.get('run', '-')} of {holder} "
            f"(renewed {found.get('renewed', 'never')}).",
            "Look at that run first; two runs on one model would work against each other.",
        )


async def read(juju: Juju, tag: str) -> Mapping[str, Any]:
    """Read the annotation of a model; empty where there is none or it is not ours to read."""
    return annotation.load((await juju.annotations(tag)).get(KEY, ""))


def _token(found: Mapping[str, Any]) -> int:
    token = found.get("token", 0)
    return token if isinstance(token, int) else 0
