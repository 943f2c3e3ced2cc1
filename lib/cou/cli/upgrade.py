"""`cou upgrade`: plan, show, ask, run and follow in one go, asking per application and zone."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping
from typing import Any

from ..control import start
from ..control.control import Control, PlanAnswer
from ..errors import CouError, JournalError
from ..journal.records import Limit, RunState
from ..options.options import NonEmpty
from ..plan.plan import Plan
from ..process.paths import RunPaths
from ..show.view import View
from ..wording import COMMAND_LINE, UPGRADE, OwnCommand, text_for
from . import approval, exit_codes, planning, prompt
from .exit_codes import CommandEnded, CommandInterrupted, ExitCode
from .follow import FollowedAttempt, Follower
from .location import RunLocation
from .screen import Screen
from .signals import HANGUP

_TYPED = COMMAND_LINE.command(UPGRADE)


@dataclasses.dataclass(frozen=True)
class UpgradeOptions:
    """What the command line asks of `upgrade`.

    Attributes:
        auto_approve: ask nothing.
        plan_hash: refuse any other plan, or None.
        until: begin nothing that is not expected to end before it.
    """

    auto_approve: bool
    plan_hash: str | None = None
    until: datetime.datetime | None = None


def upgrade(
    screen: Screen, run_location: RunLocation, given: Mapping[str, Any], wish: UpgradeOptions
) -> ExitCode:
    """Do the whole, and return how the command ends.

    Raises:
        CouError: what stands in the way.
        CommandInterrupted: a signal came before anything was begun.
        CommandEnded: the user declined, or the plan has blocking problems.
    """
    control = run_location.control()
    last = control.view()
    _refuse_if_going_on(last)
    looked = planning.plan(screen, run_location, given)
    shown = looked.shown
    _show(screen, shown, aloud=not wish.auto_approve or bool(shown.plan.blocking))
    if shown.plan.blocking:
        raise CommandEnded(ExitCode.ERROR)
    start.same_plan(shown.plan.hash, wish.plan_hash)
    if not list(shown.plan.root.single_steps()):
        screen.show_always("There is nothing to upgrade.")
        raise CommandEnded(ExitCode.DONE)
    if _is_next_release(last, shown, wish):
        screen.show_always(
            f"The upgrade to '{shown.plan.origin}' is complete, and the next release needs a word "
            f"of its own: run `{_TYPED}`, which asks, or give --plan {shown.plan.hash}."
        )
        raise CommandEnded(ExitCode.DONE)
    if not wish.auto_approve:
        _list_instances(screen, shown.plan)
        if not prompt.ask(screen):
            screen.show_always("Nothing was begun.")
            raise CommandEnded(ExitCode.DONE)
    screen.show_progress("Running cloud upgrade...")
    return _Upgrade(screen, run_location.paths, control, looked, wish).run()


class _Upgrade:
    """The attempts of one command: one in all, or one between each two questions."""

    def __init__(
        self,
        screen: Screen,
        paths: RunPaths,
        control: Control,
        looked: planning.PlanningResult,
        wish: UpgradeOptions,
    ):
        self._screen = screen
        self._paths = paths
        self._control = control
        self._looked = looked
        self._wish = wish

    def run(self) -> ExitCode:
        pieces = approval.plan_parts(self._looked.shown.plan)
        while True:
            before = self._unfinished_view()
            left = approval.unfinished(pieces, before.steps if before else {})
            count = (
                0 if self._wish.auto_approve or not left else approval.parts_until_question(left)
            )
            if left and count and left[0].asked:
                self._approve(left[0])
            limit = Limit(count=0 if count == len(left) else count)
            followed = self._attempt(limit, before)
            if not _goes_on(followed, limit):
                return conclude(self._screen, followed)
            if approval.unfinished(pieces, followed.view.steps) == left:
                raise CouError("no-progress/run", log=self._paths.log(followed.view.run))

    def _unfinished_view(self) -> View | None:
        seen = self._control.view()
        return seen if seen is not None and seen.unfinished else None

    def _approve(self, piece: approval.PlanPart) -> None:
        for line in approval.outline(piece.step):
            self._screen.show_always(line)
        try:
            approved = prompt.ask(self._screen)
        except CommandInterrupted as interrupted:
            if interrupted.number == HANGUP:
                raise
            self._stopped()
            raise CommandEnded(exit_codes.of_signal(interrupted.number)) from None
        if not approved:
            self._stopped()
            raise CommandEnded(ExitCode.ERROR)

    def _stopped(self) -> None:
        self._screen.show_always(f"Nothing is running. To go on from here: {_TYPED}")
        self._screen.show_always(exit_codes.STOPPED)

    def _attempt(self, limit: Limit, before: View | None) -> FollowedAttempt:
        started = self._control.start(
            self._looked.access,
            self._looked.settings,
            plan_hash=self._wish.plan_hash,
            until=self._wish.until,
            limit=limit,
        )
        if started.until is not None:
            self._screen.show_progress(started.message)
        return Follower(self._screen, self._paths, self._control, before).follow()


def _goes_on(followed: FollowedAttempt, limit: Limit) -> bool:
    """Whether the attempt ended because the next question is due."""
    view = followed.view
    cancelled = view.attempt is not None and view.attempt.cancelled is not None
    return (
        limit.count > 0
        and view.state is RunState.STOPPED
        and not (cancelled or followed.signal or view.error)
    )


def conclude(screen: Screen, followed: FollowedAttempt, *, limited: bool = False) -> ExitCode:
    """Say how an attempt ended, and return the exit code.

    Args:
        limited: it was to stop by itself, so a plain stop is what was asked for.
    """
    view = followed.view
    if screen.json:
        screen.result(json.dumps(view.to_dict(), indent=2))
    # Where all had ended before the force came, the run tells how.
    if followed.forced is not None and view.state in (RunState.KILLED, RunState.INTERRUPTED):
        screen.show_always(followed.forced.message)
        screen.show_always(exit_codes.NOT_WAITED)
        return exit_codes.of_signal(followed.signal)
    if view.state is RunState.COMPLETED:
        screen.show_always(f"The upgrade to '{view.to}' is complete.")
        if view.outcome.left:
            screen.show_always(
                f"Upgraded {view.outcome.what}{view.outcome.exceptions(COMMAND_LINE)}."
            )
        _tell_marks(screen, view)
        return ExitCode.DONE
    if view.state is RunState.ABANDONED:
        screen.show_always("The run was abandoned.")
        _tell_marks(screen, view)
        return ExitCode.DONE
    if view.state is RunState.STOPPED and not view.error:
        return _stopped(screen, followed, limited)
    screen.error(f"The upgrade is {view.state.value}. {view.error}".strip())
    _tell_marks(screen, view)
    screen.show_always(text_for(view.remedy, COMMAND_LINE) or f"To go on: {_TYPED}")
    return ExitCode.ERROR if not followed.signal else _after_signal(view, followed.signal)


def _after_signal(view: View, number: int) -> ExitCode:
    """Return the code of a run that ended in another way than a signal asked for."""
    return exit_codes.of_signal(number) if view.state is RunState.STOPPED else ExitCode.ERROR


def _stopped(screen: Screen, followed: FollowedAttempt, limited: bool) -> ExitCode:
    view = followed.view
    over = sum(record.state.over for record in view.steps.values())
    again = f" {len(view.again)} of the others had been done and are due again." * bool(view.again)
    screen.show_always(f"{over} of {view.total} steps are done.{again} To go on: {_TYPED}")
    _tell_marks(screen, view)
    cancelled = view.attempt is not None and view.attempt.cancelled is not None
    if followed.signal or cancelled or not limited:
        screen.show_always(exit_codes.STOPPED)
    if followed.signal:
        return exit_codes.of_signal(followed.signal)
    return ExitCode.DONE if limited and not cancelled else ExitCode.ERROR


def _tell_marks(screen: Screen, view: View) -> None:
    for mark in view.marks:
        screen.show_always(f"Still switched: {mark.id} ({mark.state.value}) {mark.note}".rstrip())


def _show(screen: Screen, shown: PlanAnswer, *, aloud: bool) -> None:
    """Show a plan; also to a quiet user where it is what a question or a refusal is about."""
    show = screen.show_always if aloud else screen.show_progress
    if shown.message:
        show(shown.message)
    text = screen.wrapped(shown.text("text", COMMAND_LINE).rstrip("\n"))
    show(*text.split("\n"))


def _list_instances(screen: Screen, plan: Plan) -> None:
    """Name once more, just before the question, hosts that are upgraded with instances on them."""
    if plan.options.non_empty_hypervisors is not NonEmpty.UPGRADE:
        return
    for problem in plan.problems:
        if problem.code == "hypervisor-with-instances":
            screen.show_always(f"With instances: {problem.seen}")


def _is_next_release(last: View | None, shown: PlanAnswer, wish: UpgradeOptions) -> bool:
    """Whether a finished upgrade would go on to the release after it without anybody asking.

    A script that repeats `upgrade` until all is done, or an operator who lost the terminal and
    does not know that it was, means the release it was started for.
    """
    return (
        wish.auto_approve
        and wish.plan_hash is None
        and last is not None
        and last.state is RunState.COMPLETED
        and last.to == shown.plan.origin
    )


def _refuse_if_going_on(seen: View | None) -> None:
    if seen is None or not seen.state.going:
        return
    raise JournalError(
        "run-going-on/refuse-if-going-on",
        run=seen.run,
        state=seen.state.value,
        where=seen.where,
        attach=OwnCommand("attach"),
    )
