"""What a completed run has reached and what it has not: never better than the truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..journal.records import StepRecord, StepState
from ..kinds import Kind, is_gate
from ..options.options import Group
from ..plan.plan import Plan
from ..wording import NOTHING, CommandStyle, Text, Wording, join, own_command

LEFT_OUT = ("hypervisor-not-empty", "instance-count-unknown", "needs-all-hypervisors")
"""Codes of problems that say what a plan leaves out."""
_HOSTS = ("hypervisor-not-empty", "instance-count-unknown")
_LATE = "needs-all-hypervisors"
# Where they are skipped the rest of their group is, too.
_PLANES = {
    Group.ALL: "",
    Group.CONTROL_PLANE: "the control plane ",
    Group.DATA_PLANE: "the data plane ",
    Group.HYPERVISORS: "hypervisors ",
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run is summed up.

    Attributes:
        what: ``to victoria``, ``the control plane to victoria``.
        left: what is not there, ``nova-compute/3 (5 instances)``; empty where all is.
        then: what to do about it, as a sentence goes on; empty where nothing is left.
    """

    what: str
    left: tuple[str, ...] = ()
    then: Wording = NOTHING

    def exceptions(self, style: CommandStyle) -> str:
        """Return what is left, and what to do about it, to follow on `what`.

        Args:
            style: how whoever reads it types our commands.
        """
        if not self.left:
            return ""
        then = self.then.text_for(style)
        return f" except {', '.join(self.left)}" + (f": {then}" if then else "")


def of(plan: Plan, records: Mapping[str, StepRecord]) -> Outcome:
    """Return what a run of a plan comes to, by what was left out before it and on its way."""
    hosts = [one.brief or one.subject for one in plan.problems if one.code in _HOSTS]
    late = [one.subject for one in plan.problems if one.code == _LATE]
    filled, behind, skipped = _on_the_way(plan, records)
    hosts += filled
    late += behind
    then = _then(plan, hosts, late)
    left = tuple(dict.fromkeys([*hosts, *late, *skipped]))
    return Outcome(_what(plan), left, then if left else NOTHING)


def _what(plan: Plan) -> str:
    options = plan.options
    which = ""
    if options.machines:
        which = f"on {', '.join(options.machines)} "
    elif options.availability_zones:
        which = f"in {', '.join(options.availability_zones)} "
    return f"{_PLANES[options.group]}{which}to {plan.target}"


def _then(plan: Plan, hosts: list[str], late: list[str]) -> Wording:
    group = "data-plane" if late else plan.options.group.value.replace("all", "data-plane")
    if hosts:
        which = "it" if len(hosts) == 1 else "them"
        return join(f"empty {which}, then ", own_command("plan", group=group))
    then = join("upgrade every hypervisor, then ", own_command("plan", group="data-plane"))
    return then if late else NOTHING


def _on_the_way(
    plan: Plan, records: Mapping[str, StepRecord]
) -> tuple[list[str], list[str], list[str]]:
    """Return hosts that were not empty any more, what waits for them, and skipped targets."""
    hosts: list[str] = []
    late: list[str] = []
    skipped: list[str] = []
    gone = {id for id, record in records.items() if record.state is StepState.SKIPPED}
    for group in plan.root.walk():
        leaves = [step for step in group.steps if step.id in gone]
        gates = [step for step in leaves if is_gate(step.kind)]
        for step in gates:
            if step.kind is Kind.VERIFY_HYPERVISOR_EMPTY:
                hosts.append(_with_instances(step.target, records[step.id].note))
            else:
                late.append(group.target)
        if not gates:
            skipped += [f"{step.target} (a step was skipped)" for step in leaves]
    return hosts, late, skipped


def _with_instances(unit: str, note: Wording) -> str:
    """Return a host with the count of its instances, where it was kept as data."""
    if isinstance(note, Text) and note.key == "note/instances":
        return f"{unit} ({note.values['count']} instances)"
    return unit
