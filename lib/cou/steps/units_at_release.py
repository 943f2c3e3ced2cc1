"""Which units of an application run a release, by their workload versions."""

from __future__ import annotations

from collections.abc import Sequence

from ..juju.port import ApplicationStatus, ModelStatus, UnitStatus
from ..openstack import workload_versions
from ..wording import text
from .context import Context, History, LookTime, PendingWait, Wait
from .wait_conditions import told

UPDATE_STATUS = (
    "if test -e ./dispatch; then JUJU_DISPATCH_PATH=hooks/update-status ./dispatch; "
    "elif test -e hooks/update-status; then hooks/update-status; fi"
)
"""Runs the charm's update-status, as Juju would: many OpenStack charms have no dispatch."""


def behind(app: ApplicationStatus, charm: str, release: str) -> list[UnitStatus]:
    """Return the units whose workload version is older than a release, in order of name."""
    return [
        unit
        for _, unit in sorted(app.units.items())
        if not workload_versions.at_least(charm, unit.workload_version, release)
    ]


def reached(
    application: str, charm: str, release: str, units: Sequence[str], timeout_s: float
) -> Wait:
    """Wait until units show a workload version of a release, or a later one, and are not busy."""

    def check(status: ModelStatus, history: History, look: LookTime) -> PendingWait | None:
        app = status.applications.get(application)
        for unit in app.units.values() if app else ():
            if unit.name not in units:
                continue
            if unit.agent.current == "executing":
                return PendingWait(
                    text("wait/not-idle", unit=unit.name, status=told(unit)), (unit.name,)
                )
            if not workload_versions.at_least(charm, unit.workload_version, release):
                values = {"unit": unit.name, "release": release, "status": told(unit)}
                shown = unit.workload_version
                what = (
                    text("wait/version", version=shown, **values)
                    if shown
                    else text("wait/no-version", **values)
                )
                return PendingWait(what, (unit.name,), settled=True)
        return None

    return Wait(check=check, applications=(application,), timeout_s=timeout_s)


async def update_status(ctx: Context, units: Sequence[str]) -> None:
    """Make units say now what they are; their outcome shows in the model."""
    for unit in units:
        await ctx.read_command(unit, UPDATE_STATUS)
