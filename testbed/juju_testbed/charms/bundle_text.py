"""Reads a Juju bundle: YAML text or a dictionary into frozen data, or one clear error."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from . import tables
from .bundle_source import NUMBER, BundleError, load, mapping

# What a bundle may say at its top and of an application (juju charm/bundledata.go). `testbed`
# is ours: it says how the simulated cloud is at the start.
_TOP = {
    "applications", "bundle", "default-base", "description", "docs", "issues",
    "local_overlay_enabled", "machines", "name", "relations", "saas", "series", "services",
    "source", "tags", "testbed", "type", "variables", "website",
}  # fmt: skip
_APPLICATION = {
    "annotations", "base", "bindings", "channel", "charm", "constraints", "devices", "expose",
    "exposed-endpoints", "num_units", "offers", "options", "plan", "placement", "requires",
    "resources", "revision", "scale", "series", "storage", "to", "trust",
}  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*")
MOST_UNITS = 1000


@dataclasses.dataclass(frozen=True)
class AppSpec:
    """An application of a bundle; `to` holds one placement per unit, or fewer."""

    name: str
    charm: str
    channel: str
    series: str
    revision: int | None
    num_units: int
    to: tuple[str, ...]
    options: Mapping[str, Any]
    expose: bool
    trust: bool
    annotations: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class MachineSpec:
    """A machine of a bundle; `zone` from ``zones=`` of its constraints, or its annotation."""

    id: str
    series: str
    zone: str


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A whole bundle; `testbed` is this project's own section, see `seeds`."""

    name: str
    series: str
    machines: Mapping[str, MachineSpec]
    applications: Mapping[str, AppSpec]
    relations: tuple[tuple[str, str], ...]
    testbed: Mapping[str, Any]


def parse(source: str | Mapping[str, Any]) -> Bundle:
    """Check a bundle and return it as frozen data.

    Raises:
        BundleError: with every problem that was found.
    """
    data = load(source)
    problems = [f"field {key} not found in bundle" for key in sorted(set(data) - _TOP, key=str)]
    series = _series(data.get("default-base"), data.get("series"))
    machines = _machines(data, series, problems)
    applications = _applications(data, series, machines, problems)
    relations = _relations(data, applications, problems)
    if not applications and not problems:
        problems.append("at least one application must be specified")
    if problems:
        lines = "\n".join(dict.fromkeys(problems))
        raise BundleError(f"the provided bundle has the following errors:\n{lines}")
    testbed = data.get("testbed") or {}
    return Bundle(str(data.get("name") or ""), series, machines, applications, relations, testbed)


def _series(base: Any, series: Any) -> str:
    return tables.series_of_base(str(base)) if base else str(series or "")


def _machines(
    data: Mapping[str, Any], default: str, problems: list[str]
) -> dict[str, MachineSpec]:
    machines: dict[str, MachineSpec] = {}
    for key, row in mapping(data, "machines").items():
        spec: Mapping[str, Any] = row or {}
        if not str(key).isdigit() or not isinstance(spec, dict):
            problems.append(f'invalid machine id "{key}" found in machines')
            continue
        series = _series(spec.get("base"), spec.get("series")) or default
        zones = re.search(r"\bzones=([^\s,]+)", str(spec.get("constraints") or ""))
        zone = str((spec.get("annotations") or {}).get("zone", ""))
        machines[str(key)] = MachineSpec(str(key), series, zones[1] if zones else zone)
    return machines


def _applications(
    data: Mapping[str, Any],
    default: str,
    machines: Mapping[str, MachineSpec],
    problems: list[str],
) -> dict[str, AppSpec]:
    rows = {**mapping(data, "services"), **mapping(data, "applications")}
    found: dict[str, AppSpec] = {}
    for name, row in rows.items():
        if not isinstance(row, dict) or not row.get("charm"):
            problems.append(f'empty charm path in application "{name}"')
            continue
        try:
            found[str(name)] = _application(str(name), row, default)
        except BundleError as error:
            problems.append(str(error))
    for spec in found.values():
        _check_placement(spec, found, machines, problems)
    return found


