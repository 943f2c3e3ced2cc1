"""Puts the marks of an unfinished run back, or writes down why they stay."""

from __future__ import annotations

from ..errors import CouError
from ..journal import CancelRecorded
from ..journal.records import MarkState, StepState
from ..kinds import ROWS, Kind
from ..operations.calls import RunContext
from ..operations.step_context import StepContext
from ..options.settings import Settings
from ..plan.plan import Plan
from ..plan.step import Step
from ..steps import put_back_early
from ..steps.context import NeedsOperator
from ..wording import text
from .lease import Lease

_TIMEOUT_S = 600
_PREFIX = "put-back/"


async def release_marks(
    run_context: RunContext, plan: Plan, settings: Settings, lease: Lease, *, for_good: bool
) -> bool:
    """Put back every mark that is set, the newest first; one that fails keeps no other.

    Args:
        run_context: the attempt.
        plan: the run's plan.
        settings: the run's settings.
        lease: this run's name on the model.
        for_good: the run ends here: what has to stay is no longer waited for. Otherwise it stays
            a mark, and the step that set it is due again.

    Returns:
        Whether it came to the last one: none is begun after a recorded cancel.

    Raises:
        FencedOff: this runner no longer holds the run.
    """
    charms = {
        name: app.charm
        for name, app in (await run_context.juju.full_status()).applications.items()
    }
    touched = _touched(run_context, plan)
    marks_now = run_context.journal.marks(run_context.run)
    await lease.show_marks([m.id for m in marks_now if m.state is not MarkState.PUT_BACK])
    settle_put_backs(run_context, plan)
    for mark in reversed(run_context.journal.marks(run_context.run)):
        if mark.state is not MarkState.SET:
            continue
        step = Step(
            id=f"{_PREFIX}{mark.id}",
            kind=Kind.PUT_BACK,
            title=text("put-back/by-restore", mark=mark.id),
            target=mark.target,
            params={"mark": mark.id},
            timeout_s=_TIMEOUT_S,
        )
        run_context.journal.add_step(run_context.token, step.id)
        try:
            run_context.journal.begin_step(run_context.token, step.id)
        except CancelRecorded:
            settle_put_backs(run_context, plan)
            return False
        context = StepContext(
            run_context, step, settings, lambda: False, lease.show_marks, lambda: frozenset()
        )
        if not for_good:
            # Before it is put back: a runner killed in between must not leave a step done of
            # which nothing is left. Where it is still so, the step finds that and sends nothing.
            run_context.journal.make_due(run_context.token, mark.step, text("note/mark-put-back"))
        name = mark.target.split("/")[0].split(":")[0]
        try:
            reason = await put_back_early.release(
                context, mark.id, touched, charms.get(name, ""), plan.target
            )
        except CouError as error:
            reason = error.whole
        except NeedsOperator as doubt:
            reason = doubt.seen
        if not reason or for_good:
            await context.unmark(mark.id, reason, kept=bool(reason))
        run_context.journal.end_step(
            run_context.token,
            step.id,
            StepState.FAILED if reason else StepState.DONE,
            error=reason,
        )
    return True


def settle_put_backs(run_context: RunContext, plan: Plan) -> None:
    """Close what an earlier `restore` or `abandon` has left open of its own steps.

    They are not in the plan, so nothing else would come back to them. What became of one stands in
    the ledger: its mark is put back, or it still is set and left to what comes now.

    Raises:
        FencedOff: this runner no longer holds the run.
    """
    planned = {step.id for step in plan.root.single_steps()}
    marks_now = {mark.id: mark.state for mark in run_context.journal.marks(run_context.run)}
    for record in run_context.journal.steps(run_context.run).values():
        if record.id in planned or record.state.over or not record.id.startswith(_PREFIX):
            continue
        is_set = marks_now.get(record.id.removeprefix(_PREFIX)) is MarkState.SET
        state = StepState.SKIPPED if is_set else StepState.DONE
        note = text("note/mark-left" if is_set else "note/mark-put-back")
        run_context.journal.end_step(run_context.token, record.id, state, note=note)


def _touched(run_context: RunContext, plan: Plan) -> frozenset[str]:
    """Units whose upgrade has begun: an operation of a step that changes them is journalled."""
    begun = {operation.step for operation in run_context.journal.operations(run_context.run)}
    return frozenset(
        step.target
        for step in plan.root.single_steps()
        if ROWS[step.kind].upgrades and step.id in begun
    )
