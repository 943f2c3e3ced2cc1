"""Which actions may be sent a second time while what became of the first is not known.

Juju takes no key by which it could tell the second of two requests from the first, so each action
is judged by what its charm does when it runs twice, also much later. What is not listed here is
not safe: where its request may still arrive, an operator is asked instead
(`cou.steps.context.NeedsOperator`).

Not safe, among what is planned: ``mysqldump`` writes a second dump, perhaps of hundreds of
gigabytes, beside the first; ``run-deferred-hooks`` that arrives in the middle of what follows
restarts a member of a cluster which must not restart there (LP#2046381).
"""

from __future__ import annotations

from collections.abc import Mapping

SAFE: Mapping[str, str] = {
    "pause": "a paused unit is paused again: its services are stopped already",
    "resume": "a unit in service is resumed again: its services run already",
    "openstack-upgrade": "finds no newer release in the origin, and says so",
    "enable": "the scheduler's switch of a hypervisor, set to what it is",
    "disable": "the scheduler's switch of a hypervisor, set to what it is",
    "set-noout": "a flag of the cluster, set to what it is",
    "unset-noout": "a flag of the cluster, set to what it is",
    "archive-data": "moves the next rows, which a later batch would have moved",
    "purge-data": "finds nothing more to purge up to the same date",
}
"""Action -> why it may run twice."""

SWITCHES: Mapping[str, str] = {
    "pause": "paused",
    "disable": "compute-service",
    "set-noout": "noout",
}
"""Action -> the kind of mark for what it leaves switched, if it arrives after what undoes it."""

BACK: Mapping[str, str] = {"pause": "resume", "disable": "enable", "set-noout": "unset-noout"}
"""Action that switches -> the one that puts it back."""


def is_safe(action: str) -> bool:
    """Whether an action may be sent again while its first request may still arrive."""
    return action in SAFE
