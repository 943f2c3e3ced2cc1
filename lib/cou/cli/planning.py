"""Connecting, analysing and planning, with a line for each phase."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

from ..control.control import PlanAnswer
from ..errors import BadInput, JujuError
from ..juju.port import ModelStatus
from ..options import charm_config
from ..options.settings import Settings
from ..process.access import Access
from ..process.connection import PLAN_TIMING, opened
from ..wording import PLAN, UPGRADE, ActionStyle
from . import local_unit
from .location import RunLocation
from .screen import Screen

_OURS = "cou"


@dataclasses.dataclass(frozen=True)
class PlanningResult:
    """A plan that was shown, and what it was made with."""

    shown: PlanAnswer
    access: Access
    settings: Settings


def plan(
    screen: Screen,
    run_location: RunLocation,
    given: Mapping[str, Any],
    *,
    any_version: bool = False,
) -> PlanningResult:
    """Look at the model and plan; while a run is unfinished, show what is left of it.

    Args:
        given: options of `plan` that the command line gives, by their names.
        any_version: also where its Juju is not supported: to show what is left of a run.

    Raises:
        BadInput: the model has a cou of its own, or other options than the unfinished run's.
        JujuError: the model cannot be read.
        CommandInterrupted: a signal came first.
    """
    access = connect(screen, run_location, any_version=any_version)

    def work() -> PlanningResult:
        settings = run_location.settings()
        options = charm_config.options(given, settings, run_location.given)
        shown = run_location.control().plan(
            access, settings, options, lambda: screen.go_on("Generating upgrade plan...")
        )
        return PlanningResult(shown, access, settings)

    return screen.during("Analyzing cloud...", work)


def connect(screen: Screen, run_location: RunLocation, *, any_version: bool = False) -> Access:
    """Log in once, and see whether this cou may work on the model at all.

    Args:
        any_version: also where its Juju is not supported: to end a run, or to show one.

    Raises:
        BadInput: the model has a cou of its own.
        JujuError: the controller cannot be reached, or refuses the login; or its Juju, or that of
            the unit's agent, is not supported.
        CommandInterrupted: a signal came first.
    """
    name = run_location.model or "own"

    def work() -> tuple[Access, ModelStatus | None]:
        if not any_version:
            run_location.check_juju()
        access = run_location.access()
        if run_location.on_unit:
            return access, None
        try:
            return access, asyncio.run(_status(access, any_version))
        except JujuError as error:
            raise _of_client(error, access) from error

    access, status = screen.during(
        f"Connecting to '{name}' model...", work, done=f"Connected to '{name}'"
    )
    if status is not None:
        refuse_beside_charm(status)
    elif (home := local_unit.find_local_unit()) is not None and not local_unit.leads(home):
        raise BadInput("not-leader/connect", home=home.name)
    return access


def refuse_beside_charm(status: ModelStatus) -> None:
    """Refuse a model in which the charm cou is at home: it holds the journal, not this machine.

    Raises:
        BadInput: naming the action to run.
    """
    for name, application in sorted(status.applications.items()):
        if application.charm == _OURS:
            there = ActionStyle(f"{name}/leader")
            raise BadInput(
                "charm-in-model",
                model=status.name,
                application=name,
                plan=there.command(PLAN),
                upgrade=there.command(UPGRADE),
            )


def _of_client(error: JujuError, access: Access) -> JujuError:
    """Return an error with what a user of the Juju client can do; the engine speaks of a charm."""
    if error.code != "login-refused":
        return error
    return JujuError(
        error.code,
        error.seen,
        f"Is the password of {access.username} right, in the Juju client's accounts.yaml or in "
        "the file of --login? Has the user access to the model? `juju show-model` tells. "
        "An account that logs in in a browser cannot be used: make one with `juju add-user`.",
    )


async def _status(access: Access, any_version: bool) -> ModelStatus:
    async with opened(access, PLAN_TIMING, any_version=any_version) as client:
        return await client.full_status()
