"""How long a simulated upgrade takes: engine and cloud in one process, in virtual time.

``python -m benchmarks.simulated_upgrade [--hours 10]`` upgrades the demo's cloud from ussuri to
victoria and prints one line. Durations are those of the profile ``real``, stretched so that the
run takes that many hours, or those of the demo without ``--hours``.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import pathlib
import tempfile
import time
from unittest import mock

from cou.journal.records import RunState
from juju_testbed.charms import profile as profiles

from tests.simulation import world as worlds

# What the profile `real` gives with this cloud; the run's true length is printed.
_REAL_HOURS = 4.4


def _profile(hours: float | None) -> profiles.Profile:
    if hours is None:
        return profiles.DEMO
    factor = hours / _REAL_HOURS
    kept = ("jitter", "seed")
    return dataclasses.replace(
        profiles.REAL,
        **{
            field.name: getattr(profiles.REAL, field.name) * factor
            for field in dataclasses.fields(profiles.REAL)
            if field.name not in kept
        },
    )


async def _upgrade(home: pathlib.Path) -> tuple[float, int]:
    """Return hours of virtual time, and steps."""
    world = await worlds.build(home, profile="measured")
    plan = await world.plan()
    attempt = world.create(plan)
    begun = asyncio.get_running_loop().time()
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error
    hours = (asyncio.get_running_loop().time() - begun) / 3600
    return hours, sum(1 for _ in plan.root.single_steps())


def main() -> None:
    """Run it once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float)
    options = parser.parse_args()
    chosen = {**profiles.PROFILES, "measured": _profile(options.hours)}
    with (
        tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder,
        mock.patch.dict(profiles.PROFILES, chosen),
    ):
        begun, busy = time.monotonic(), time.process_time()
        hours, steps = worlds.run(_upgrade(pathlib.Path(folder) / "home"))
        took, busy = time.monotonic() - begun, time.process_time() - busy
    print(
        f"{hours:.2f} virtual hours, {steps} steps: {took:.1f} s, {busy:.1f} s of them computing"
    )


if __name__ == "__main__":
    main()
