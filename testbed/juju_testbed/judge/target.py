"""Every application is where it was meant to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .knowledge import (
    ORIGIN_OPTIONS,
    PRINCIPALS,
    SUBORDINATES,
    at_least,
    fitting_tracks,
    is_recognised,
)
from .records import Expectations, Log, Violation

RULE = "target"
# It has the option, for the images that it looks for; its packages do not follow it.
_NO_ORIGIN = ("glance-simplestreams-sync",)


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield every application, unit and cluster that is not at the target."""
    if not (expected.complete and expected.target):
        return
    final = log.final
    if final is None:
        yield Violation(RULE, "the log has no snapshot of the end")
        return
    applications: Mapping[str, Any] = final.get("applications") or {}
    changed = _changed(log)
    for name, row in applications.items():
        if is_recognised(str(row.get("charm"))) and name not in expected.skip:
            yield from _application(name, row, expected, changed)
    for name, cluster in (final.get("clusters") or {}).items():
        yield from _cluster(name, cluster, expected)
    if expected.backup:
        yield from _backups(log, applications)


def at_target(log: Log, expected: Expectations) -> int:
    """Count the recognised applications that are wholly at the target."""
    applications: Mapping[str, Any] = (log.final or {}).get("applications") or {}
    changed = _changed(log)
    return sum(
        1
        for name, row in applications.items()
        if is_recognised(str(row.get("charm")))
        and not list(_application(name, row, expected, changed))
    )


def _changed(log: Log) -> frozenset[str]:
    """Applications whose charm or packages moved."""
    return frozenset(
        entry.app for event in ("charm-changed", "workload-upgraded") for entry in log.of(event)
    )


def _application(
    name: str, row: Mapping[str, Any], expected: Expectations, changed: frozenset[str]
) -> Iterator[Violation]:
    charm, channel = str(row["charm"]), str(row.get("channel"))
    tracks = fitting_tracks(charm, str(row.get("series")), expected.target)
    units: Mapping[str, Any] = row.get("units") or {}
    behind = [unit for unit in units if unit in expected.behind]
    if charm in PRINCIPALS and charm not in _NO_ORIGIN and _origin_unset(row):
        # Its packages follow the series, whatever the cloud's release: nobody asked for more.
        for unit, state in units.items():
            yield from _well(unit, state)
        return
    # What ran the target's release before anything began is left as it was, its charm included.
    already = name not in changed and channel in ("stable", "latest/stable")
    fits = charm in PRINCIPALS and (not _has_origin(row) or _all_at(units, expected))
    if not (already and fits) and (
        channel.partition("/")[0] not in tracks or not channel.endswith("/stable")
    ):
        wanted = " or ".join(f"{track}/stable" for track in tracks)
        yield Violation(RULE, f"{name} follows {channel}, not {wanted}")
    if charm in PRINCIPALS:
        yield from _origin(name, row, expected)
        for unit, state in units.items():
            if unit not in behind:
                yield from _unit(unit, state, expected, _has_origin(row))
    elif charm in SUBORDINATES:
        for unit, state in units.items():
            yield from _well(unit, state)


def _all_at(units: Mapping[str, Any], expected: Expectations) -> bool:
    return all(at_least(str(unit.get("release")), expected.target) for unit in units.values())


def _has_origin(row: Mapping[str, Any]) -> bool:
    """Whether a charm's packages follow an origin; the others stay on what they were built on."""
    config: Mapping[str, Any] = row.get("config") or {}
    return row.get("charm") not in _NO_ORIGIN and any(key in config for key in ORIGIN_OPTIONS)


def _origin_unset(row: Mapping[str, Any]) -> bool:
    config: Mapping[str, Any] = row.get("config") or {}
    found = [config[key] for key in ORIGIN_OPTIONS if key in config]
    return bool(found) and not any(found)


def _origin(name: str, row: Mapping[str, Any], expected: Expectations) -> Iterator[Violation]:
    config: Mapping[str, Any] = row.get("config") or {}
    for key in ORIGIN_OPTIONS:
        if key not in config or not _has_origin(row):
            continue
        value = str(config[key] or "distro")
        release = value.split()[2] if value.startswith("deb ") else value
        if not at_least(release.rpartition("-")[2], expected.target):
            yield Violation(RULE, f"{name}: {key} is {value}, not {expected.target}'s")


def _unit(
    unit: str, state: Mapping[str, Any], expected: Expectations, has_origin: bool
) -> Iterator[Violation]:
    release = str(state.get("release"))
    if has_origin and not at_least(release, expected.target):
        yield Violation(RULE, f"{unit} runs {release} ({state.get('version')})")
    if state.get("ceph") and not at_least(str(state.get("running")), expected.target):
        yield Violation(RULE, f"{unit}: its Ceph daemons still run {state.get('running')}'s")
    yield from _well(unit, state)


def _well(unit: str, state: Mapping[str, Any]) -> Iterator[Violation]:
    if state.get("workload") != "active":
        text = f"{unit} is {state.get('workload')}: {state.get('message')}"
        yield Violation(RULE, text)


def _cluster(name: str, cluster: Mapping[str, Any], expected: Expectations) -> Iterator[Violation]:
    if name in expected.skip:
        return
    running = list(cluster.get("osd-releases") or ())
    if len(running) > 1:
        yield Violation(RULE, f"{name}: its OSDs run {', '.join(running)}")
    elif running and cluster.get("require-osd-release") != running[0]:
        required = cluster.get("require-osd-release")
        yield Violation(RULE, f"{name}: OSDs run {running[0]}, require-osd-release is {required}")


def _backups(log: Log, applications: Mapping[str, Any]) -> Iterator[Violation]:
    dumped = {entry.app for entry in log.of("database-dumped")}
    for name, row in applications.items():
        if row.get("charm") == "mysql-innodb-cluster" and name not in dumped:
            yield Violation(RULE, f"{name} was not dumped")
