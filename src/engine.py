"""What the charm asks of the engine, and how it gets hold of it.

The protocols name only what the charm reads. `cou.control.control` is imported when an event needs
it, so that an action pays for no more than it uses.
"""

# ruff: noqa: D102 - the protocol's docstring says what its properties are

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cou.journal.records import RunState

if TYPE_CHECKING:
    from cou.journal.records import Attempt, Limit, Mark
    from cou.options.options import Options
    from cou.options.settings import Settings
    from cou.plan.plan import Plan
    from cou.plan.step import Step
    from cou.process.access import Access
    from cou.process.paths import Place
    from cou.show.outcome import Outcome
    from cou.wording import Way

# A runner is at work, or was just asked for: it must be given the account.
LIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.WAITING, RunState.DRAINING})
# `upgrade` has something to go on with.
UNFINISHED = LIVE | {
    RunState.STOPPED,
    RunState.KILLED,
    RunState.INTERRUPTED,
    RunState.FAILED,
}


class Shown(Protocol):
    """What `plan` answers with; `remainder`: it is what is left of an unfinished run."""

    @property
    def plan(self) -> Plan: ...
    @property
    def remainder(self) -> bool: ...
    @property
    def message(self) -> str: ...
    def text(self, form: str, way: Way, /) -> str:
        """Return the plan as ``text``, ``json`` or ``markdown`` for who types commands so."""
        ...


class Started(Protocol):
    """What `start` answers with; `until`: nothing begins that may end later."""

    @property
    def run(self) -> str: ...
    @property
    def resumed(self) -> bool: ...
    @property
    def log_path(self) -> Path: ...
    @property
    def message(self) -> str: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def until(self) -> datetime.datetime | None: ...


class Cancelled(Protocol):
    """What `cancel` answers with; `running` has maps with step, title, target, since.

    Where nothing has ever run, `state` is ``None``.
    """

    @property
    def state(self) -> RunState | None: ...
    @property
    def message(self) -> str: ...
    @property
    def running(self) -> Sequence[Mapping[str, Any]]: ...


class Forced(Protocol):
    """What `force` answers with: process ids, task ids (killed before their start, or left)."""

    @property
    def message(self) -> str: ...
    @property
    def killed(self) -> Sequence[int]: ...
    @property
    def cancelled(self) -> Sequence[int]: ...
    @property
    def running(self) -> Sequence[int]: ...
    @property
    def in_doubt(self) -> Sequence[str]: ...


class Abandoned(Protocol):
    """What `abandon` answers with."""

    @property
    def message(self) -> str: ...


class Reported(Protocol):
    """What `report` answers with; `text` is the whole report."""

    @property
    def run(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def text(self) -> str: ...


class View(Protocol):
    """Where the run is (`cou.show.view.View`).

    `number` counts from 1 and is 0 before the first step, and `where` says it in words; `attempt`
    is the newest runner's; `silent_since`: it hangs; `got_somewhere`: it ended a step, or lived
    for a while.
    """

    @property
    def run(self) -> str: ...
    @property
    def state(self) -> RunState: ...
    @property
    def to(self) -> str: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def plan_hash(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def where(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def running(self) -> Sequence[Step]: ...
    @property
    def waits_for(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def marks(self) -> Sequence[Mark]: ...
    @property
    def attempt(self) -> Attempt | None: ...
    @property
    def silent_since(self) -> datetime.datetime | None: ...
    @property
    def got_somewhere(self) -> bool: ...
    def to_dict(self, way: Way, /) -> Mapping[str, Any]:
        """Return what `status format=json` shows; `way`: how its reader types our commands."""
        ...

    def to_text(self, way: Way, /) -> str:
        """Return what `status` shows; `way`: how its reader types our commands."""
        ...


class Engine(Protocol):
    """What the charm asks of `cou.control.control.Control`; every method raises `CouError`."""

    def plan(self, access: Access, settings: Settings, options: Options) -> Shown:
        """Show and record what `start` would do; changes nothing in the model."""
        ...

    def start(
        self,
        access: Access,
        settings: Settings,
        *,
        plan_hash: str | None,
        until: datetime.datetime | None,
        limit: Limit | None,
    ) -> Started:
        """Start the plan last shown, or go on with an unfinished run, in the background."""
        ...

    def cancel(self) -> Cancelled:
        """Record a cancel; what is running is finished."""
        ...

    def force(self, access: Access | None = None) -> Forced:
        """Kill the runner and all it started; with `access` also look after tasks in Juju."""
        ...

    def view(self, *, estimated: bool = False) -> View | None:
        """Read the journal; None where nothing was ever planned.

        Args:
            estimated: say how long it will take, too.
        """
        ...

    def look_afterwards(self, account: Callable[[], Access]) -> None:
        """Look what of an ended run arrives late; asks for the account only if anything may."""
        ...

    def offer(self, access: Access) -> None:
        """Have a run that goes on log in with this account from now on."""
        ...

    def let_go(self, account: Callable[[], Access]) -> None:
        """Have the model's annotation say that nothing runs, if the runner could not say so."""
        ...

    def forget(self) -> None:
        """Keep no account: nothing runs."""
        ...

    def abandon(self, access: Access) -> Abandoned:
        """End an unfinished run for good."""
        ...

    def restore(self, access: Access) -> Any:
        """Put back the marks of a stopped run."""
        ...

    def resolve_step(self, step: str, resolution: str, reason: str) -> Any:
        """Record what became of a step."""
        ...

    def metrics(self) -> str:
        """Give the newest run in Prometheus's text format."""
        ...

    def report(self, form: str) -> Reported:
        """Give the report of the last run as ``markdown``, ``json`` or ``html``."""
        ...


def make_control(place: Place) -> Engine:
    """Return the engine of a unit."""
    from cou.control.control import Control

    return Control(place, way=place.way)
