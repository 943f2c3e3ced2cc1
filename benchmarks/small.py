"""Small costs, each beside something empty: processes, steps, a force of the disk.

Real time: the machine's load is noted with the figures, and pairs are measured in turn.
"""

from __future__ import annotations

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from cou.journal import Journal
from cou.journal.records import Limit, StepState
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan, canonical
from cou.plan.step import Step

from tests.planned_steps import planned_step

_EMPTY = "import ops\nclass C(ops.CharmBase):\n    pass\n"
_CHARM = "import sys; sys.path.insert(0, 'src'); import charm"


def imports(times: int = 7) -> dict[str, float]:
    """Return the user time of loading the charm over that of ops with an empty charm."""
    pairs = [(_user_s(_EMPTY), _user_s(_CHARM)) for _ in range(times)]
    empty, charm = (statistics.median(each) for each in zip(*pairs, strict=True))
    return {"empty-s": empty, "charm-s": charm, "charm-to-empty": charm / empty}


def _user_s(code: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    after = os.times()
    return after.children_user - before.children_user


def step(times: int = 50) -> dict[str, float]:
    """Return what the journal costs a step (begin and end) over a bare ``fsync``.

    Where there is a disk in memory, the same there: what is left is computing.
    """
    found = _step(times, None)
    if pathlib.Path("/dev/shm").is_dir():
        found["in-memory-ms"] = _step(times, "/dev/shm")["step-ms"]
    return found


def _step(times: int, disk: str | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        home = pathlib.Path(folder)
        steps = [planned_step(f"s{n}", Kind.RUN_ACTION, "x") for n in range(times)]
        root = Step("upgrade", Kind.GROUP, "x", params={"part": "section"}, steps=tuple(steps))
        plan = Plan("m", "u", "a", "b", Options(), (), (), root)
        journal = Journal(home / "home")
        names = [one.id for one in steps]
        attempt = journal.create_run(canonical(plan.to_dict()), {}, names, Limit())
        took, bare = [], []
        with (home / "bare").open("wb") as file:
            for name in names:
                begun = time.perf_counter()
                journal.begin_step(attempt.token, name)
                journal.end_step(attempt.token, name, StepState.DONE)
                took.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                file.write(b"x" * 4096)
                file.flush()
                os.fsync(file.fileno())
                bare.append(time.perf_counter() - begun)
        journal.close()
    step_ms, fsync_ms = statistics.median(took) * 1000, statistics.median(bare) * 1000
    return {"step-ms": step_ms, "fsync-ms": fsync_ms, "step-to-fsync": step_ms / fsync_ms}
