"""Small hyper-converged clouds, laid out as the charm documentation's base bundles are.

Three machines carry nova-compute and ceph-osd; everything else is in containers on them.
"""

from __future__ import annotations

from .fakes import COMPUTE_ACTIONS, SERVICE_ACTIONS, World, principal_options

_MAJORS = {"ussuri": 0, "victoria": 1, "wallaby": 2, "xena": 3, "yoga": 4}
_CORE = {
    "keystone": 17,
    "glance": 20,
    "cinder": 16,
    "placement": 3,
    "nova-cloud-controller": 21,
    "neutron-api": 16,
}
_DASHBOARD = {"ussuri": "18.3.5", "victoria": "18.6.2", "yoga": "22.1.0"}
_CEPH = {"ussuri": ("15.2.17", "octopus"), "victoria": ("15.2.17", "octopus")}
_CEPH["yoga"] = ("17.2.9", "quincy")
_ROUTED = ["keystone", "cinder", "glance", "neutron-api", "placement", "vault"]


def openstack_base(series: str, release: str, *, store: bool = False) -> World:
    """Return a cloud on a series at a release; `store`: its charms follow ``latest/stable``."""
    world = World(series, "openstack")
    distro = {"focal": "ussuri", "jammy": "yoga"}[series] == release
    origin = "distro" if distro else f"cloud:{series}-{release}"

    def channel(track: str) -> str:
        return "latest/stable" if store else f"{track}/stable"

    def homes(count: int, container: bool = True) -> str:
        return " ".join(
            f"{n}/lxd/{len(world.apps)}" if container else str(n) for n in range(count)
        )

    for name, base in _CORE.items():
        actions = SERVICE_ACTIONS | {"archive-data", "purge-data"}
        version = f"{base + _MAJORS[release]}.1.0"
        options = principal_options(origin)
        world.add(
            name,
            version,
            channel=channel(release),
            machines=homes(1),
            config=options,
            actions=actions,
        )
    world.add(
        "openstack-dashboard",
        _DASHBOARD[release],
        channel=channel(release),
        machines=homes(1),
        config=principal_options(origin),
        actions=SERVICE_ACTIONS,
    )
    world.add(
        "nova-compute",
        f"{21 + _MAJORS[release]}.1.0",
        channel=channel(release),
        machines=homes(3, container=False),
        config=principal_options(origin),
        actions=COMPUTE_ACTIONS,
    )
    version, track = _CEPH[release]
    for name, count, container in (
        ("ceph-mon", 3, True),
        ("ceph-osd", 3, False),
        ("ceph-radosgw", 1, True),
    ):
        world.add(
            name,
            version,
            channel=channel(track),
            machines=homes(count, container),
            config={"source": origin},
        )
    _infrastructure(world, channel, homes, origin, jammy=series == "jammy")
    _subordinates(world, channel, release)
    return world


def _infrastructure(world, channel, homes, origin, *, jammy):
    world.add(
        "rabbitmq-server",
        "3.9.13" if jammy else "3.8.3",
        channel=channel("3.9"),
        machines=homes(1),
        config={"source": origin, "enable-auto-restarts": True},
    )
    world.add(
        "mysql-innodb-cluster",
        "8.0.39",
        channel=channel("8.0"),
        machines=homes(3),
        config={"source": origin},
    )
    world.add(
        "ovn-central",
        "22.03.3",
        channel=channel("22.03"),
        machines=homes(3),
        config={"source": origin},
    )
    world.add("vault", "1.7.9", channel=channel("1.7"), machines=homes(1))


def _subordinates(world, channel, release):
    for name in _ROUTED:
        world.add(
            f"{name}-mysql-router",
            "8.0.39",
            charm="mysql-router",
            channel=channel("8.0"),
            subordinate_to=name,
        )
    world.add(
        "ovn-chassis",
        "22.03.3",
        channel=channel("22.03"),
        subordinate_to="nova-compute",
        config={"enable-version-pinning": False},
    )
    for name, parent in (("neutron-api-plugin-ovn", "neutron-api"), ("cinder-ceph", "cinder")):
        world.add(name, channel=channel(release), subordinate_to=parent)
    world.add("ntp", "4.2", channel="latest/stable", subordinate_to="nova-compute")
