"""The journal: the only place where charm, command, supervisor and runner meet.

The fence stands here. Beginning a step and recording a cancel are one transaction each, so SQLite
orders them: what begins after a recorded cancel does not exist.

One class, in layers: each knows those below it.

- `journal`: the file opened;
- `operations`: what a step has sent and switched;
- `steps`: what became of each step;
- `runs`: runs and the attempts at them;
- `fence`: who holds the run, and its story;
- `database`, `schema` and `rows`: the file, its tables, and what a row means.

It imports `cou.errors`, `cou.wording`, `cou.plan`, the clock and the crash points.
"""

from .database import JournalGone
from .fence import CancelRecorded, FencedOff
from .journal import FILE, Journal

__all__ = ["FILE", "CancelRecorded", "FencedOff", "Journal", "JournalGone"]
