"""What the judge itself knows of an OpenStack upgrade; shared with no other part of the project.

Sources: the charm guide's upgrade order and the release tracks of Charmhub.
"""

from __future__ import annotations

from collections.abc import Mapping

RELEASES = (
    "ussuri", "victoria", "wallaby", "xena", "yoga", "zed", "antelope", "bobcat", "caracal",
)  # fmt: skip
_CALENDAR = {"antelope": "2023.1", "bobcat": "2023.2", "caracal": "2024.1"}

# Principals in the order in which they are upgraded.
ORDER = (
    "vault", "rabbitmq-server", "ceph-mon", "keystone", "aodh", "barbican", "ceilometer",
    "ceph-fs", "ceph-radosgw", "cinder", "designate", "designate-bind", "glance", "gnocchi",
    "heat", "manila", "manila-ganesha", "neutron-gateway", "ovn-dedicated-chassis", "placement",
    "nova-cloud-controller", "openstack-dashboard", "octavia",
)  # fmt: skip
# They have no place in the order; they follow it, by charm and name.
UNORDERED = ("glance-simplestreams-sync", "masakari", "mysql-innodb-cluster")
HYPERVISOR = "nova-compute"
AFTER_HYPERVISORS = ("ovn-central", "neutron-api", "ceph-osd")
PRINCIPALS = (*ORDER, *UNORDERED, HYPERVISOR, *AFTER_HYPERVISORS)

SUBORDINATES = frozenset({
    "barbican-vault", "ceilometer-agent", "ceph-dashboard", "cinder-backup",
    "cinder-backup-swift-proxy", "cinder-ceph", "cinder-lvm", "cinder-netapp",
    "cinder-purestorage", "hacluster", "keystone-kerberos", "keystone-ldap", "keystone-openidc",
    "keystone-saml-mellon", "magnum-dashboard", "manila-dashboard", "manila-generic",
    "manila-netapp", "masakari-monitors", "mysql-router", "neutron-api-plugin-arista",
    "neutron-api-plugin-ironic", "neutron-api-plugin-ovn", "neutron-openvswitch",
    "octavia-dashboard", "octavia-diskimage-retrofit", "ovn-chassis",
})  # fmt: skip

ORIGIN_OPTIONS = ("openstack-origin", "source")

_CEPH = {
    "octopus": "ussuri victoria",
    "pacific": "wallaby xena",
    "quincy": "yoga zed antelope",
    "reef": "bobcat",
    "squid": "caracal",
}
# Charm -> the tracks that fit a release, per series where it matters ("" means any).
_OWN_TRACKS: Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]] = {
    "mysql": {("", ""): ("8.0",)},
    "hacluster": {("focal", ""): ("2.0.3", "2.4"), ("jammy", ""): ("2.4",)},
    "rabbitmq-server": {("focal", ""): ("3.8", "3.9"), ("jammy", ""): ("3.9",)},
    "vault": {
        ("focal", ""): ("1.7",),
        ("jammy", "yoga"): ("1.7", "1.8"),
        ("jammy", ""): ("1.8",),
    },
    "ovn": {
        ("focal", ""): ("22.03",),
        ("jammy", "yoga"): ("22.03",),
        ("jammy", "zed"): ("22.09",),
        ("jammy", "antelope"): ("23.03",),
        ("jammy", "bobcat"): ("23.09",),
        ("jammy", "caracal"): ("24.03",),
    },
}
_FAMILIES = {
    "mysql-innodb-cluster": "mysql",
    "mysql-router": "mysql",
    "ovn-central": "ovn",
    "ovn-chassis": "ovn",
    "ovn-dedicated-chassis": "ovn",
    "hacluster": "hacluster",
    "rabbitmq-server": "rabbitmq-server",
    "vault": "vault",
}


def is_recognised(charm: str) -> bool:
    """Whether an upgrade of the cloud has to do with a charm."""
    return charm in PRINCIPALS or charm in SUBORDINATES


def rank(charm: str, name: str) -> tuple[int, str, str]:
    """Return what principals are sorted by."""
    if charm in ORDER:
        return ORDER.index(charm), "", name
    if charm == HYPERVISOR:
        return len(ORDER) + 1, "", name
    if charm in AFTER_HYPERVISORS:
        return len(ORDER) + 2 + AFTER_HYPERVISORS.index(charm), "", name
    return len(ORDER), charm, name


def fitting_tracks(charm: str, series: str, release: str) -> tuple[str, ...]:
    """Return the tracks on which a charm may be at the end of an upgrade to a release."""
    if charm.startswith("ceph-"):
        return tuple(name for name, fit in _CEPH.items() if release in fit.split())
    rows = _OWN_TRACKS.get(_FAMILIES.get(charm, ""))
    if rows is None:
        return (_CALENDAR.get(release, release),)
    for key in ((series, release), (series, ""), ("", "")):
        if key in rows:
            return rows[key]
    return ()


def at_least(release: str, target: str) -> bool:
    """Whether a release is the target or a later one; unknown names are not."""
    if release not in RELEASES or target not in RELEASES:
        return False
    return RELEASES.index(release) >= RELEASES.index(target)
