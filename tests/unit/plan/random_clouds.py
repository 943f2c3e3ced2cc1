"""Random clouds on focal and jammy, one for each seed, and what is true of them.

Releases, origins, channels, places and mishaps are drawn; `Truth` holds what was drawn, so that
properties need no planner to know where an application stands. Tracks are those of
`tests.simulation.bundles`, spelt out there from the charm guide.
"""

from __future__ import annotations

import dataclasses
import random

from ...simulation import bundles
from ..fakes import COMPUTE_ACTIONS, SERVICE_ACTIONS, Ceph, World

RELEASES = ["ussuri", "victoria", "wallaby", "xena", "yoga", "zed", "antelope", "bobcat"]
RELEASES += ["caracal"]
MAJORS = {
    "keystone": 17,
    "glance": 20,
    "cinder": 16,
    "neutron-api": 16,
    "nova-cloud-controller": 21,
    "nova-compute": 21,
}
"""Core charms and the major version of their ussuri; each release adds one."""
_CEPH = {"octopus": "15.2.17", "pacific": "16.2.15", "quincy": "17.2.9", "reef": "18.2.7"}
_CEPH |= {"squid": "19.2.1"}
SUBORDINATES = ("keystone-ldap", "cinder-ceph", "mysql-router", "ovn-chassis", "hacluster")
QUORUM = ("ceph-mon", "rabbitmq-server", "mysql-innodb-cluster", "vault", "ovn-central")


@dataclasses.dataclass(frozen=True)
class Truth:
    """What was drawn for an application.

    Attributes:
        charm: its charm.
        units: place of each unit's release in `RELEASES`; empty where the workload does not tell.
        origin: place of its origin's release; None where it has none or a strange one.
        channel: place of its channel's release; None where that tells nothing of the cloud.
        told: whether its release can be told at all.
    """

    charm: str
    units: tuple[int, ...] = ()
    origin: int | None = None
    channel: int | None = None
    told: bool = True

    @property
    def release(self) -> int | None:
        """Place of the application's release; None where it says nothing of the cloud's."""
        found = [*self.units, *([] if self.origin is None else [self.origin])]
        if self.channel is not None:
            found = [self.channel]
        return min(found) if found and self.told else None


@dataclasses.dataclass
class Cloud:
    """A world, options for its plan, and the truth about its applications."""

    world: World
    series: str
    options: dict[str, object]
    truth: dict[str, Truth]


def cloud_of(seed: int) -> Cloud:
    """Return the cloud of a seed: even ones on focal, odd ones on jammy."""
    rng = random.Random(seed)
    series = ("focal", "jammy")[seed % 2]
    made = Cloud(World(series), series, {}, {})
    chain = bundles.FOCAL if series == "focal" else bundles.JAMMY
    lowest = RELEASES.index(chain[rng.randrange(len(chain) - 1)])
    places = [str(number) for number in range(rng.randint(1, 4))]
    for place in places:
        made.world.machines[place] = rng.choice(["", "az1", "az1", "az2"])
    for name in MAJORS:
        if name == "nova-compute" or rng.random() < 0.7:
            _core(rng, made, name, places, lowest)
    if rng.random() < 0.2:
        _core(rng, made, "nova-compute", places[:1], lowest, name="nova-compute-gpu")
    _auxiliaries(rng, made, places, lowest)
    _subordinates(rng, made, lowest)
    for name, app in made.world.apps.items():
        if made.truth[name].charm == "nova-compute":
            made.world.instances |= {u: rng.choice(["0", "0", "0", "4", "?"]) for u in app.units}
    made.options = _options(rng, made)
    return made


def _options(rng: random.Random, made: Cloud) -> dict[str, object]:
    found: dict[str, object] = {
        "group": rng.choice(["all", "all", "control-plane", "data-plane", "hypervisors"]),
        "non_empty_hypervisors": rng.choice(["skip", "skip", "upgrade"]),
        "set_noout": rng.random() < 0.5,
        "purge": rng.random() < 0.3,
    }
    if rng.random() < 0.2:
        found["skip_apps"] = rng.choice(sorted(made.world.apps))
    if found["group"] == "hypervisors" and rng.random() < 0.4:
        found["machines"] = "0"
    elif found["group"] == "hypervisors" and rng.random() < 0.3:
        zones = sorted({zone for zone in made.world.machines.values() if zone})
        if zones:
            found["availability_zones"] = rng.choice(zones)
    return found


def _origin(rng: random.Random, made: Cloud, release: int) -> tuple[str, int | None]:
    if rng.random() < 0.03:
        return "ppa:x/y", None
    if made.series == "focal" and release > RELEASES.index("yoga"):
        release = RELEASES.index("yoga")
    return bundles.origin(made.series, RELEASES[release]), release


def _last(made: Cloud) -> int:
    return RELEASES.index("yoga" if made.series == "focal" else "caracal")


