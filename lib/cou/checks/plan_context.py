"""What every part of the planner looks at: cloud, options, settings and the target."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..cloud.analysis import ReleaseState
from ..cloud.cloud import Application, Cloud, Unit
from ..openstack.releases import Release
from ..options.options import Group, Options
from ..options.settings import Settings


@dataclasses.dataclass(frozen=True)
class PlanContext:
    """What one plan is made from, frozen.

    Attributes:
        release_states: where each recognised application stands, by name, in order; also skipped
            ones.
        target: release it is upgraded to.
    """

    cloud: Cloud
    options: Options
    settings: Settings
    release_states: Mapping[str, ReleaseState]
    series: str
    origin: Release
    target: Release

    @property
    def applications(self) -> tuple[Application, ...]:
        """The applications that are not skipped, in the order of their upgrade."""
        skipped = self.options.skip_apps
        return tuple(app for app in self.cloud.applications if app.name not in skipped)

    def of_charm(self, charm: str) -> tuple[Application, ...]:
        """Return the applications of a charm that are not skipped and have units."""
        return tuple(app for app in self.applications if app.charm.name == charm and app.units)

    @property
    def filtered(self) -> bool:
        """Whether only some hypervisors were chosen, by machine or zone."""
        return bool(self.options.machines or self.options.availability_zones)

    def covers(self, *groups: Group) -> bool:
        """Whether the chosen group is one of these."""
        return self.options.group in groups

    def done(self, app: Application, unit: Unit) -> bool:
        """Whether a unit is at the target already.

        Its version must fit the target or a later release. Where it fits an older one too
        (versions of some workloads span several releases), the application's origin decides.
        """
        release_state = self.release_states[app.name]
        fitting = release_state.units.get(unit.name, ())
        if not fitting or fitting[-1] < self.target:
            return False
        certain = fitting[0] >= self.target
        return (
            certain
            or release_state.origin_release is None
            or release_state.origin_release >= self.target
        )

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Applications that must be idle where a wait looks at the whole model.

        Skipped ones are left out, and those whose unrest the operator has taken on: a wait for
        them would never end.
        """
        taken_on = {text.partition(":")[2] for text in self.options.accept if _unrest(text)}
        taken_on |= {name.partition("/")[0] for name in taken_on}
        return tuple(app.name for app in self.applications if app.name not in taken_on)


def _unrest(accepted: str) -> bool:
    return accepted.startswith(("not-idle:", "paused-unit:"))


def is_data_plane(cloud: Cloud, app: Application) -> bool:
    """Whether an application belongs to the data plane (reference, 3.3).

    The named charms do, and every principal with a unit on the very machine of a nova-compute
    unit; a container on that machine is another machine. Subordinates never do.
    """
    if app.charm.data_plane:
        return True
    if app.subordinate or app.charm.subordinate_kind:
        return False
    return bool(app.machines & cloud.hypervisor_machines)
