"""Make ``format-<n>.sqlite`` with today's engine: a run that was killed with a mark and in doubt.

A file that is there is never made again: it is what an older charm has left on a disk.
"""

from __future__ import annotations

import pathlib
import sqlite3
import sys
import tempfile

from cou.journal import FILE
from cou.journal.records import StepState
from cou.journal.schema import FORMAT

from tests.proof import small
from tests.proof.harness import OPTIONS
from tests.simulation import world as worlds

FOLDER = pathlib.Path(__file__).parent


async def _story(home: pathlib.Path) -> None:
    world = await worlds.build(home, small.BUNDLE)
    plan = await world.plan(**OPTIONS)
    attempt = world.create(plan)

    def running(part):
        return [
            step
            for step, record in world.steps(attempt.run).items()
            if record.state is StepState.RUNNING and part in step
        ]

    def between_call_and_record(name):
        return name == "juju/enqueue/after" and running("az1/nova-compute-0/upgrade-unit")

    assert await world.work_until(attempt, worlds.countdown(200)) is None
    attempt = world.resume(attempt.run)
    assert await world.work_until(attempt, between_call_and_record) is None


def main() -> None:
    """Make it, unless it is there."""
    path = FOLDER / f"format-{FORMAT}.sqlite"
    if path.exists():
        sys.exit(f"{path} is there; what was released is never made again")
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder) / "home"
        worlds.run(_story(home))
        db = sqlite3.connect(home / FILE)
        db.execute("vacuum into ?", (str(path),))  # one file, with nothing beside it
        db.close()


if __name__ == "__main__":
    main()
