"""Commands that work once, however often their request arrives: each takes a marker on its unit.

A request that was sent may arrive at any later time: after its client has died, after another was
sent in its place, after a reboot of the unit's machine. So a command makes a directory that is
named by its operation before it works, which the file system does for one arrival only; any other
finds it there, does nothing, and says so. The marker lies on a disk and is forced to it.
"""

from __future__ import annotations

import enum
import hashlib

from ..juju.port import Task

FOLDER = "/var/lib/cou-commands"
_KEPT_DAYS = 90  # nothing that was sent so long ago arrives any more
_AGAIN_CODE, _UNMARKED_CODE = 86, 87
_AGAIN = "it has arrived before, so this arrival did nothing"
_UNMARKED = "its marker could not be made, so it did nothing"


class MarkerReply(enum.Enum):
    """What the task of a command says of its arrival."""

    WORKED = "worked"  # or began to: it had the marker
    AGAIN = "arrived again, and did nothing"
    UNMARKED = "could not take its marker, and did nothing"


def name(*parts: object) -> str:
    """Return the id of an operation: the same for the same operation, also in a copy of a journal.

    So what a journal that was put back from a copy asks for a second time does nothing, either.
    """
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def text(id: str, command: str) -> str:
    """Return what is sent for a command: the marker is taken first, the command stands last."""
    marker = f"{FOLDER}/{id}"
    return (
        f"# cou {id}: works once, however often it arrives\n"
        f"if mkdir -p -m 0700 {FOLDER} && mkdir {marker}\n"
        f"then sync {FOLDER} || {{ {_says(id, _UNMARKED)}; exit {_UNMARKED_CODE}; }}\n"
        f"elif test -d {marker}; then {_says(id, _AGAIN)}; exit {_AGAIN_CODE}\n"
        f"else {_says(id, _UNMARKED)}; exit {_UNMARKED_CODE}\n"
        "fi\n"
        f"find {FOLDER} -mindepth 1 -maxdepth 1 -mtime +{_KEPT_DAYS} -exec rmdir {{}} + "
        "2>/dev/null\n"
        f"{command}"
    )


def is_of(id: str, task: Task) -> bool:
    """Whether a task is an arrival of an operation."""
    return f"cou {id}:" in str(task.parameters.get("command", ""))


def marker_reply(id: str, task: Task) -> MarkerReply:
    """Return what the task of a command says of its arrival."""
    code, printed = str(task.output.get("return-code", "")), str(task.output.get("stderr", ""))
    for wanted, said, what in (
        (_AGAIN_CODE, _AGAIN, MarkerReply.AGAIN),
        (_UNMARKED_CODE, _UNMARKED, MarkerReply.UNMARKED),
    ):
        if code == str(wanted) and f"cou {id}: {said}" in printed:
            return what
    return MarkerReply.WORKED


def _says(id: str, what: str) -> str:
    return f'echo "cou {id}: {what}" >&2'