def _application(name: str, row: Mapping[str, Any], default: str) -> AppSpec:
    if not NAME.fullmatch(name):
        raise BundleError(f'invalid application name "{name}"')
    unknown = sorted(set(row) - _APPLICATION, key=str)
    if unknown:
        raise BundleError(f'field {unknown[0]} not found in application "{name}"')
    charm = _charm(name, str(row["charm"]))
    units = row.get("num_units", row.get("scale", 0)) or 0
    if not isinstance(units, int) or units < 0:
        raise BundleError(f'invalid number of units specified on application "{name}": {units}')
    if units > MOST_UNITS:
        raise BundleError(f'application "{name}": more than {MOST_UNITS} units are not simulated')
    for key, kind in (("options", dict), ("annotations", dict), ("to", list)):
        if not isinstance(row.get(key) or kind(), kind):
            raise BundleError(f'{key} of application "{name}" cannot be {row[key]!r:.80}')
    series = _series(row.get("base"), row.get("series")) or default
    if not tables.series_known(series):
        raise BundleError(f'series "{series}" of application "{name}" is not supported')
    return AppSpec(
        name=name,
        charm=charm,
        channel=str(row.get("channel") or "latest/stable"),
        series=series,
        revision=row.get("revision"),
        num_units=units,
        to=tuple(str(place) for place in row.get("to") or ()),
        options=row.get("options") or {},
        expose=bool(row.get("expose")),
        trust=bool(row.get("trust")),
        annotations={k: str(v) for k, v in (row.get("annotations") or {}).items()},
    )


def _charm(name: str, url: str) -> str:
    """Return the charm's bare name; other stores than Charmhub are refused."""
    if url.startswith("cs:"):
        raise BundleError(
            f'invalid charm URL in application "{name}": cannot parse URL "{url}": '
            'schema "cs" not valid'
        )
    if url.startswith((".", "/", "local:")):
        raise BundleError(f'charm path in application "{name}": local charms are not simulated')
    bare = NUMBER.sub("", url.removeprefix("ch:").rpartition("/")[2])
    if not NAME.fullmatch(bare):
        raise BundleError(f'invalid charm URL in application "{name}": "{url}"')
    return bare


def _check_placement(
    spec: AppSpec,
    applications: Mapping[str, AppSpec],
    machines: Mapping[str, MachineSpec],
    problems: list[str],
) -> None:
    if len(spec.to) > max(spec.num_units, 1):
        problems.append(
            f'too many units specified in unit placement for application "{spec.name}"'
        )
    for position, place in enumerate(spec.to):
        kind, _, target = place.rpartition(":")
        owner, _, number = target.partition("/")
        if kind not in ("", "lxd", "kvm"):
            problems.append(f'invalid container type "{kind}" in placement "{place}"')
        elif target == "new" or target in machines:
            continue
        elif target.isdigit():
            problems.append(f'placement "{place}" refers to a machine not defined in this bundle')
        elif owner not in applications:
            problems.append(
                f'placement "{place}" refers to an application not defined in this bundle'
            )
        elif int(number or 0) >= applications[owner].num_units:
            problems.append(f'placement "{place}" specifies a unit greater than the {owner} has')
        elif owner == spec.name and int(number or 0) >= position:
            problems.append(f'placement "{place}" refers to a unit that is not placed before')


def _relations(
    data: Mapping[str, Any], applications: Mapping[str, AppSpec], problems: list[str]
) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    elsewhere = set(mapping(data, "saas"))
    rows = data.get("relations") or []
    if not isinstance(rows, list):
        raise BundleError("cannot unmarshal bundle contents: relations is no list")
    for row in rows:
        count = len(row) if isinstance(row, list) else 0
        if count != 2 or not isinstance(row[1], (str, list)):
            problems.append(f"relation {row!r} has {count} endpoint(s), not 2")
            continue
        ends = (
            [str(end) for end in row]
            if isinstance(row[1], str)
            else [str(row[0]), *[str(end) for end in row[1]]]
        )
        for other in ends[1:]:
            names = [end.partition(":")[0] for end in (ends[0], other)]
            for name in names:
                if name not in applications and name not in elsewhere:
                    problems.append(
                        f'relation {[ends[0], other]} refers to application "{name}" '
                        "not defined in this bundle"
                    )
            if not elsewhere & set(names):
                pairs.append((ends[0], other))
    return tuple(pairs)
