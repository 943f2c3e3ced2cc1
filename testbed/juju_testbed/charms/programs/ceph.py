"""The ceph command on ceph-mon units."""

from __future__ import annotations

import json
from typing import Any

from .. import tables
from ..site import Site
from .base import Call, Result

_NO_CONF = (
    "Error initializing cluster client: ObjectNotFound('RADOS object not found "
    "(error calling conf_read_file)')\n"
)
_HASH = "8a82819d84cf884bd39c17e3236e0632ac146dc4"


async def ceph(call: Call) -> Result:
    """Run a ceph command; only a monitor's unit has the configuration and the keyring."""
    site = call.site
    await site.spend("query")
    if site.facts.name != "ceph-mon":
        return Result(1, "", _NO_CONF)
    words, as_json = _words(call.args)
    command = " ".join(words[:2])
    if words[:1] == ["versions"]:
        return Result(0, json.dumps(_versions(site), indent=4) + "\n")
    if words[:1] == ["version"]:
        return Result(0, _version_line(site.version(site.world.running), site) + "\n")
    if words[:1] == ["health"]:
        return _health(site, as_json)
    if words[:1] in (["status"], ["-s"]):
        return _status(site, as_json)
    if command == "pg stat":
        return _pg_stat(site, as_json)
    if command in ("osd set", "osd unset") and len(words) == 3:
        return _flag(site, words[1] == "set", words[2])
    if command == "osd require-osd-release" and len(words) >= 3:
        return _require(site, words[2])
    if command == "osd dump":
        return _dump(site, as_json)
    if command == "osd metadata":
        return Result(0, json.dumps(_metadata(site), indent=4) + "\n")
    if command in ("osd tree", "osd stat", "osd ls"):
        return _osds_shown(site, command, as_json)
    return Result(22, "", "no valid command found\nError EINVAL: invalid command\n")


def _words(args: list[str]) -> tuple[list[str], bool]:
    """Split the arguments into the command's words and whether JSON is wanted."""
    words: list[str] = []
    as_json = False
    rest = iter(args)
    for arg in rest:
        if arg in ("-f", "--format"):
            as_json = next(rest, "").startswith("json")
        elif arg.startswith("--format="):
            as_json = arg.partition("=")[2].startswith("json")
        elif arg in ("--id", "-n", "--name", "-c", "--connect-timeout"):
            next(rest, "")
        elif arg == "-s" or not arg.startswith("-"):
            words.append(arg)
    return words, as_json


def osds(site: Site) -> list[Site]:
    """Return the sites of the cluster's OSDs, one per ceph-osd unit."""
    return [s for name in site.related("ceph-osd") for s in site.place.sites(name)]


def _daemons(site: Site) -> dict[str, list[Site]]:
    mons = site.place.sites(site.app.name)
    mds = [s for name in site.related("ceph-fs") for s in site.place.sites(name)]
    rgw = [s for name in site.related("ceph-radosgw") for s in site.place.sites(name)]
    return {"mon": mons, "mgr": mons, "osd": osds(site), "mds": mds, "rgw": rgw}


def _version_line(version: str, site: Site) -> str:
    name = _name_of(version, site)
    return f"ceph version {version} ({_HASH}) {name} (stable)"


def _name_of(version: str, site: Site) -> str:
    """Return the Ceph release that a version is of."""
    for release in tables.releases():
        if tables.version("ceph", site.machine.series, release, "") == version:
            return tables.ceph_name(release)
    return "octopus"


def _versions(site: Site) -> dict[str, dict[str, int]]:
    shown: dict[str, dict[str, int]] = {}
    overall: dict[str, int] = {}
    for kind, daemons in _daemons(site).items():
        counts: dict[str, int] = {}
        for daemon in daemons:
            line = _version_line(daemon.version(daemon.world.running), daemon)
            counts[line] = counts.get(line, 0) + 1
            overall[line] = overall.get(line, 0) + 1
        if counts or kind in ("osd", "mds"):
            shown[kind] = counts
    shown["overall"] = overall
    return shown


def _flag(site: Site, wanted: bool, flag: str) -> Result:
    flags = site.place.cluster(site.app.name).flags
    if (flag in flags) is not wanted:
        flags.symmetric_difference_update({flag})
        if flag == "noout":
            site.log("noout", set=wanted)
    return Result(0, "", f"{flag} is {'set' if wanted else 'unset'}\n")


def _require(site: Site, release: str) -> Result:
    """Refuse a release that an OSD does not run yet, and one below the present one."""
    cluster = site.place.cluster(site.app.name)
    names = tables.ceph_names()
    if release not in names:
        return Result(22, "", f"Invalid command: {release} not in {'|'.join(names)}\n")
    running = [names.index(tables.ceph_name(s.world.running)) for s in osds(site)]
    if running and names.index(release) > min(running):
        return Result(
            1,
            "",
            f"Error EPERM: not all up OSDs have CEPH_FEATURE_SERVER_{release.upper()} feature\n",
        )
    if names.index(release) < names.index(cluster.require_osd_release):
        return Result(
            1, "", "Error EPERM: require_osd_release cannot be lowered once it has been set\n"
        )
    if release != cluster.require_osd_release:
        cluster.require_osd_release = release
        site.log("osd-release", release=release)
    return Result(0)


