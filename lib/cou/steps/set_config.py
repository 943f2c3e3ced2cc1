"""set-config: change one option; done when the hooks that it causes have ended on every unit.

Safe to repeat: Juju runs no hook for a value that does not change.
"""

from __future__ import annotations

from ..wording import text
from . import wait_conditions
from .context import DONE, Context, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Set the option unless it is so already; wait for config-changed on every unit."""
    key, value = str(ctx.step.params["key"]), str(ctx.step.params["value"])
    before = await current(ctx, ctx.step.target, key)
    was = str(ctx.step.params.get("was", ""))
    stands = same(before, value)
    mark = f"option:{ctx.step.target}:{key}"
    # What an earlier run has changed becomes this run's to put back, although it stands already.
    if ctx.step.params.get("mark") and (was or not stands) and ctx.marked(mark) is None:
        await ctx.mark(mark, {"was": was or text_of(before), "set": value})
    if stands and not ctx.was_requested(key):
        return StepResult(StepEnd.SATISFIED, text("note/option-set", option=key, value=value))
    await change(ctx, key, ctx.step.target, key, value, timeout_s=ctx.step.timeout_s)
    return DONE


async def change(
    ctx: Context, name: str, application: str, key: str, value: str, *, timeout_s: float
) -> None:
    """Set an option as the operation `name` and wait for its hooks."""

    async def is_so() -> bool:
        return same(await current(ctx, application, key), value)

    async def send() -> None:
        await ctx.juju.set_config(application, {key: value})

    request = {"kind": "set-config", "application": application, "key": key, "value": value}
    before = await ctx.change(name, request, send, is_so)
    await ctx.wait(
        wait_conditions.hooks_ended(
            application,
            ("config-changed",),
            before,
            timeout_s=timeout_s,
            grace_s=ctx.settings.hook_error_grace_s,
        )
    )


async def put_back(ctx: Context, application: str, key: str, value: str) -> None:
    """Set an option to what it was; where it is so without us, no hook is waited for."""
    name = "put-back"
    if not ctx.was_requested(name) and same(await current(ctx, application, key), value):
        return
    await change(ctx, name, application, key, value, timeout_s=ctx.step.timeout_s)


async def current(ctx: Context, application: str, key: str) -> object:
    """Return the option's present value; None where the charm has no such option."""
    found = (await ctx.juju.config([application])).get(application, {})
    return found[key].value if key in found else None


def same(found: object, value: str) -> bool:
    """Whether an option's value is the one that a string sets (booleans are sent as words)."""
    if isinstance(found, bool):
        return str(found).lower() == value.lower()
    return found is not None and str(found) == value


def text_of(found: object) -> str:
    """Return the string that sets a value that was read."""
    return "" if found is None else str(found)
