"""The unit's status, from where the run is: never better than the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import ops
from cou import printable
from cou.control import unit_environment
from cou.errors import CouError
from cou.journal.records import Job, MarkState, RunState
from cou.wording import ActionStyle

if TYPE_CHECKING:
    from cou.show.view import View

# `juju status` shows the message in one line of a table. It counts bytes of UTF-8, cuts what has
# more than these after the 117th, and adds three dots (juju cmd/juju/status/output_tabular.go).
LONGEST = 120
_DOTS = "..."
# Whoever mends these changes an option or the secret, which Juju tells the charm of.
_TOLD_OF = frozenset(
    (
        "bad-config",
        "credentials-not-set",
        "credentials-not-found",
        "credentials-incomplete",
        "credentials-external",
    )
)


def of(view: View | None, unit: str, leader: bool, environ: Mapping[str, str]) -> ops.StatusBase:
    """Return what run and Juju mean for the operator, apart from account and settings."""
    if view is None or not view.state.going:
        try:
            unit_environment.check_juju(environ)
        except CouError as error:
            return _unsupported(error, environ["JUJU_VERSION"], view, unit)
    if view is None or view.state is RunState.PLANNED:
        return ready(leader)
    return of_run(view, unit)


def of_run(view: View, unit: str) -> ops.StatusBase:
    """Return what the run means for the operator.

    A stopped or failed run keeps the unit blocked: a half-upgraded cloud is not a supported state.
    """
    if view.silent_since is not None:
        return _hung(view, unit)
    maker = _GOING.get(view.state) or _RESTING[view.state]
    return maker(view, unit)


def mends_without_event(trouble: CouError) -> bool:
    """Tell whether what keeps the charm from working can be mended without an event from Juju."""
    return trouble.code not in _TOLD_OF


def of_error(error: CouError, unit: str) -> ops.StatusBase:
    """Return what keeps the charm from working, with the command that mends it.

    A remedy that does not fit, as it names long paths, is told by an action: no text of it is cut.
    """
    after = f" {error.remedy.text_for(ActionStyle(unit))}" if error.remedy else ""
    if _size(printable.line(after)) > LONGEST:
        return ops.BlockedStatus(
            fit_in_line("", error.seen.rstrip("."), f"; what to do: juju run {unit} plan")
        )
    return ops.BlockedStatus(fit_in_line("", error.seen, after))


def not_taken(seen: str, unit: str) -> ops.StatusBase:
    """Return that the controller did not take the account when the cloud was last planned."""
    return ops.BlockedStatus(
        fit_in_line("", seen.rstrip("."), f"; mend it, then: juju run {unit} plan")
    )


def ready(leader: bool) -> ops.StatusBase:
    """Return the status of a unit that has nothing to do; only the leader starts runs."""
    return ops.ActiveStatus("ready" if leader else "ready: standby, only the leader runs")


def fit_in_line(before: str, middle: str, after: str, longest: int = LONGEST) -> str:
    """Join three texts into one line; what is too long is cut before the last of them.

    So the command at the end stays whole, also in `juju status`, which cuts longer lines itself.

    Args:
        before, middle, after: the texts; of the middle one, which others wrote, each run of blanks
            becomes one blank.
        longest: how many bytes of UTF-8 the line may have.
    """
    middle = " ".join(printable.line(middle).split())
    after = _cut(printable.line(after), longest)
    return _cut(f"{printable.line(before)}{middle}", longest - _size(after)) + after


def _cut(text: str, longest: int) -> str:
    """Return a text in at most so many bytes; no character is cut in two."""
    if _size(text) <= longest:
        return text
    if longest <= len(_DOTS):
        return ""
    kept = text.encode()[: longest - len(_DOTS)].decode(errors="ignore")
    return kept.rstrip(" :,.;") + _DOTS


def _size(text: str) -> int:
    return len(text.encode())


def where(view: View) -> str:
    """Return ``step 41 of 312``, or what can be said before the first step."""
    return view.where if view.number else "the start"


def _unsupported(error: CouError, version: str, view: View | None, unit: str) -> ops.StatusBase:
    if view is None or not view.state.unfinished:
        return of_error(error, unit)
    after = f"; the run rests at {where(view)}; to end it: juju run {unit} abandon"
    return ops.BlockedStatus(fit_in_line("Juju ", f"{version} is not supported", after))


def _starting(view: View, _: str) -> ops.StatusBase:
    return ops.MaintenanceStatus(fit_in_line("starting the upgrade to ", view.to, ""))


def _running(view: View, _: str) -> ops.StatusBase:
    if view.attempt is not None and view.attempt.job is Job.ABANDON:
        return ops.MaintenanceStatus("abandoning the run: putting back what it switched")
    if not view.number:
        return ops.MaintenanceStatus(
            fit_in_line("looking at the model before the upgrade to ", view.to, "")
        )
    return ops.MaintenanceStatus(fit_in_line(f"{where(view)}: ", view.title, ""))


def _waiting(view: View, _: str) -> ops.StatusBase:
    return ops.WaitingStatus(
        fit_in_line(f"{where(view)} waits: ", view.waits_for or view.title, "")
    )


def _draining(view: View, _: str) -> ops.StatusBase:
    if not view.running:
        return ops.MaintenanceStatus(f"stopping at {where(view)}")
    titles = ", ".join(step.title for step in view.running)
    return ops.MaintenanceStatus(fit_in_line(f"stopping at {where(view)}: finishing ", titles, ""))


def _hung(view: View, unit: str) -> ops.StatusBase:
    since = f"the runner hangs since {view.silent_since:%H:%M} UTC at {where(view)}"
    return ops.BlockedStatus(
        fit_in_line(since, "", f"; to end it: juju run {unit} cancel force=true")
    )


def _halted(word: str) -> Callable[[View, str], ops.StatusBase]:
    def status(view: View, unit: str) -> ops.StatusBase:
        return ops.BlockedStatus(
            fit_in_line(f"{word} at {where(view)}", "", f"; to go on: juju run {unit} upgrade")
        )

    return status


def _failed(view: View, unit: str) -> ops.StatusBase:
    return ops.BlockedStatus(
        fit_in_line(f"failed at {where(view)}: ", view.cause, f"; see juju run {unit} status")
    )


def _refused(view: View, unit: str) -> ops.StatusBase:
    return ops.BlockedStatus(
        fit_in_line("nothing was done: ", view.error, f"; look again: juju run {unit} plan")
    )


def _completed(view: View, unit: str) -> ops.StatusBase:
    kept = sum(mark.state is not MarkState.PUT_BACK for mark in view.marks)
    seen = view.outcome
    if seen.left:
        then = seen.then.text_for(ActionStyle(unit))
        after = (f": {then}" if then else "") + (f"; {kept} left switched" * bool(kept))
        before = f"upgraded {seen.what} except "
        return ops.ActiveStatus(fit_in_line(before, ", ".join(seen.left), after))
    rest = f"; {kept} left switched: juju run {unit} status" if kept else ""
    return ops.ActiveStatus(fit_in_line("upgraded ", seen.what, rest))


def _abandoned(view: View, unit: str) -> ops.StatusBase:
    if not view.number:
        return ops.ActiveStatus("ready")
    # Nobody promised that the rest is done: the next plan tells what the cloud needs.
    return ops.BlockedStatus(
        fit_in_line(
            f"abandoned at {where(view)}", "", f"; look at the cloud: juju run {unit} plan"
        )
    )


def _planned(_: View, unit: str) -> ops.StatusBase:
    return ops.ActiveStatus("ready")


_GOING = {
    RunState.STARTING: _starting,
    RunState.RUNNING: _running,
    RunState.WAITING: _waiting,
    RunState.DRAINING: _draining,
}
_RESTING = {
    RunState.PLANNED: _planned,
    RunState.STOPPED: _halted("stopped"),
    RunState.KILLED: _halted("killed"),
    RunState.INTERRUPTED: _halted("interrupted"),
    RunState.FAILED: _failed,
    RunState.REFUSED: _refused,
    RunState.COMPLETED: _completed,
    RunState.ABANDONED: _abandoned,
}
