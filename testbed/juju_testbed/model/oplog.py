"""The append-only log of every operation that changed the cloud; the judge's only source.

One JSON object per line. Keys:

``seq``      1, 2, 3...
``at``       world time, ISO 8601 UTC with microseconds
``event``    what happened, below
``by``       the user that asked (``admin``, ``cou``), or the unit or charm that did it by itself
``unit`` / ``application``   whom it concerned
``task``     task id, where there is one
``data``     what exactly, below

===================  ==================================================================
event                data
===================  ==================================================================
asked                ``call`` (facade method), what it asked for; written when the controller
                     has accepted a call that changes the model (config, charm, action, exec,
                     cancel, annotation); ``accepted`` false and ``error`` where refused
task-begun           ``name``, ``parameters``
task-ended           ``name``, ``parameters``, ``status``, ``message``, ``results``
hook-begun           ``hook``
hook-ended           ``hook``, ``code``
config-changed       ``key``, ``old``, ``new``
charm-changed        ``old``, ``new`` (charm URLs), ``channel``
workload-upgraded    ``old``, ``new`` (versions), ``cause`` (``origin``, ``action``,
                     ``action-managed-upgrade``, ``packages``, ``charm``)
packages-upgraded    ``pocket`` it was done from; ``held`` packages
paused / resumed     nothing
service              ``up``: whether the unit's services answer from now on
compute-service      ``enabled`` true or false
noout                ``set`` true or false
sealed / unsealed    nothing
deferred-restarts    ``left`` number
data-archived        ``rows``
database-dumped      ``file``
osd-release          ``release``
deployed             the application's channel, charm, units and machines; at the start
snapshot             the whole cloud in short: per application channel, config that matters,
                     per unit version, paused, enabled; written on request, last of all
===================  ==================================================================
"""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any, TextIO


class OperationLog:
    """Writes the log; keeps it in memory too (`entries`)."""

    def __init__(self, path: pathlib.Path | None = None):
        self.entries: list[dict[str, Any]] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def __getstate__(self) -> dict[str, Any]:
        """Keep the entries; the file is its maker's."""
        return {"entries": self.entries, "_file": None}

    def write(
        self,
        at: datetime.datetime,
        event: str,
        *,
        by: str = "",
        unit: str = "",
        application: str = "",
        task: int | None = None,
        **data: Any,
    ) -> None:
        """Append one entry and flush it."""
        entry: dict[str, Any] = {
            "seq": len(self.entries) + 1,
            "at": at.isoformat(timespec="microseconds"),
            "event": event,
            "by": by,
            "unit": unit,
            "application": application,
            "task": task,
            "data": data,
        }
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry, sort_keys=True) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; entries stay readable."""
        if self._file is not None:
            self._file.close()
            self._file = None
