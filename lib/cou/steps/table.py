"""Which module performs which kind of step. A new kind is one file and one row here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..plan.step import Kind
from . import (
    archive_data,
    backup_database,
    purge_data,
    put_back,
    refresh,
    require_osd_release,
    run_action,
    run_command,
    set_compute_service,
    set_config,
    set_noout,
    upgrade_packages,
    upgrade_unit,
    verify_hypervisor_empty,
    verify_hypervisors_upgraded,
    verify_workload,
    wait_idle,
    wait_unsealed,
)
from .context import Context, Drained, End, Result

_TABLE: dict[Kind, Callable[[Context], Awaitable[Result]]] = {
    Kind.SET_CONFIG: set_config.perform,
    Kind.REFRESH: refresh.perform,
    Kind.RUN_ACTION: run_action.perform,
    Kind.RUN_COMMAND: run_command.perform,
    Kind.UPGRADE_PACKAGES: upgrade_packages.perform,
    Kind.UPGRADE_UNIT: upgrade_unit.perform,
    Kind.WAIT_IDLE: wait_idle.perform,
    Kind.VERIFY_WORKLOAD: verify_workload.perform,
    Kind.VERIFY_HYPERVISORS_UPGRADED: verify_hypervisors_upgraded.perform,
    Kind.VERIFY_HYPERVISOR_EMPTY: verify_hypervisor_empty.perform,
    Kind.BACKUP_DATABASE: backup_database.perform,
    Kind.ARCHIVE_DATA: archive_data.perform,
    Kind.PURGE_DATA: purge_data.perform,
    Kind.SET_NOOUT: set_noout.perform,
    Kind.REQUIRE_OSD_RELEASE: require_osd_release.perform,
    Kind.WAIT_UNSEALED: wait_unsealed.perform,
    Kind.SET_COMPUTE_SERVICE: set_compute_service.perform,
    Kind.PUT_BACK: put_back.perform,
}


async def perform(ctx: Context) -> Result:
    """Perform a step; see `cou.steps.context` for what may be raised."""
    try:
        return await _TABLE[ctx.step.kind](ctx)
    except Drained:
        return Result(End.AGAIN, "drained between its operations")


def kinds() -> frozenset[Kind]:
    """Return the kinds of steps that can be performed."""
    return frozenset(_TABLE)
