"""Taking a snapshot of a live model, for a rehearsal on the testbed; reads only."""

from __future__ import annotations

import asyncio
import os
import pathlib

from ..cloud import reading, snapshot
from ..errors import BadInput
from ..options.options import Options
from ..process.access import Access
from ..process.connection import PLAN_TIMING, opened
from .location import RunLocation
from .screen import Screen


def take(screen: Screen, run_location: RunLocation) -> str:
    """Read the model and return its snapshot as JSON text; it holds no secrets.

    Raises:
        JujuError: the model cannot be read.
        CommandInterrupted: a signal came first.
    """

    def work() -> str:
        return asyncio.run(_read(run_location.access()))

    return screen.during("Reading the model...", work)


def write(text: str, path: pathlib.Path) -> None:
    """Write a snapshot to a new file of its owner only.

    Raises:
        BadInput: the file exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise BadInput("snapshot-file", path=path, reason=error.strerror) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


async def _read(access: Access) -> str:
    async with opened(access, PLAN_TIMING) as juju:
        return snapshot.text(snapshot.take(await reading.read(juju, Options())))
