"""What a look at the cloud shows after a run: for the report, never a reason to call it failed.

Everything that is said here was true before the run or is the run's own doing; what happened
stands in the journal.
"""

from __future__ import annotations

import dataclasses

from ..cloud.cloud import Application, Cloud
from ..openstack import workload_status, workload_versions


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing worth knowing.

    Attributes:
        code: ``old-unit``, ``ceph-mixed-versions``, ``noout-set``, ``paused-unit``,
            ``compute-service-disabled``, ``not-recognised``.
    """

    code: str
    subject: str
    seen: str


def findings(cloud: Cloud, release: str) -> tuple[Finding, ...]:
    """Return what is not as one would want it after an upgrade to a release.

    Args:
        release: codename of the release that the run went to; empty where it went nowhere.
    """
    found: list[Finding] = []
    for app in cloud.applications:
        found += _units(app, release)
    for state in cloud.ceph:
        if state.overall and len(state.overall) > 1:
            seen = f"Ceph daemons run different versions: {'; '.join(state.overall)}."
            found.append(Finding("ceph-mixed-versions", state.application, seen))
        if "noout" in (state.flags or ()):
            seen = f"noout is set on the cluster of {state.application}."
            found.append(Finding("noout-set", state.application, seen))
    for unit, enabled in sorted(cloud.compute_services.items()):
        if not enabled:
            seen = f"The compute service of {unit} is disabled."
            found.append(Finding("compute-service-disabled", unit, seen))
    for name in cloud.ignored:
        seen = f"{name} is not recognised: nothing was done to it."
        found.append(Finding("not-recognised", name, seen))
    return tuple(found)


def _units(app: Application, release: str) -> list[Finding]:
    """Return what units say; a charm that is known by its channel tells no version."""
    found: list[Finding] = []
    for unit in app.units:
        if workload_status.is_paused(unit.workload):
            found.append(Finding("paused-unit", unit.name, f"{unit.name} is paused."))
        if not release or app.charm.from_channel or not app.charm.version_key:
            continue
        if not workload_versions.at_least(app.charm.name, unit.version, release):
            told = unit.version or "no version"
            seen = f"{unit.name} shows {told}, which is not {release}'s."
            found.append(Finding("old-unit", unit.name, seen))
    return found
