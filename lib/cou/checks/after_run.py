"""What a look at the cloud shows after a run: for the report, never a reason to call it failed.

Everything that is said here was true before the run or is the run's own doing; what happened
stands in the journal.
"""

from __future__ import annotations

import dataclasses

from ..cloud.cloud import Application, Cloud
from ..openstack import workload_status, workload_versions
from ..wording import Wording, text


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing worth knowing.

    Attributes:
        code: ``old-unit``, ``ceph-mixed-versions``, ``noout-set``, ``paused-unit``,
            ``compute-service-disabled``, ``not-recognised``.
    """

    code: str
    subject: str
    seen: Wording


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
            versions = "; ".join(state.overall)
            seen = text("finding/ceph-mixed-versions", versions=versions)
            found.append(Finding("ceph-mixed-versions", state.application, seen))
        if "noout" in (state.flags or ()):
            seen = text("finding/noout-set", application=state.application)
            found.append(Finding("noout-set", state.application, seen))
    for unit, enabled in sorted(cloud.compute_services.items()):
        if not enabled:
            seen = text("finding/compute-service-disabled", unit=unit)
            found.append(Finding("compute-service-disabled", unit, seen))
    for name in cloud.ignored:
        seen = text("finding/not-recognised", application=name)
        found.append(Finding("not-recognised", name, seen))
    return tuple(found)


def _units(app: Application, release: str) -> list[Finding]:
    """Return what units say; a charm that is known by its channel tells no version."""
    found: list[Finding] = []
    for unit in app.units:
        if workload_status.is_paused(unit.workload):
            seen = text("finding/paused-unit", unit=unit.name)
            found.append(Finding("paused-unit", unit.name, seen))
        if not release or app.charm.from_channel or not app.charm.version_key:
            continue
        if not workload_versions.at_least(app.charm.name, unit.version, release):
            seen = text("finding/old-unit-unknown", unit=unit.name, release=release)
            if unit.version:
                values = {"unit": unit.name, "version": unit.version, "release": release}
                seen = text("finding/old-unit", **values)
            found.append(Finding("old-unit", unit.name, seen))
    return found
