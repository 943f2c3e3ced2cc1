"""Named points at which a test may end or hold the process; nothing happens otherwise.

Every write to the journal, both sides of every call to Juju and every start of a process passes
`reach`. A simulation sets `observe` and raises there. In real processes
``COU_CRASH_AT=<program>:<name>#<n>`` (several, separated by commas) sends the program SIGKILL when
it passes the point for the n-th time, or SIGSTOP where ``COU_CRASH_HOW=hold``; with ``spin`` it
computes for ever from there on. ``COU_CRASH_LOG=<file>`` appends every point that was passed, and
by whom.
"""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Callable

WRITES = (
    "add-step",
    "begin-step",
    "cancel",
    "count-looks",
    "create-run",
    "end-attempt",
    "end-step",
    "hold",
    "intend",
    "make-due",
    "note",
    "note-afterwards",
    "record-task",
    "record-verdict",
    "replace-plan",
    "resolve-step",
    "resume-run",
    "set-baseline",
    "set-run-state",
    "set-waits",
    "show",
    "tell",
    "write-mark",
)
CALLS = ("annotate", "cancel-tasks", "enqueue", "read", "refresh", "set-config")
STARTS = ("runner", "supervisor")
NAMES = frozenset(
    f"{what}/{name}/{side}"
    for what, names in (("journal", WRITES), ("juju", CALLS), ("process", STARTS))
    for name in names
    for side in ("before", "after")
)

observe: Callable[[str], None] | None = None
# Who this process is: the operator's command or action, the supervisor or the runner.
program = "operator"

_ASKED = not os.environ.keys().isdisjoint(("COU_CRASH_AT", "COU_CRASH_LOG"))
_counts: dict[str, int] = {}


def reach(name: str) -> None:
    """Pass a named point.

    Raises:
        LookupError: somebody watches, and the name is not one of `NAMES`.
    """
    if observe is None and not _ASKED:
        return
    wanted = os.environ.get("COU_CRASH_AT", "")
    log = os.environ.get("COU_CRASH_LOG", "")
    if name not in NAMES:
        raise LookupError(f"{name} is not a named point")
    if observe is not None:
        observe(name)
    _counts[name] = _counts.get(name, 0) + 1
    point = f"{program}:{name}#{_counts[name]}"
    if log:
        with pathlib.Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{point}\n")
    if point in wanted.split(","):
        how = os.environ.get("COU_CRASH_HOW")
        while how == "spin":
            pass
        os.kill(os.getpid(), signal.SIGSTOP if how == "hold" else signal.SIGKILL)
