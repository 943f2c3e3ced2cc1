"""Which upgrades may overlap, and why: everything that is not declared here goes one by one."""

from __future__ import annotations

import dataclasses
import functools

from . import charms as openstack_charms
from . import tables

_FILE = "overlaps.csv"
_COLUMNS = ("may", "one", "other", "reason")

HOST = "@host"
"""Stands for a hypervisor, whatever is on it."""
_SUBORDINATE = "@subordinate"
_API = "@api"
# Services behind an API that take part in no one else's quorum and carry no instance's traffic.
_APIS = frozenset(
    {
        "aodh",
        "barbican",
        "ceilometer",
        "ceph-fs",
        "ceph-radosgw",
        "cinder",
        "designate",
        "designate-bind",
        "glance",
        "gnocchi",
        "heat",
        "manila",
        "manila-ganesha",
        "masakari",
        "nova-cloud-controller",
        "octavia",
        "openstack-dashboard",
        "placement",
    }
)


@dataclasses.dataclass(frozen=True)
class Overlap:
    """One declaration: charms of `one` and of `other` may overlap, or must not.

    Attributes:
        may: whether they may; what must not outweighs what may.
        one: names of charms, or `HOST`.
        other: the same.
        reason: why, one sentence.
    """

    may: bool
    one: frozenset[str]
    other: frozenset[str]
    reason: str

    def covers(self, one: str, other: str) -> bool:
        """Whether it speaks of a pair, in either order."""
        forth = one in self.one and other in self.other
        return forth or (other in self.one and one in self.other)


@functools.cache
def declared() -> tuple[Overlap, ...]:
    """Return all declarations, in the order of the table."""
    return tuple(_overlap(row) for row in tables.rows(_FILE, _COLUMNS))


@functools.cache
def may(one: str, other: str) -> bool:
    """Whether the upgrades of two charms may overlap; charms in any order."""
    speaking = [each for each in declared() if each.covers(one, other)]
    return bool(speaking) and all(each.may for each in speaking)


def _overlap(row: dict[str, str]) -> Overlap:
    if row["may"] not in ("yes", "no") or not row["reason"]:
        raise tables.DataError(_FILE, f"the row {row} is neither yes nor no, or gives no reason")
    return Overlap(row["may"] == "yes", _names(row["one"]), _names(row["other"]), row["reason"])


def _names(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in text.split():
        if word == _SUBORDINATE:
            charms = openstack_charms.charms().values()
            found |= {charm.name for charm in charms if charm.subordinate_kind}
        elif word == _API:
            found |= _APIS
        elif word == HOST or openstack_charms.find(word):
            found.add(word)
        else:
            raise tables.DataError(_FILE, f"{word} is no charm that is recognised")
    return frozenset(found)
