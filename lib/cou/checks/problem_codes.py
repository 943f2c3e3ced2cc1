"""Every problem a plan may show: its code, how much it weighs and what it means.

The documentation's table is generated from here. Codes are stable and never reused.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..wording import PlanOption, Text, join, sentence, text_of
from .problem import Problem, Severity

_E, _W = Severity.ERROR, Severity.WARNING


@dataclasses.dataclass(frozen=True)
class ProblemCode:
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
    ProblemCode("no-openstack", _E, False, "The model holds no application that cou recognises."),
    ProblemCode("unknown-cloud-release", _E, False, "No application tells the cloud's release."),
    ProblemCode(
        "unsupported-series", _E, False, "Only clouds on focal and jammy can be upgraded."
    ),
    ProblemCode(
        "unsupported-release", _E, False, "The cloud's release is none that its series runs."
    ),
    ProblemCode("last-release", _E, False, "The cloud is at the last release of its series."),
    ProblemCode("nothing-to-do", _W, False, "Nothing of what was chosen has to be upgraded."),
    ProblemCode(
        "no-control-plane", _E, False, "The chosen group is the control plane; there is none."
    ),
    ProblemCode(
        "no-data-plane", _E, False, "The chosen group needs a data plane and there is none."
    ),
    ProblemCode(
        "no-hypervisors", _E, False, "The chosen group is hypervisors and there are none."
    ),
    ProblemCode(
        "control-plane-first", _E, False, "The control plane is older than the data plane."
    ),
    ProblemCode("unknown-machine", _E, False, "A machine given as a filter is not in the model."),
    ProblemCode("unknown-zone", _E, False, "No hypervisor is in a zone given as a filter."),
    ProblemCode(
        "not-a-hypervisor", _E, False, "A machine given as a filter hosts no nova-compute."
    ),
    ProblemCode("unknown-skip-app", _E, True, "An application to skip is not in the model."),
    ProblemCode(
        "not-rolling", _W, False, "An application is upgraded all at once, not unit by unit."
    ),
    ProblemCode(
        "accept-unused", _W, False, "A problem to be taken on was not found, or cannot be."
    ),
    # One application
    ProblemCode("unsupported-charm", _E, False, "Swift is not upgraded."),
    ProblemCode("unknown-workload-version", _E, False, "A workload version fits no release."),
    ProblemCode("unknown-origin", _E, False, "The APT origin names no release."),
    ProblemCode("unknown-channel", _E, False, "The channel's track belongs to no release."),
    ProblemCode(
        "unknown-release", _E, False, "Neither units nor origin tell an application's release."
    ),
    ProblemCode(
        "local-charm", _E, False, "The charm was deployed from a file and follows no channel."
    ),
    ProblemCode("no-track", _E, False, "No track of the charm is known for the target."),
    ProblemCode(
        "release-not-on-series", _E, False, "The application's series does not run the target."
    ),
    ProblemCode("unexpected-channel", _E, False, "The channel is ahead of the workload."),
    ProblemCode(
        "origin-ahead", _E, False, "The APT origin is beyond the target, and the units are not."
    ),
    ProblemCode(
        "workload-behind-origin", _W, False, "Nothing is left to change, yet units are old."
    ),
    ProblemCode("risk-becomes-stable", _W, False, "The application is moved to the risk stable."),
    ProblemCode(
        "mismatched-units", _E, False, "Units of one application are at different releases."
    ),
    ProblemCode(
        "auto-restarts-off", _E, False, "Restarts are deferred, so the upgrade would not act."
    ),
    ProblemCode(
        "ovn-too-old", _E, False, "OVN below 22.03 has to be upgraded first, by its guide."
    ),
    ProblemCode(
        "ovn-version-unknown", _W, False, "OVN's version could not be read; below 22.03 it fails."
    ),
    ProblemCode(
        "ovn-version-pinned", _E, False, "OVN is pinned to a version and would not be upgraded."
    ),
    ProblemCode(
        "no-upgrade-actions", _E, False, "A nova-compute charm lacks an action that is needed."
    ),
    # The state of the cloud
    ProblemCode(
        "not-idle", _E, True, "An application is not active; waits for the model leave it out."
    ),
    ProblemCode("paused-unit", _E, True, "A unit is paused, perhaps by an earlier run."),
    ProblemCode("busy", _W, False, "An agent runs something; the upgrade begins when it is idle."),
    ProblemCode(
        "vault-sealed", _E, False, "Vault is sealed; other applications need its certificates."
    ),
    ProblemCode("no-answer", _W, False, "A question that is good to ask got no answer."),
    ProblemCode(
        "no-nova-cloud-controller", _W, False, "No nova-cloud-controller: nothing is archived."
    ),
    ProblemCode("no-purge-action", _W, False, "No nova-cloud-controller can purge its database."),
    ProblemCode(
        "no-database", _E, True, "A backup was asked for and there is no database to back up."
    ),
    ProblemCode("no-way-back", _W, False, "An upgrade cannot be undone; only the backup remains."),
    ProblemCode(
        "availability-zone-filter", _E, False, "A scheduler filter in use is gone in 2023.2."
    ),
    ProblemCode(
        "compute-service-disabled", _W, False, "A compute service was disabled and stays so."
    ),
    ProblemCode("held-packages", _W, False, "Packages that an upgrade holds are held already."),
    ProblemCode(
        "leftover-run", _W, False, "The model carries the name of a run that was not ended."
    ),
    ProblemCode("leftover-marks", _W, False, "An earlier run has left something switched."),
    # Ceph
    ProblemCode("ceph-unknown", _E, True, "A Ceph cluster did not tell its state."),
    ProblemCode(
        "ceph-mixed-versions", _W, False, "Daemons of a Ceph cluster run different versions."
    ),
    ProblemCode("noout-set", _E, True, "The flag noout is set already; it stays set."),
    ProblemCode("ceph-health-error", _E, True, "A Ceph cluster is in HEALTH_ERR."),
    ProblemCode("ceph-health-warning", _W, False, "A Ceph cluster is in HEALTH_WARN."),
    ProblemCode("ceph-pgs-unclean", _E, True, "Placement groups are not active+clean."),
    ProblemCode(
        "ceph-without-noout", _W, False, "OSDs restart while Ceph may rebalance; set noout."
    ),
    ProblemCode("no-ceph", _W, False, "noout was asked for and there is no Ceph."),
    ProblemCode(
        "noout-not-in-group", _W, False, "noout is only set for the groups all and data-plane."
    ),
    ProblemCode("filestore-osd", _E, False, "FileStore is gone in Reef; the data would be lost."),
    ProblemCode(
        "filestore-unknown", _E, False, "Whether OSDs use FileStore is unknown before Reef."
    ),
    # Hypervisors
    ProblemCode(
        "instance-count-unknown", _E, True, "Taken on, the hypervisor counts as not empty."
    ),
    ProblemCode(
        "hypervisor-not-empty", _W, False, "A hypervisor that runs instances is left out."
    ),
    ProblemCode(
        "hypervisor-with-instances", _W, False, "A hypervisor that runs instances is upgraded."
    ),
    ProblemCode(
        "hypervisor-not-spared", _E, True, "What shares a machine with instances upgrades it."
    ),
    ProblemCode(
        "hypervisor-moves-along", _W, False, "What shares a hypervisor's machine upgrades it."
    ),
    ProblemCode("needs-all-hypervisors", _W, False, "Left out because hypervisors remain old."),
    ProblemCode("not-with-filter", _W, False, "Left out: it reaches beyond the chosen machines."),
    ProblemCode(
        "action-managed-upgrade-stays", _W, False, "The option stays true after this plan."
    ),
    # Surroundings
    ProblemCode("access-too-low", _E, False, "The account may not do what an upgrade needs."),
    ProblemCode("access-unknown", _W, False, "Juju did not tell what the account may do."),
    ProblemCode("cou-on-planned-machine", _E, False, "cou's own machine would be upgraded."),
    ProblemCode("unattended-upgrades", _W, False, "APT may upgrade a shared machine by itself."),
    ProblemCode("hooks-not-retried", _W, False, "The model does not retry failed hooks."),
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
        accept = PlanOption("accept", f"{name}:{subject}")
        remedy = join(sentence(remedy), " Or take it on with ", accept, ".")
    told = text_of(remedy)
    return Problem(name, code.severity, subject, seen, told, code.acceptable, brief=brief)
