"""backup-database: dump a MySQL cluster's databases on one of its units, and check the dump.

Look first: the dump's task is re-attached to after a crash, and a dump is not made again because
a look at it failed; a dump that was made too long ago by
then gets a second, and none is ever deleted. Rights are never widened and the file stays where the
charm wrote it; its path, size, age and digest are the step's note.
"""

from __future__ import annotations

import pathlib
import shlex

from ..errors import StepFailed
from ..juju import commands
from ..juju.port import Task
from ..wording import NOTHING, Wording, text
from .context import Context, StepEnd, StepResult
from .task_results import must_have_completed

_DUMP = "mysqldump"
_DATA = "/var/lib/mysql"
_BACKUPS = "/var/backups"


async def perform(ctx: Context) -> StepResult:
    """Make sure that there is room, dump, check that the dump is whole."""
    unit = ctx.step.target
    key = _key(ctx)
    if not ctx.begun(key):
        await _check_room(ctx, unit)
    task = must_have_completed(await ctx.action(unit, _DUMP, key=key))
    path = str(task.output.get("mysqldump-file", ""))
    if not path.startswith("/"):
        await ctx.discard(key, text("discarded/no-file"))
        raise StepFailed("backup-without-file", unit=unit, task=task.id)
    quoted = shlex.quote(path)
    if why := await _not_whole(ctx, unit, path):
        await ctx.discard(key, why)
        raise StepFailed("backup-incomplete", path=path, unit=unit, why=why)
    size = await _line(ctx, unit, f"stat -c %s {quoted}")
    digest = (await _line(ctx, unit, f"sha256sum {quoted}")).split()[0]
    return StepResult(
        StepEnd.DONE,
        text(
            "note/backup",
            path=path,
            unit=unit,
            size=size,
            made=_made(task),
            sha256=digest,
            copy=commands.fetch(unit, path, _copy(unit, path)),
        ),
    )


def _copy(unit: str, path: str) -> str:
    """Return a name for the copy of a dump, which no other dump's copy has."""
    return f"{unit.replace('/', '-')}-{pathlib.PurePosixPath(path).name}"


def _key(ctx: Context) -> str:
    """Return the name of the dump to make or to go on with: the newest that is not too old."""
    number = 1
    while ctx.begun(_named(number)) and ctx.age_s(_named(number)) > ctx.settings.backup_max_age_s:
        number += 1
    return _named(number)


def _named(number: int) -> str:
    return _DUMP if number == 1 else f"{_DUMP}-{number}"


def _made(task: Task) -> str:
    when = task.completed or task.enqueued
    return f"{when:%Y-%m-%d %H:%M:%S} UTC" if when else "at an unknown time"


async def _check_room(ctx: Context, unit: str) -> None:
    used = (await _line(ctx, unit, f"du -sk {_DATA}")).split()[0]
    free = (await _line(ctx, unit, f"df -Pk {_BACKUPS} | tail -n 1")).split()
    if not used.isdigit() or len(free) < 4 or not free[3].isdigit():
        raise StepFailed(
            "backup-room/check-room",
            unit=unit,
            used=f"{used!r}",
            free=f"{free!r}",
            data=_DATA,
            backups=_BACKUPS,
        )
    if int(free[3]) < int(used):
        raise StepFailed(
            "backup-room/check-room-2", backups=_BACKUPS, unit=unit, free=free[3], used=used
        )


async def _not_whole(ctx: Context, unit: str, path: str) -> Wording:
    """Return what is wrong with a dump; empty where it is whole.

    Only what says that of the dump itself does: a look that fails leaves the dump as it is.
    """
    quoted = shlex.quote(path)
    if not await _is_so(ctx, unit, f"test -s {quoted}"):
        return text("dump/not-there")
    last = f"tail -n 1 {quoted}"
    if path.endswith(".gz"):
        if not await _is_so(ctx, unit, f"gzip -t {quoted}"):
            return text("dump/damaged")
        last = f"gzip -dc {quoted} | tail -n 1"
    complete = "Dump completed" in await _line(ctx, unit, last)
    return NOTHING if complete else text("dump/incomplete")


async def _is_so(ctx: Context, unit: str, command: str) -> bool:
    """Ask a command that exits with 1 where it is not so.

    Raises:
        StepFailed: it could not tell.
    """
    task = await ctx.read_command(unit, command)
    return str(task.output.get("return-code")) != "1" and bool(must_have_completed(task))


async def _line(ctx: Context, unit: str, command: str) -> str:
    task = must_have_completed(await ctx.read_command(unit, command))
    return str(task.output.get("stdout", "")).strip() or "?"
