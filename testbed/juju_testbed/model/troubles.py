"""What charms do wrong on request: hooks and actions that fail, hang, lie or are held."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import fnmatch

from .charm import Outcome

FOR_EVER = -1


class Mode(enum.Enum):
    """How a hook, action or command goes wrong."""

    FAIL = "fail"  # the process ends with exit code 1 and has done nothing
    HANG = "hang"  # it never ends by itself; killing it works
    LIE = "lie"  # it ends well and has done nothing
    HOLD = "hold"  # it begins in earnest only when the wishes are cleared


@dataclasses.dataclass
class Trouble:
    """One wish.

    Attributes:
        kind: ``hook``, ``action`` or ``command``.
        unit, name: patterns; ``nova-compute/*``, ``pause``.
        left: how often it still strikes; -1 for ever.
    """

    kind: str
    unit: str
    name: str
    mode: Mode
    left: int = 1


class Troubles:
    """The wishes that are in force, the oldest first."""

    def __init__(self) -> None:
        self.wished: list[Trouble] = []
        self._held: set[asyncio.Future[None]] = set()

    def add(self, trouble: Trouble) -> None:
        """Put one in force."""
        self.wished.append(trouble)

    def clear(self) -> None:
        """Let everything go well again, also what is held; what hangs goes on hanging."""
        self.wished.clear()
        for one in self._held:
            if not one.done():
                one.set_result(None)

    async def instead(self, kind: str, unit: str, name: str) -> Outcome | None:
        """Return what happens in place of the real thing, or None for the real thing."""
        struck = self._strike(kind, unit, name)
        if struck is None:
            return None
        if struck is Mode.HANG:
            await asyncio.get_running_loop().create_future()
        if struck is Mode.HOLD:
            await self._until_cleared()
            return None
        if struck is Mode.LIE:
            return Outcome(results={"outcome": "success"} if kind == "action" else {})
        return Outcome(code=1, stderr=f"{name}: broken on request\n")

    async def _until_cleared(self) -> None:
        held = asyncio.get_running_loop().create_future()
        self._held.add(held)
        try:
            await held
        finally:
            self._held.discard(held)

    def _strike(self, kind: str, unit: str, name: str) -> Mode | None:
        for trouble in self.wished:
            fits = trouble.kind == kind and fnmatch.fnmatch(unit, trouble.unit)
            if fits and fnmatch.fnmatch(name, trouble.name):
                trouble.left -= trouble.left > 0
                if not trouble.left:
                    self.wished.remove(trouble)
                return trouble.mode
        return None
