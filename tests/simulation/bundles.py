"""Bundles made by code: a small cloud of the usual shape, and one with everything, HA and zones.

Both are laid out for any release of a series. Tracks are spelt out here from the charm guide's
tables, so that a slip in the engine's own tables shows.
"""

from __future__ import annotations

import copy
import itertools

FOCAL = ("ussuri", "victoria", "wallaby", "xena", "yoga")
JAMMY = ("yoga", "zed", "antelope", "bobcat", "caracal")
PAIRS = tuple(
    (series, one, other)
    for series, chain in (("focal", FOCAL), ("jammy", JAMMY))
    for one, other in itertools.pairwise(chain)
)
"""Every upgrade that there is: series, from, to."""

_CALENDAR = {"antelope": "2023.1", "bobcat": "2023.2", "caracal": "2024.1"}
_CEPH = {"ussuri": "octopus", "victoria": "octopus", "wallaby": "pacific", "xena": "pacific"}
_CEPH |= {"yoga": "quincy", "zed": "quincy", "antelope": "quincy"}
_CEPH |= {"bobcat": "reef", "caracal": "squid"}
_OVN_JAMMY = {"yoga": "22.03", "zed": "22.09", "antelope": "23.03", "bobcat": "23.09"}
_OVN_JAMMY |= {"caracal": "24.03"}
_OWN_TRACK = {
    "mysql-innodb-cluster": "8.0",
    "mysql-router": "8.0",
    "rabbitmq-server": "3.9",
    "hacluster": "2.4",
}
SOURCE = ("ceph-mon", "ceph-osd", "ceph-fs", "ceph-radosgw", "ovn-central")
SOURCE += ("ovn-dedicated-chassis", "mysql-innodb-cluster", "rabbitmq-server", "ceph-rbd-mirror")
NO_ORIGIN = ("vault", "designate-bind", "memcached")

APIS = ("keystone", "glance", "cinder", "placement", "nova-cloud-controller", "neutron-api")
MORE_APIS = ("aodh", "barbican", "designate", "gnocchi", "heat", "manila", "masakari", "octavia")
MORE_APIS += ("ceilometer", "openstack-dashboard")
_WITHOUT_DATABASE = ("ceilometer", "gnocchi")


def track(charm: str, series: str, release: str) -> str:
    """Return the track that a charm follows at a release."""
    if charm.startswith("ceph-"):
        return _CEPH[release]
    if charm.startswith("ovn-"):
        return "22.03" if series == "focal" else _OVN_JAMMY[release]
    if charm == "vault":
        return "1.7" if series == "focal" or release == "yoga" else "1.8"
    return _OWN_TRACK.get(charm) or _CALENDAR.get(release, release)


def origin(series: str, release: str) -> str:
    """Return the APT origin of a release."""
    if (series, release) in (("focal", "ussuri"), ("jammy", "yoga")):
        return "distro"
    return f"cloud:{series}-{release}"


class Bundle:
    """A bundle that is being written.

    Args:
        series: of all machines.
        release: what everything is at.
        controllers: machines of the containers; hypervisors follow.
        zones: the zone of each hypervisor.
    """

    def __init__(self, series: str, release: str, controllers: int, zones: tuple[str, ...]):
        self.series, self.release = series, release
        self.hosts = [str(controllers + n) for n in range(len(zones))]
        machines = {str(n): {"series": series} for n in range(controllers)}
        for host, zone in zip(self.hosts, zones, strict=True):
            machines[host] = {"series": series}
            if zone:
                machines[host]["constraints"] = f"zones={zone}"
        self.controllers = controllers
        self.data = {"series": series, "machines": machines, "applications": {}, "relations": []}

    def add(self, name, *, charm="", units=1, to=None, options=None, channel=""):
        """Add a principal; without `to` its units get containers on the controllers."""
        charm = charm or name
        chosen = dict(options or {})
        if charm == "nova-cloud-controller" and self.release == "antelope":
            # The charm's default still names AvailabilityZoneFilter, which blocks the upgrade.
            chosen.setdefault("scheduler-default-filters", "ComputeFilter,ImagePropertiesFilter")
        if charm in SOURCE:
            chosen.setdefault("source", origin(self.series, self.release))
        elif charm not in NO_ORIGIN:
            chosen.setdefault("openstack-origin", origin(self.series, self.release))
        self.data["applications"][name] = {
            "charm": f"ch:{charm}",
            "channel": channel or f"{track(charm, self.series, self.release)}/stable",
            "num_units": units,
            "options": chosen,
            "to": to or [f"lxd:{n % self.controllers}" for n in range(units)],
        }

    def beside(self, name, principal, ends, *, charm=""):
        """Add a subordinate where it is missing, and relate it to a principal by two endpoints."""
        charm = charm or name
        channel = f"{track(charm, self.series, self.release)}/stable"
        self.data["applications"].setdefault(name, {"charm": f"ch:{charm}", "channel": channel})
        self.relate(f"{principal}:{ends[0]}", f"{name}:{ends[1]}")

    def relate(self, one, other):
        """Relate two applications."""
        self.data["relations"].append([one, other])

    def service(self, name, *, units, ha):
        """Add an API service with its router and, where wanted, its hacluster."""
        self.add(name, units=units, options={"vip": "10.0.0.10"} if ha else {})
        if ha:
            self.beside(f"{name}-hacluster", name, ("ha", "ha"), charm="hacluster")
        if name not in _WITHOUT_DATABASE:
            router = f"{name}-mysql-router"
            self.beside(router, name, ("shared-db", "shared-db"), charm="mysql-router")
            self.relate(f"{router}:db-router", "mysql-innodb-cluster:db-router")
        if name != "keystone":
            self.relate(f"{name}:identity-service", "keystone:identity-service")
        self.relate(f"{name}:amqp", "rabbitmq-server:amqp")

    def testbed(self, **seeds):
        """Say how the simulated cloud is at the start."""
        section = self.data.setdefault("testbed", {})
        section.update({key.replace("_", "-"): value for key, value in seeds.items()})
        return self

    def done(self):
        """Return the bundle's data, the caller's own."""
        return copy.deepcopy(self.data)