def _dump(site: Site, as_json: bool) -> Result:
    cluster = site.place.cluster(site.app.name)
    flags = sorted({"sortbitwise", "recovery_deletes", "purged_snapdirs", *cluster.flags})
    shown: dict[str, Any] = {
        "epoch": cluster.epoch,
        "fsid": site.place.model.uuid,
        "flags": ",".join(flags),
        "flags_set": flags,
        "require_osd_release": cluster.require_osd_release,
        "osds": [{"osd": n, "up": 1, "in": 1} for n, _ in enumerate(osds(site))],
    }
    if as_json:
        return Result(0, "\n" + json.dumps(shown) + "\n")
    lines = [f"epoch {shown['epoch']}", f"fsid {shown['fsid']}", f"flags {shown['flags']}"]
    lines.append(f"require_osd_release {cluster.require_osd_release}")
    return Result(0, "".join(line + "\n" for line in lines))


def health_of(site: Site) -> tuple[str, list[str]]:
    """Return the cluster's health and why it is not well."""
    cluster = site.place.cluster(site.app.name)
    reasons = [f"{flag} flag(s) set" for flag in sorted(cluster.flags)]
    if len(_versions(site)["overall"]) > 1:
        reasons.append("There are daemons running multiple old versions of ceph")
    health = cluster.health
    return ("HEALTH_WARN" if reasons and health == "HEALTH_OK" else health), reasons


def _health(site: Site, as_json: bool) -> Result:
    health, reasons = health_of(site)
    if as_json:
        checks = {f"CHECK_{n}": {"summary": {"message": r}} for n, r in enumerate(reasons)}
        return Result(0, "\n" + json.dumps({"status": health, "checks": checks}) + "\n")
    return Result(0, f"{health}{' ' if reasons else ''}{'; '.join(reasons)}\n")


def _pg_rows(site: Site) -> tuple[int, list[dict[str, Any]]]:
    pgs = site.place.cluster(site.app.name).pgs
    return sum(pgs.values()), [{"state_name": s, "count": n} for s, n in sorted(pgs.items())]


def _status(site: Site, as_json: bool) -> Result:
    health, _ = health_of(site)
    total, rows = _pg_rows(site)
    count = len(osds(site))
    if as_json:
        shown = {
            "fsid": site.place.model.uuid,
            "health": {"status": health, "checks": {}},
            "osdmap": {"num_osds": count, "num_up_osds": count, "num_in_osds": count},
            "pgmap": {"pgs_by_state": rows, "num_pgs": total},
        }
        return Result(0, "\n" + json.dumps(shown) + "\n")
    states = "\n             ".join(f"{row['count']} {row['state_name']}" for row in rows)
    return Result(
        0,
        f"  cluster:\n    id:     {site.place.model.uuid}\n    health: {health}\n \n"
        f"  services:\n    osd: {count} osds: {count} up, {count} in\n \n"
        f"  data:\n    pgs:     {states}\n \n",
    )


def _pg_stat(site: Site, as_json: bool) -> Result:
    total, rows = _pg_rows(site)
    if as_json:
        by_state = [{"name": row["state_name"], "num": row["count"]} for row in rows]
        shown = {"pg_summary": {"num_pg_by_state": by_state, "num_pgs": total}}
        return Result(0, "\n" + json.dumps(shown) + "\n")
    states = ", ".join(f"{row['count']} {row['state_name']}" for row in rows)
    return Result(0, f"{total} pgs: {states}; 0 B data\n")


def _metadata(site: Site) -> list[dict[str, Any]]:
    store = site.place.cluster(site.app.name).objectstore
    return [
        {
            "id": number,
            "hostname": osd.unit.machine,
            "osd_objectstore": store,
            "ceph_version_short": osd.version(osd.world.running),
            "ceph_release": tables.ceph_name(osd.world.running),
        }
        for number, osd in enumerate(osds(site))
    ]


def _osds_shown(site: Site, command: str, as_json: bool) -> Result:
    rows = [
        {"id": n, "name": f"osd.{n}", "type": "osd", "status": "up", "reweight": 1.0}
        for n, _ in enumerate(osds(site))
    ]
    if command == "osd ls":
        return Result(0, "".join(f"{row['id']}\n" for row in rows))
    if command == "osd stat":
        shown = {"num_osds": len(rows), "num_up_osds": len(rows), "num_in_osds": len(rows)}
        text = f"{len(rows)} osds: {len(rows)} up, {len(rows)} in"
        return Result(0, (json.dumps(shown) if as_json else text) + "\n")
    if as_json:
        return Result(0, "\n" + json.dumps({"nodes": rows, "stray": []}) + "\n")
    return Result(0, "".join(f"{row['id']} {row['name']} {row['status']}\n" for row in rows))


PROGRAMS = {"ceph": ceph}
