"""Every charm that is recognised, and what is particular about upgrading it.

Charms are matched by charm name, never by the application's name.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from types import MappingProxyType

from . import tables

_FILE = "charms.csv"
_COLUMNS = (
    "charm",
    "kind",
    "plane",
    "order",
    "release_from",
    "track_from",
    "version_key",
    "refresh_wait_s",
    "final_wait_s",
    "final_wait_scope",
    "multi_track",
    "held_packages",
    "one_at_a_time",
)
UNORDERED = 1000  # place of charms that the order does not list: after all that it does

NOVA_COMPUTE = "nova-compute"
NOVA_CLOUD_CONTROLLER = "nova-cloud-controller"
CEPH_MON = "ceph-mon"
CEPH_OSD = "ceph-osd"
MYSQL = "mysql-innodb-cluster"
RABBITMQ = "rabbitmq-server"
VAULT = "vault"
OVN_CENTRAL = "ovn-central"
NEUTRON_API = "neutron-api"

MANAGED_UPGRADE = "action-managed-upgrade"
"""The option by which units are upgraded one by one, by an action, not all at once by hooks."""
AUTO_RESTARTS = "enable-auto-restarts"
VERSION_PINNING = "enable-version-pinning"

AFTER_HYPERVISORS = (OVN_CENTRAL, NEUTRON_API, CEPH_OSD)
"""Charms whose upgrade begins by checking that every hypervisor is done."""
OVN = (OVN_CENTRAL, "ovn-chassis", "ovn-dedicated-chassis")


class CharmKind(enum.Enum):
    """How a charm's release and channel are known."""

    CORE = "core"
    CHANNEL_BASED = "channel-based"
    AUXILIARY = "auxiliary"
    SUBORDINATE = "subordinate"
    AUXILIARY_SUBORDINATE = "auxiliary-subordinate"
    UNSUPPORTED = "unsupported"
    NAME_ACCIDENT = "name-accident"  # a version key that a charm happens to be called like


class WaitScope(enum.Enum):
    """What must be idle when a charm's upgrade ends."""

    APPLICATION = "application"
    MODEL = "model"
    NONE = ""


@dataclasses.dataclass(frozen=True)
class Charm:
    """A recognised charm.

    Attributes:
        name: as on Charmhub.
        kind: how it is upgraded.
        data_plane: whether it always belongs to the data plane.
        order: place in the upgrade; `UNORDERED` for the rest.
        from_channel: its current release is its channel's, not its workload's.
        from_table: its tracks come from `cou.openstack.tracks`, not from release names.
        version_key: its row group in `cou.openstack.workload_versions`; may be empty.
        slow_refresh_s: seconds its hooks may take after a refresh where that is more than usual.
        long_final_wait: its last wait uses the long timeout.
        final_scope: what that wait looks at.
        multi_track: several of its tracks may be followed at one release.
        held_packages: kept back while its other packages are upgraded.
        one_at_a_time: its units form a quorum; packages are upgraded unit by unit.
    """

    name: str
    kind: CharmKind
    data_plane: bool
    order: int
    from_channel: bool
    from_table: bool
    version_key: str
    slow_refresh_s: int
    long_final_wait: bool
    final_scope: WaitScope
    multi_track: bool
    held_packages: tuple[str, ...]
    one_at_a_time: bool

    @property
    def subordinate_kind(self) -> bool:
        """Whether it is upgraded as a subordinate: by its channel alone."""
        return self.kind in (CharmKind.SUBORDINATE, CharmKind.AUXILIARY_SUBORDINATE)


def _charm(row: Mapping[str, str]) -> Charm:
    try:
        refresh_s = int(row["refresh_wait_s"])
        return Charm(
            name=row["charm"],
            kind=CharmKind(row["kind"]),
            data_plane=row["plane"] == "data",
            order=int(row["order"] or UNORDERED),
            from_channel=row["release_from"] == "channel",
            from_table=row["track_from"] == "table",
            version_key=row["version_key"],
            slow_refresh_s=refresh_s if refresh_s > 300 else 0,
            long_final_wait=int(row["final_wait_s"] or 0) > 300,
            final_scope=WaitScope(row["final_wait_scope"]),
            multi_track=row["multi_track"] == "yes",
            held_packages=tuple(row["held_packages"].split()),
            one_at_a_time=row["one_at_a_time"] == "yes",
        )
    except ValueError as error:
        raise tables.DataError(
            _FILE, f"the row of {row['charm']} cannot be read: {error}"
        ) from error


@functools.cache
def charms() -> Mapping[str, Charm]:
    """Return all charms of the table by name, name accidents too."""
    found: dict[str, Charm] = {}
    for row in tables.rows(_FILE, _COLUMNS):
        if row["charm"] in found:
            raise tables.DataError(_FILE, f"{row['charm']} occurs twice")
        found[row["charm"]] = _charm(row)
    return MappingProxyType(found)


def find(name: str) -> Charm | None:
    """Return a recognised charm, or None.

    Name accidents are none of OpenStack's: `mysql` is a database charm of its own.
    """
    charm = charms().get(name)
    return None if charm is None or charm.kind is CharmKind.NAME_ACCIDENT else charm
