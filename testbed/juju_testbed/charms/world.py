"""The world behind the simulated charms: machines with packages and files, units, Ceph clusters.

Packages belong to a machine, because APT does: units that share one upgrade each other's
software (reference on colocated applications), and a subordinate's moves with its principal's.
"""

from __future__ import annotations

import dataclasses
import fnmatch

from . import tables

SOURCES = "/etc/apt/sources.list"
CLOUD_ARCHIVE = "/etc/apt/sources.list.d/cloud-archive.list"


@dataclasses.dataclass
class File:
    """A file; `compressed` says that what lies on the disk is gzip of `text`."""

    text: str
    mode: int = 0o644
    compressed: bool = False
    size: int | None = None
    damaged: bool = False

    @property
    def bytes(self) -> int:
        """Its size on the disk."""
        return len(self.text.encode()) if self.size is None else self.size


@dataclasses.dataclass
class MachineWorld:
    """One machine or container.

    Attributes:
        series: its Ubuntu series.
        pocket: OpenStack release that its APT sources lead to.
        installed: release of what is installed.
        files: path -> file.
        services: systemd unit -> active, inactive, failed.
        pending: packages with an update within the pocket.
        held: packages that APT leaves alone.
        index_stale: apt-get update has not run since the sources changed.
        interrupted: dpkg was killed half-way; apt-get refuses until it is configured.
        directories: those that were made, besides those that every machine has.
        read_only: its disk takes nothing.
    """

    series: str
    pocket: str
    installed: str
    files: dict[str, File] = dataclasses.field(default_factory=dict)
    services: dict[str, str] = dataclasses.field(default_factory=dict)
    pending: set[str] = dataclasses.field(default_factory=set)
    held: set[str] = dataclasses.field(default_factory=set)
    index_stale: bool = False
    interrupted: bool = False
    directories: set[str] = dataclasses.field(default_factory=set)
    read_only: bool = False

    def write_sources(self, line: str, release: str) -> None:
        """Point APT at an archive (empty `line`: the distribution's own)."""
        if line:
            self.files[CLOUD_ARCHIVE] = File(f"# Added by the charm\n{line}\n")
        else:
            self.files.pop(CLOUD_ARCHIVE, None)
        self.index_stale = self.pocket != release
        self.pocket = release


def new_machine(series: str, origin: str = "") -> MachineWorld:
    """Return a machine whose packages come from an origin."""
    release = tables.origin_release(origin, series)
    machine = MachineWorld(series, release, release)
    archive = "http://archive.ubuntu.com/ubuntu"
    machine.files[SOURCES] = File(
        f"deb {archive} {series} main restricted universe\n"
        f"deb {archive} {series}-updates main restricted universe\n"
        f"deb http://security.ubuntu.com/ubuntu {series}-security main restricted universe\n"
    )
    machine.files["/etc/hostname"] = File("host\n")
    machine.write_sources(tables.archive_line(origin, series, release), release)
    machine.index_stale = False
    return machine


@dataclasses.dataclass
class UnitWorld:
    """What is true of one unit.

    Attributes:
        charm: the charm's name.
        track: track of the charm revision that its last upgrade-charm hook ran.
        running: release of the daemons that run; only Ceph's lag behind what is installed.
        origin: the origin option as its last config-changed hook saw it.
        started: its first start hook has run; a later one means a reboot.
        paused: services were stopped by the pause action.
        serving: its services answer; not while it is paused or its release is moved.
        deferred: services that wait for a restart, with restarts not automatic.
        deferred_hooks: hooks that were skipped for the same reason.
        compute_enabled: nova-compute: the scheduler may place instances here.
        instances: nova-compute: how many run here.
        sealed: vault: it cannot read its own data.
        unseal_keys: vault: keys given so far.
        lies: lie of the room's `lies` -> how often it is still told, or what it says.
    """

    charm: str
    track: str
    running: str
    origin: str = ""
    started: bool = True
    paused: bool = False
    serving: bool = True
    deferred: list[str] = dataclasses.field(default_factory=list)
    deferred_hooks: list[str] = dataclasses.field(default_factory=list)
    compute_enabled: bool = True
    instances: int = 0
    sealed: bool = False
    unseal_keys: int = 0
    lies: dict[str, int | str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class CephCluster:
    """A Ceph cluster, by its ceph-mon application.

    Attributes:
        require_osd_release: as `ceph osd dump` shows it.
        flags: osd flags that are set.
        health: HEALTH_OK, HEALTH_WARN or HEALTH_ERR.
        pgs: state -> number of placement groups.
        objectstore: of every OSD.
    """

    require_osd_release: str
    flags: set[str] = dataclasses.field(default_factory=set)
    health: str = "HEALTH_OK"
    pgs: dict[str, int] = dataclasses.field(default_factory=lambda: {"active+clean": 129})
    objectstore: str = "bluestore"
    epoch: int = 73


@dataclasses.dataclass
class CloudWorld:
    """Everything of one model that is no unit.

    Attributes:
        machines: machine id -> its world.
        clusters: ceph-mon application -> its cluster.
        deleted_rows: nova-cloud-controller application -> rows left to archive.
        shadow_rows: the same -> rows archived, that purge-data would remove.
        seal_on_refresh: vault seals itself on any refresh of its charm, not only when its own
            version changes.
        commands: every command line that was executed: (unit, command).
        unknown: programs that were asked for and are not simulated: (unit, program).
    """

    machines: dict[str, MachineWorld] = dataclasses.field(default_factory=dict)
    clusters: dict[str, CephCluster] = dataclasses.field(default_factory=dict)
    deleted_rows: dict[str, int] = dataclasses.field(default_factory=dict)
    shadow_rows: dict[str, int] = dataclasses.field(default_factory=dict)
    seal_on_refresh: bool = False
    commands: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    unknown: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def host(self, machine: str, series: str) -> MachineWorld:
        """Return a machine's world; a new one has the distribution's own packages."""
        if machine not in self.machines:
            self.machines[machine] = new_machine(series)
        return self.machines[machine]


def matching(machine: MachineWorld, pattern: str) -> list[str]:
    """Return the files and directories that a shell pattern matches, sorted."""
    depth = pattern.count("/")
    paths = set(machine.files)
    for path in machine.files:
        parts = path.split("/")
        paths.update("/".join(parts[:end]) for end in range(2, len(parts)))
    return sorted(
        path for path in paths if path.count("/") == depth and fnmatch.fnmatchcase(path, pattern)
    )
