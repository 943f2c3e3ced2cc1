"""``python -m benchmarks``: all figures of docs/reference/performance.md, as JSON and pictures.

What is measured in virtual time comes first; what depends on the machine comes last.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
from typing import Any

from . import actions, growth, picture, processes, reading, runs, small

_HERE = pathlib.Path(__file__).parent
_IMAGES = _HERE.parent / "docs" / "reference" / "images"


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=_HERE / "results.json")
    parser.add_argument("--images", type=pathlib.Path, default=_IMAGES)
    given = parser.parse_args()
    found: dict[str, Any] = {"python": sys.version.split()[0]}
    clouds = runs.Clouds.make()
    found["runs"] = [_say(runs.upgrade(clouds.large, at_once)) for at_once in (1, 4, 16)]
    found["zones"] = [_say(runs.upgrade(clouds.zones, at_once)) for at_once in (1, 4)]
    found["batches"] = [_say(runs.upgrade(clouds.zones, 4, batch=n)) for n in (1, 2, 3)]
    found["rolling"] = _say(runs.upgrade(clouds.small_ha, 1, strategy="rolling"))
    found["together"] = _say(runs.upgrade(clouds.small_ha, 1))
    found["estimates"] = [
        _say(row) for profile in ("real", "demo") for row in runs.estimates(clouds.large, profile)
    ]
    found["rounds"] = [
        _say(reading.rounds(applications, units, latency_ms))
        for applications, units in ((20, 200), (60, 600), (200, 2000))
        for latency_ms in (0, 5, 20, 100)
    ]
    found["memory"] = [
        _say(reading.planned_mb(*size)) for size in ((20, 200), (200, 2000), (500, 10000))
    ]
    found["load"] = os.getloadavg()
    found["wire"] = [_say(reading.against_wire(*size)) for size in ((20, 200), (200, 2000))]
    found["step"] = _say(small.step())
    found["growth"] = _say(growth.growth())
    found["imports"] = _say(small.imports())
    found["idle"] = _say(processes.idle())
    found["signals"] = _say(processes.signals())
    found["actions"] = [_say(row) for row in actions.measure()]
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(found, given.images)


def draw(found: dict[str, Any], images: pathlib.Path) -> None:
    """Draw the pictures of some figures."""
    images.mkdir(parents=True, exist_ok=True)
    hours = [
        (f"{name}, {one['at-once']} at once", one["wall-s"] / 3600)
        for name, key in (("74 applications", "runs"), ("6 hypervisors", "zones"))
        for one in found[key]
    ]
    path = [(f"{one['at-once']} at once", one["wall-to-path"]) for one in found["runs"]]
    away = [
        (f"{name}, {how}", found[key]["without-service-s"].get(name, 0.0) / 60)
        for name in ("keystone", "glance")
        for how, key in (("all-in-one", "together"), ("rolling", "rolling"))
    ]
    asked = [(f"{row['action']}, {row['state']}", row["ratio"]) for row in found["actions"]]
    read = [(f"{one['units']:,} units", one["of-pairs"]) for one in found["wire"]]
    batches = [
        (f"batches of {one['batch'] or 6}", one["wall-s"] / 3600)
        for one in [*found["batches"], found["zones"][1]]
    ]
    pictures = {
        "actions": picture.bars("An action over an empty one", asked, unit="", limit=1.3),
        "reading": picture.bars("A plan over server and wire", read, unit="", limit=1.5),
        "batches": picture.bars("Hours, six hypervisors", batches, unit=" h", limit=None),
        "hours": picture.bars("Hours of an upgrade, simulated", hours, unit=" h", limit=None),
        "path": picture.bars("Wall time over the plan's path", path, unit="", limit=1.05),
        "away": picture.bars("Minutes without a unit that serves", away, unit=" min", limit=None),
    }
    for name, text in pictures.items():
        (images / f"performance-{name}.svg").write_text(text, encoding="utf-8")


def _say(row: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    main()
