"""Faults drawn by seed: the same seed gives the same faults in the same order."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from typing import Any

from ..model.model import Model
from .faults import Faults

# Name, options, weight. Only what a careful client outlives.
_DRAWN: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("call", {"kind": "drop"}, 3),
    ("call", {"kind": "lose-reply"}, 3),
    ("call", {"kind": "late"}, 2),
    ("call", {"kind": "silence"}, 1),
    ("call", {"kind": "mute"}, 1),
    ("call", {"kind": "slow"}, 3),
    ("call", {"kind": "cut"}, 2),
    ("call", {"kind": "freeze"}, 1),
    ("call", {"kind": "stale", "facade": "Client"}, 2),
    ("call", {"kind": "echo", "facade": "Client"}, 2),
    ("call", {"kind": "refuse", "refusal": "contention"}, 1),
    ("disconnect", {}, 2),
    ("restart-controller", {}, 2),
    ("restart-agent", {}, 2),
    ("hook", {}, 2),
    ("leader", {}, 1),
)


@dataclasses.dataclass(frozen=True)
class Gust:
    """A fault of a storm; `after` is in real seconds since the storm began."""

    after: float
    name: str
    options: dict[str, Any]


def draw(seed: int, number: int, seconds: float, units: list[str]) -> list[Gust]:
    """Draw faults over a time, in order.

    Args:
        seed: the same gives the same.
        number: how many.
        seconds: real seconds over which they are spread.
        units: names of units, for faults of agents; without any there are none of those.
    """
    dice = random.Random(seed)
    times = sorted(dice.uniform(0, seconds) for _ in range(number))
    weights = [weight for _, _, weight in _DRAWN]
    gusts: list[Gust] = []
    for after in times:
        name, fixed, _ = dice.choices(_DRAWN, weights)[0]
        options = dict(fixed)
        if name in ("restart-agent", "hook", "leader"):
            if not units:
                continue
            options["unit"] = dice.choice(sorted(units))
        if name in ("call", "restart-controller"):
            options["seconds"] = round(dice.uniform(0.1, 3.0), 2)
        gusts.append(Gust(after, name, options))
    return gusts


async def blow(faults: Faults, model: Model, gusts: list[Gust]) -> None:
    """Make a storm happen; ends when the last fault has been applied."""
    begun = asyncio.get_running_loop().time()
    for gust in gusts:
        await asyncio.sleep(max(0.0, begun + gust.after - asyncio.get_running_loop().time()))
        if gust.options.get("unit", "") in ("", *model.units):  # it may have been removed
            await faults.apply(gust.name, gust.options)
