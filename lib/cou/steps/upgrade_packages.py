"""upgrade-packages: bring a unit's packages up to date within its present APT pockets.

Look first: each command is a task of its own, re-attached to after a crash. Nothing here has a
time limit in Juju, because a limit would kill dpkg half-way; the wait for it gives up instead.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable

from ..juju.port import Task
from ..wording import text
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed, went_well

_APT = "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600"
_KEEP = "-o Dpkg::Options::=--force-confnew -o Dpkg::Options::=--force-confdef"
UPGRADE = f"{_APT} update && {_APT} --assume-yes {_KEEP} dist-upgrade"
REMOVE = f"{_APT} --assume-yes {_KEEP} autoremove"
_SOURCES = "/etc/apt/sources.list /etc/apt/sources.list.d"


async def perform(ctx: Context) -> StepResult:
    """Hold, upgrade, release; nothing on a unit that already follows the target's pocket."""
    unit, pocket = ctx.step.target, str(ctx.step.params.get("pocket", ""))
    if pocket and not ctx.was_requested("upgrade") and await _follows(ctx, unit, pocket):
        return StepResult(StepEnd.SATISFIED, text("note/apt-sources", pocket=pocket))
    if not ctx.begun("upgrade"):
        held = await _hold(ctx, unit, [str(name) for name in ctx.step.params.get("hold", ())])
    else:
        held = _ours(ctx, unit)
    tasks = [await ctx.command(unit, UPGRADE, key="upgrade")]
    if went_well(tasks[0]):  # a task of its own: where it fails, only it is tried again
        tasks.append(await ctx.command(unit, REMOVE, key="autoremove"))
    if held:
        await _release(ctx, unit, held)
    for task in tasks:
        must_have_completed(task)
    return DONE


async def _follows(ctx: Context, unit: str, pocket: str) -> bool:
    command = f"grep -rqsF {shlex.quote(pocket)} {_SOURCES}"
    task = await ctx.read_command(unit, command)
    return str(task.output.get("return-code")) == "0"


def _ours(ctx: Context, unit: str) -> list[str]:
    """Return the packages that this run holds."""
    mark = ctx.marked(f"held:{unit}") or {}
    return [str(name) for name in mark.get("packages", ())]


async def _hold(ctx: Context, unit: str, packages: list[str]) -> list[str]:
    """Hold packages that nobody holds yet; return those that this run holds."""
    if not packages:
        return []
    mark = f"held:{unit}"
    if ctx.marked(mark) is None:
        already = await _on_hold(ctx, unit)
        found = [name for name in packages if name not in already]
        if not found:
            return []
        await ctx.mark(mark, {"packages": found})
    names = _ours(ctx, unit)

    async def held() -> bool:
        return set(names) <= await _on_hold(ctx, unit)

    must_have_completed(await _apt_mark(ctx, unit, "hold", names, held))
    return names


async def _release(ctx: Context, unit: str, packages: list[str]) -> None:
    async def released() -> bool:
        return not set(packages) & await _on_hold(ctx, unit)

    must_have_completed(await _apt_mark(ctx, unit, "unhold", packages, released))
    await ctx.unmark(f"held:{unit}")


async def _on_hold(ctx: Context, unit: str) -> set[str]:
    listed = must_have_completed(await ctx.read_command(unit, "apt-mark showhold"))
    return set(str(listed.output.get("stdout", "")).split())


async def _apt_mark(
    ctx: Context, unit: str, verb: str, packages: list[str], still: Callable[[], Awaitable[bool]]
) -> Task:
    command = shlex.join(["apt-mark", verb, *packages])
    return await ctx.command(unit, command, key=verb, still=still)
