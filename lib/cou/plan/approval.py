"""What `upgrade-step` counts as one: an application, a zone, a step on the level of the cloud."""

from __future__ import annotations

from collections.abc import Iterator

from ..kinds import Kind
from .step import Part, Step


def of(root: Step) -> dict[str, str]:
    """Return, by leaf id, the id of the application, zone or cloud-level step it belongs to."""
    return dict(_below(root))


def _below(group: Step, part: str = "") -> Iterator[tuple[str, str]]:
    own = part
    if not part and group.params.get("part") in (Part.APPLICATION.value, Part.ZONE.value):
        own = group.id
    for step in group.steps:
        if step.kind is Kind.GROUP:
            yield from _below(step, own)
        else:
            yield step.id, own or step.id
