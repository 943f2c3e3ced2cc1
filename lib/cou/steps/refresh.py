"""refresh: move an application's charm to a channel; done when its hooks have ended everywhere.

Safe to repeat: the same revision again changes nothing and runs no hook.
"""

from __future__ import annotations

from ..errors import StepFailed
from ..wording import text
from . import wait_conditions
from .context import DONE, Context, StepEnd, StepResult

_NAME = "refresh"


async def perform(ctx: Context) -> StepResult:
    """Refresh, read back what is really deployed, wait for upgrade-charm and config-changed."""
    name, channel = ctx.step.target, str(ctx.step.params["channel"])
    switch = str(ctx.step.params.get("switch", ""))
    found = (await ctx.juju.full_status([name])).applications[name]

    async def is_so() -> bool:
        found = (await ctx.juju.full_status([name])).applications[name]
        moved = found.channel == channel and not found.can_upgrade_to
        return moved and (not switch or found.scheme == "ch")

    async def send() -> None:
        await ctx.juju.refresh(name, channel, switch)

    if not ctx.was_requested(_NAME) and await is_so():
        return StepResult(StepEnd.SATISFIED, text("note/follows", channel=channel))
    request = {
        "kind": "refresh",
        "application": name,
        "channel": channel,
        "switch": switch,
        "was": found.charm_url,
    }
    before = await ctx.change(_NAME, request, send, is_so)
    after = (await ctx.juju.full_status([name])).applications[name]
    if after.channel != channel:
        raise StepFailed("refresh-without-effect", name=name, channel=channel, now=after.channel)
    was = str(ctx.request(_NAME)["was"])
    if after.charm_url == was:
        return StepResult(StepEnd.DONE, text("note/same-revision", channel=channel, was=was))
    await ctx.wait(
        wait_conditions.hooks_ended(
            name,
            ("upgrade-charm", "config-changed"),
            before,
            timeout_s=ctx.step.timeout_s,
            grace_s=ctx.settings.hook_error_grace_s,
            charm_url=after.charm_url,
        )
    )
    return (
        DONE
        if not was
        else StepResult(StepEnd.DONE, text("note/refreshed", was=was, now=after.charm_url))
    )