def base(series: str, release: str, *, zones: tuple[str, ...] = ("", "", "")) -> Bundle:
    """Return a small cloud: one unit of most, three of what forms a quorum, no HA."""
    bundle = Bundle(series, release, 3, zones)
    _foundation(bundle, hosts=bundle.hosts)
    for name in (*APIS, "openstack-dashboard"):
        bundle.service(name, units=1, ha=False)
    bundle.add("ceph-radosgw")
    bundle.relate("ceph-radosgw:mon", "ceph-mon:radosgw")
    _plugins(bundle)
    return bundle


def two_services(series: str, release: str) -> Bundle:
    """Return a cloud without hypervisors: two API services of three units with hacluster."""
    bundle = Bundle(series, release, 3, ())
    for name in ("rabbitmq-server", "mysql-innodb-cluster"):
        bundle.add(name, units=3)
    for name in ("keystone", "glance"):
        bundle.service(name, units=3, ha=True)
    return bundle


def large(series: str, release: str, *, per_zone: int = 1) -> Bundle:
    """Return a cloud of more than 60 applications: three zones, HA everywhere."""
    zones = tuple(f"az{n % 3 + 1}" for n in range(3 * per_zone))
    bundle = Bundle(series, release, 3, zones)
    _foundation(bundle, hosts=bundle.hosts)
    bundle.data["applications"]["vault"]["num_units"] = 3
    bundle.data["applications"]["vault"]["to"] = ["lxd:0", "lxd:1", "lxd:2"]
    for name in (*APIS, *MORE_APIS):
        bundle.service(name, units=3, ha=True)
    for name in ("ceph-radosgw", "ceph-fs"):
        bundle.add(name, units=3)
        bundle.relate(f"{name}:mon", "ceph-mon:radosgw")
    bundle.beside("radosgw-hacluster", "ceph-radosgw", ("ha", "ha"), charm="hacluster")
    bundle.beside("vault-hacluster", "vault", ("ha", "ha"), charm="hacluster")
    bundle.add("designate-bind", units=3)
    bundle.relate("designate:dns-backend", "designate-bind:dns-backend")
    bundle.add("glance-simplestreams-sync")
    bundle.add("ovn-dedicated-chassis", units=2, to=["0", "1"])
    bundle.add("ceph-rbd-mirror")  # not recognised: never touched
    _plugins(bundle)
    for name, principal, ends in (
        ("barbican-vault", "barbican", ("secrets", "secrets")),
        ("ceilometer-agent", "nova-compute", ("nova-ceilometer", "nova-ceilometer")),
        ("ceph-dashboard", "ceph-mon", ("dashboard", "dashboard")),
        ("keystone-ldap", "keystone", ("domain-backend", "domain-backend")),
        ("masakari-monitors", "nova-compute", ("juju-info", "juju-info")),
        ("octavia-dashboard", "openstack-dashboard", ("dashboard-plugin", "dashboard")),
        ("manila-dashboard", "openstack-dashboard", ("dashboard-plugin", "dashboard")),
        ("cinder-backup", "cinder", ("backup-backend", "backup-backend")),
    ):
        bundle.beside(name, principal, ends)
    return bundle


def _foundation(bundle: Bundle, hosts: list[str]) -> None:
    count = len(hosts)
    bundle.add("vault")
    bundle.add("rabbitmq-server", units=3)
    bundle.add("mysql-innodb-cluster", units=3)
    bundle.add("ceph-mon", units=3)
    bundle.add("ceph-osd", units=count, to=list(hosts))
    bundle.add("nova-compute", units=count, to=list(hosts))
    bundle.add("ovn-central", units=3)
    bundle.relate("ceph-osd:mon", "ceph-mon:osd")
    bundle.relate("ceph-mon:client", "nova-compute:ceph")
    bundle.relate("nova-compute:amqp", "rabbitmq-server:amqp")
    router = "vault-mysql-router"
    bundle.beside(router, "vault", ("shared-db", "shared-db"), charm="mysql-router")
    bundle.relate(f"{router}:db-router", "mysql-innodb-cluster:db-router")


def _plugins(bundle: Bundle) -> None:
    bundle.beside("ovn-chassis", "nova-compute", ("neutron-plugin", "nova-compute"))
    bundle.beside(
        "neutron-api-plugin-ovn",
        "neutron-api",
        ("neutron-plugin-api-subordinate", "neutron-plugin"),
    )
    bundle.beside("cinder-ceph", "cinder", ("storage-backend", "storage-backend"))
    bundle.beside("ntp", "nova-compute", ("juju-info", "juju-info"))
    bundle.data["applications"]["ntp"]["channel"] = "latest/stable"
    bundle.relate("ovn-chassis:ovsdb", "ovn-central:ovsdb")
    bundle.relate("nova-cloud-controller:cloud-compute", "nova-compute:cloud-compute")
    bundle.relate("nova-cloud-controller:neutron-api", "neutron-api:neutron-api")
