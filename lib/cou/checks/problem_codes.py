"""Every problem a plan may show: its code, how much it weighs and what it means.

The documentation's table is generated from here. Codes are stable and never reused.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..wording import Option, Text, say, sentence, text_of
from .problem import Problem, Severity

_E, _W = Severity.ERROR, Severity.WARNING


@dataclasses.dataclass(frozen=True)
class Code:
    """One kind of problem.

    Attributes:
        name: stable, kebab-case.
        severity: an error makes `upgrade` refuse.
        acceptable: the operator may take an error on with ``accept=<code>:<subject>``.
        meaning: what it means, one sentence.
    """

    name: str
    severity: Severity
    acceptable: bool
    meaning: str


_CODES = (
    # The cloud as a whole
    Code("no-openstack", _E, False, "The model holds no application that cou recognises."),
    Code("unknown-cloud-release", _E, False, "No application tells the cloud's release."),
    Code("unsupported-series", _E, False, "Only clouds on focal and jammy can be upgraded."),
    Code("unsupported-release", _E, False, "The cloud's release is none that its series runs."),
    Code("last-release", _E, False, "The cloud is at the last release of its series."),
    Code("nothing-to-do", _W, False, "Nothing of what was chosen has to be upgraded."),
    Code("no-control-plane", _E, False, "The chosen group is the control plane; there is none."),
    Code("no-data-plane", _E, False, "The chosen group needs a data plane and there is none."),
    Code("no-hypervisors", _E, False, "The chosen group is hypervisors and there are none."),
    Code("control-plane-first", _E, False, "The control plane is older than the data plane."),
    Code("unknown-machine", _E, False, "A machine given as a filter is not in the model."),
    Code("unknown-zone", _E, False, "No hypervisor is in a zone given as a filter."),
    Code("not-a-hypervisor", _E, False, "A machine given as a filter hosts no nova-compute."),
    Code("unknown-skip-app", _E, True, "An application to skip is not in the model."),
    Code("not-rolling", _W, False, "An application is upgraded all at once, not unit by unit."),
    Code("accept-unused", _W, False, "A problem to be taken on was not found, or cannot be."),
    # One application
    Code("unsupported-charm", _E, False, "Swift is not upgraded."),
    Code("unknown-workload-version", _E, False, "A workload version fits no release."),
    Code("unknown-origin", _E, False, "The APT origin names no release."),
    Code("unknown-channel", _E, False, "The channel's track belongs to no release."),
    Code("unknown-release", _E, False, "Neither units nor origin tell an application's release."),
    Code("local-charm", _E, False, "The charm was deployed from a file and follows no channel."),
    Code("no-track", _E, False, "No track of the charm is known for the target."),
    Code("release-not-on-series", _E, False, "The application's series does not run the target."),
    Code("unexpected-channel", _E, False, "The channel is ahead of the workload."),
    Code("origin-ahead", _E, False, "The APT origin is beyond the target, and the units are not."),
    Code("workload-behind-origin", _W, False, "Nothing is left to change, yet units are old."),
    Code("risk-becomes-stable", _W, False, "The application is moved to the risk stable."),
    Code("mismatched-units", _E, False, "Units of one application are at different releases."),
    Code("auto-restarts-off", _E, False, "Restarts are deferred, so the upgrade would not act."),
    Code("ovn-too-old", _E, False, "OVN below 22.03 has to be upgraded first, by its guide."),
    Code(
        "ovn-version-unknown", _W, False, "OVN's version could not be read; below 22.03 it fails."
    ),
    Code("ovn-version-pinned", _E, False, "OVN is pinned to a version and would not be upgraded."),
    Code("no-upgrade-actions", _E, False, "A nova-compute charm lacks an action that is needed."),
    # The state of the cloud
    Code("not-idle", _E, True, "An application is not active; waits for the model leave it out."),
    Code("paused-unit", _E, True, "A unit is paused, perhaps by an earlier run."),
    Code("busy", _W, False, "An agent runs something; the upgrade begins when it is idle."),
    Code("vault-sealed", _E, False, "Vault is sealed; other applications need its certificates."),
    Code("no-answer", _W, False, "A question that is good to ask got no answer."),
    Code("no-nova-cloud-controller", _W, False, "No nova-cloud-controller: nothing is archived."),
    Code("no-purge-action", _W, False, "No nova-cloud-controller can purge its database."),
    Code("no-database", _E, True, "A backup was asked for and there is no database to back up."),
    Code("no-way-back", _W, False, "An upgrade cannot be undone; only the backup remains."),
    Code("availability-zone-filter", _E, False, "A scheduler filter in use is gone in 2023.2."),
    Code("compute-service-disabled", _W, False, "A compute service was disabled and stays so."),
    Code("held-packages", _W, False, "Packages that an upgrade holds are held already."),
    Code("leftover-run", _W, False, "The model carries the name of a run that was not ended."),
    Code("leftover-marks", _W, False, "An earlier run has left something switched."),
    # Ceph
    Code("ceph-unknown", _E, True, "A Ceph cluster did not tell its state."),
    Code("ceph-mixed-versions", _W, False, "Daemons of a Ceph cluster run different versions."),
    Code("noout-set", _E, True, "The flag noout is set already; it stays set."),
    Code("ceph-health-error", _E, True, "A Ceph cluster is in HEALTH_ERR."),
    Code("ceph-health-warning", _W, False, "A Ceph cluster is in HEALTH_WARN."),
    Code("ceph-pgs-unclean", _E, True, "Placement groups are not active+clean."),
    Code("ceph-without-noout", _W, False, "OSDs restart while Ceph may rebalance; set noout."),
    Code("no-ceph", _W, False, "noout was asked for and there is no Ceph."),
    Code("noout-not-in-group", _W, False, "noout is only set for the groups all and data-plane."),
    Code("filestore-osd", _E, False, "FileStore is gone in Reef; the data would be lost."),
    Code("filestore-unknown", _E, False, "Whether OSDs use FileStore is unknown before Reef."),
    # Hypervisors
    Code("instance-count-unknown", _E, True, "Taken on, the hypervisor counts as not empty."),
    Code("hypervisor-not-empty", _W, False, "A hypervisor that runs instances is left out."),
    Code("hypervisor-with-instances", _W, False, "A hypervisor that runs instances is upgraded."),
    Code("hypervisor-not-spared", _E, True, "What shares a machine with instances upgrades it."),
    Code("hypervisor-moves-along", _W, False, "What shares a hypervisor's machine upgrades it."),
    Code("needs-all-hypervisors", _W, False, "Left out because hypervisors remain old."),
    Code("not-with-filter", _W, False, "Left out: it reaches beyond the chosen machines."),
    Code("action-managed-upgrade-stays", _W, False, "The option stays true after this plan."),
    # Surroundings
    Code("access-too-low", _E, False, "The account may not do what an upgrade needs."),
    Code("access-unknown", _W, False, "Juju did not tell what the account may do."),
    Code("cou-on-planned-machine", _E, False, "cou's own machine would be upgraded."),
    Code("unattended-upgrades", _W, False, "APT may upgrade a shared machine by itself."),
    Code("hooks-not-retried", _W, False, "The model does not retry failed hooks."),
)

CODES = {code.name: code for code in _CODES}


def problem(
    key: str,
    subject: str,
    seen: str | None = None,
    remedy: str = "",
    brief: str = "",
    **values: Any,
) -> Problem:
    """Make a problem of a documented code.

    Args:
        key: a text of `cou.texts` that begins with a key of `CODES`.
        subject: the application, unit, machine, zone or ``model`` it is about.
        brief: the subject as a list of what was left out names it.
    """
    name = key.partition("/")[0]
    code = CODES[name]
    if seen is None:
        values["subject"] = subject
        seen, remedy = Text(key, values), Text(key, values, remedy=True)
    if code.acceptable:
        accept = Option("accept", f"{name}:{subject}")
        remedy = say(sentence(remedy), " Or take it on with ", accept, ".")
    told = text_of(remedy)
    return Problem(name, code.severity, subject, seen, told, code.acceptable, brief=brief)
