"""An operator's command as a process of its own, so that it can be killed at a point.

``python -m tests.proof.operating <verb> <home> <run-dir>``, the account as JSON on standard input.
"""

from __future__ import annotations

import json
import pathlib
import sys

from cou.control import stop
from cou.control.control import Control
from cou.journal.records import Limit
from cou.options.options import Options
from cou.process.access import Access
from cou.process.paths import RunPaths

from .chronicle import SETTINGS
from .harness import OPTIONS

# A force looks for what became of its tasks, for seconds that a busy machine does not have.
_PATIENCE_S = 60.0


def main(verb: str, home: str, run_dir: str) -> None:
    """Do one verb."""
    data = json.load(sys.stdin)
    access = Access(**{**data, "addresses": tuple(data["addresses"])})
    stop._TASKS_S = _PATIENCE_S
    control = Control(RunPaths(pathlib.Path(home), pathlib.Path(run_dir)))
    if verb in ("plan", "replan"):
        more = {"max-parallel": 2} if verb == "replan" else {}
        control.plan(access, SETTINGS, Options.from_dict({**OPTIONS, **more}))
    elif verb == "upgrade":
        control.start(access, SETTINGS, limit=Limit("step", 1))
    elif verb == "cancel":
        control.cancel()
    elif verb == "force":
        control.force(access)
    elif verb == "restore":
        control.restore(access)
    else:
        _, step = verb.split(":")
        control.resolve_step(step, "retry", "the disk was full")


if __name__ == "__main__":
    main(*sys.argv[1:])
