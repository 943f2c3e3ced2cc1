"""require-osd-release: align Ceph's require_osd_release with what the OSDs run (LP#1929254).

Safe to repeat.
"""

from __future__ import annotations

from ..errors import StepFailed
from ..openstack.ceph_releases import release_of
from ..wording import own_command, text
from . import ceph
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed


async def perform(ctx: Context) -> StepResult:
    """Look at the OSDs; all must run one release."""
    unit = ctx.step.target
    required = str((await ceph.ask(ctx, unit, "osd dump")).get("require_osd_release", ""))
    running = sorted((await ceph.ask(ctx, unit, "versions")).get("osd", {}))
    if not running:
        raise StepFailed("ceph-no-osd", unit=unit)
    if len(running) > 1:
        raise StepFailed("ceph-mixed-osds", running=running)
    release = release_of(running[0])
    if not release:
        skip = own_command(
            "resolve-step", step=ctx.step.id, as_="skip", reason="it is set by hand"
        )
        raise StepFailed("ceph-unknown/perform", running=f"{running[0]!r}", skip=skip)
    if release == required:
        return StepResult(StepEnd.SATISFIED, text("note/osd-release-required", release=release))
    must_have_completed(await ctx.command(unit, f"ceph osd require-osd-release {release}"))
    return DONE