def _core(
    rng: random.Random, made: Cloud, charm: str, places: list[str], lowest: int, name: str = ""
) -> None:
    compute = charm == "nova-compute"
    ahead = 0 if compute or charm == "neutron-api" else rng.choice([0, 0, 1, 1, 1, 2])
    release = min(lowest + ahead, _last(made))
    homes = list(places)
    if not compute:
        homes = rng.sample([*places, "60", "61", "62"], rng.randint(1, 3))
    if not compute and rng.random() < 0.05:
        homes = []
    units = [release for _ in homes]
    if units and rng.random() < 0.2:
        units[0] = min(release + 1, _last(made))
    origin, at = _origin(rng, made, release)
    scheme = rng.choice(["ch"] * 12 + ["cs", "local"])
    usual = bundles.track(charm, made.series, RELEASES[release]) + "/stable"
    following = bundles.track(charm, made.series, RELEASES[min(release + 1, _last(made))])
    channel = rng.choice([usual] * 8 + ["latest/stable", f"{following}/edge", "latest/edge"])
    versions = [f"{MAJORS[charm] + unit}.{rng.randint(0, 2)}.1" for unit in units]
    broken = bool(units) and rng.random() < 0.03
    if broken:
        versions[-1] = rng.choice(["", "not-a-version", "1.0"])
    made.world.add(
        name or charm,
        charm=charm,
        channel="" if scheme == "local" else channel,
        scheme=scheme,
        versions=tuple(versions),
        machines=" ".join(homes),
        units=0 if not homes else 1,
        newer=rng.random() < 0.2,
        config={
            "openstack-origin": origin,
            "action-managed-upgrade": rng.random() < 0.3,
        },
        actions=COMPUTE_ACTIONS if compute else SERVICE_ACTIONS | {"archive-data", "purge-data"},
    )
    told = not broken and at is not None
    made.truth[name or charm] = Truth(charm, tuple(units), at, told=told)


def _auxiliaries(rng: random.Random, made: Cloud, places: list[str], lowest: int) -> None:
    for name, charm in (
        ("ceph-mon", "ceph-mon"),
        ("ceph-mon-b", "ceph-mon"),
        ("ceph-osd", "ceph-osd"),
        ("rabbitmq-server", "rabbitmq-server"),
        ("mysql-innodb-cluster", "mysql-innodb-cluster"),
        ("vault", "vault"),
        ("ovn-central", "ovn-central"),
    ):
        if rng.random() > (0.1 if name == "ceph-mon-b" else 0.6):
            continue
        release = min(lowest + rng.choice([0, 0, 1]), _last(made))
        origin, at = _origin(rng, made, release)
        track = bundles.track(charm, made.series, RELEASES[release])
        config: dict[str, object] = {"source": origin}
        if charm == "rabbitmq-server":
            config["enable-auto-restarts"] = rng.random() < 0.5
            track = rng.choice([track, "3.8"]) if made.series == "focal" else track
        made.world.add(
            name,
            _version(charm, made.series, track),
            charm=charm,
            channel=f"{track}/stable" if rng.random() < 0.95 else "latest/stable",
            config=config,
            machines=rng.choice(["", "", " ".join(places)]),
            units=3,
            newer=rng.random() < 0.2,
        )
        made.truth[name] = Truth(charm, (), at, told=at is not None)
    if rng.random() < 0.2 and "ceph-mon" in made.world.apps:
        made.world.ceph["ceph-mon"] = Ceph(flags=("noout",), health="HEALTH_WARN", checks=("X",))


def _version(charm: str, series: str, track: str) -> str:
    if charm.startswith("ceph-"):
        return _CEPH[track]
    if charm == "rabbitmq-server":
        return "3.8.3" if series == "focal" else "3.9.13"
    return {"mysql-innodb-cluster": "8.0.39", "vault": f"{track}.8"}.get(charm, f"{track}.1")


def _subordinates(rng: random.Random, made: Cloud, lowest: int) -> None:
    for name in SUBORDINATES:
        if rng.random() > 0.5:
            continue
        first = RELEASES.index("ussuri" if made.series == "focal" else "yoga")
        at = min(max(lowest + rng.choice([-1, 0, 0, 1, 1, 1, 2]), first), _last(made))
        track = bundles.track(name, made.series, RELEASES[at])
        channel = rng.choice([f"{track}/stable"] * 6 + ["latest/stable", f"{track}/edge", ""])
        same = [
            n for n, r in enumerate(RELEASES[: _last(made) + 1])
            if n >= first
            and bundles.track(name, made.series, r) == track
        ]  # fmt: skip
        made.world.add(
            name,
            "22.03.3" if name == "ovn-chassis" else "",
            channel=channel,
            scheme="ch" if channel else "local",
            subordinate_to="nova-compute",
            newer=rng.random() < 0.2,
        )
        known = None if channel in ("", "latest/stable") else max(same)
        made.truth[name] = Truth(name, channel=known, told=bool(channel))
