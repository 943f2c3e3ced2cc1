"""Faults of the network and of the controller, put in force while everything runs."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import fnmatch
import json
from typing import Any

from .errors import WireError
from .faults import Faults, Link, Seen, Verdict

# What a controller says while it cannot do what is asked: text and code.
REFUSALS = {
    "upgrading": ("upgrade in progress", "upgrade in progress"),
    "migrating": ("model migration in progress", "model migration in progress"),
    "denied": ("permission denied", "unauthorized access"),
    "contention": ("state changing too quickly; try again soon", "excessive contention"),
}


class Kind(enum.Enum):
    """What goes wrong with a call."""

    DROP = "drop"  # the connection is cut, and the call had no effect
    LOSE_REPLY = "lose-reply"  # the connection is cut, and the call had its effect
    SILENCE = "silence"  # no answer and no effect; other calls go on
    MUTE = "mute"  # no answer, though it had its effect; other calls go on
    SLOW = "slow"  # answered `seconds` later
    LATE = "late"  # the connection is cut, and the call has its effect `seconds` later
    CUT = "cut"  # the connection is cut in the middle of the answer's frame
    FREEZE = "freeze"  # nothing more is read from the connection for `seconds`
    REFUSE = "refuse"  # an error of the controller, see REFUSALS, and no effect
    STALE = "stale"  # the answer is the one that the same call got first, `seconds` ago or more
    ECHO = "echo"  # the answer is once more the last one that the same call got


@dataclasses.dataclass
class Rule:
    """One wish; what it does not name, it strikes whatever it is.

    Attributes:
        facade, method, user: patterns: ``Action``, ``Set*``.
        seconds: real seconds, for the kinds that take some.
        refusal: key of REFUSALS.
        left: how often it still strikes; -1 for ever.
    """

    kind: Kind
    facade: str = "*"
    method: str = "*"
    user: str = "*"
    seconds: float = 1.0
    refusal: str = "upgrading"
    left: int = 1

    def fits(self, seen: Seen) -> bool:
        """Tell whether a call is one of those meant; logging in never is, unless it is named."""
        if seen.facade in ("Admin", "Pinger", "Testbed") and self.facade == "*":
            return False
        pairs = ((seen.facade, self.facade), (seen.method, self.method), (seen.user, self.user))
        return all(fnmatch.fnmatch(value, pattern) for value, pattern in pairs)


_BEFORE = {
    Kind.DROP: Verdict.DROP,
    Kind.SILENCE: Verdict.SILENCE,
    Kind.LATE: Verdict.LATE,
}
_AFTER = {Kind.LOSE_REPLY: Verdict.DROP, Kind.MUTE: Verdict.SILENCE, Kind.CUT: Verdict.CUT}


class Breakage(Faults):
    """The wishes in force; nothing goes wrong without one.

    Attributes:
        rules: oldest first; each call meets the first that fits.
        struck: (kind, facade, method) of every call that met one.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.struck: list[tuple[str, str, str]] = []
        self._first: dict[str, dict[str, Any]] = {}
        self._last: dict[str, dict[str, Any]] = {}

    def add(self, rule: Rule) -> None:
        """Put a wish in force."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Let everything pass again."""
        self.rules.clear()

    def _take(self, seen: Seen, kinds: set[Kind]) -> Rule | None:
        for rule in self.rules:
            if rule.kind in kinds and rule.fits(seen):
                rule.left -= rule.left > 0
                if not rule.left:
                    self.rules.remove(rule)
                self.struck.append((rule.kind.value, seen.facade, seen.method))
                return rule
        return None

    async def before(self, seen: Seen) -> Verdict:
        """Strike calls that have not had their effect."""
        rule = self._take(seen, {*_BEFORE, Kind.SLOW, Kind.FREEZE, Kind.REFUSE})
        if rule is None:
            return Verdict.PASS
        if rule.kind is Kind.SLOW:
            await asyncio.sleep(rule.seconds)
        if rule.kind is Kind.FREEZE:
            _freeze(seen.link, rule.seconds)
        if rule.kind is Kind.REFUSE:
            raise WireError(*REFUSALS[rule.refusal])
        self.late_s = rule.seconds
        return _BEFORE.get(rule.kind, Verdict.PASS)

    async def after(self, seen: Seen) -> Verdict:
        """Strike answers."""
        rule = self._take(seen, set(_AFTER))
        return _AFTER[rule.kind] if rule else Verdict.PASS

    def reply(self, seen: Seen, response: dict[str, Any]) -> dict[str, Any]:
        """Give an older answer where one is wished for; remember this one."""
        if seen.facade != "Client":  # of everything else, old answers are of no interest
            return response
        key = json.dumps([seen.method, seen.params], sort_keys=True)
        first = self._first.setdefault(key, response)
        last = self._last.get(key, response)
        self._last[key] = response
        rule = self._take(seen, {Kind.STALE, Kind.ECHO})
        if rule is None:
            return response
        return first if rule.kind is Kind.STALE else last


def _freeze(link: Link, seconds: float) -> None:
    link.freeze()
    asyncio.get_running_loop().call_later(seconds, link.thaw)
