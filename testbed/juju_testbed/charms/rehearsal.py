"""Deploys a snapshot of somebody's model, so that its upgrade can be rehearsed.

The form of a snapshot is published by who writes one (``docs/reference/snapshot.schema.json``);
`load` checks what is used of it here (`snapshot_form`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..model.store import NotInStore, Revision
from . import snapshot, snapshot_form, status, tables
from .bundle import settle
from .bundle_source import BundleError
from .bundle_text import Bundle
from .facts import catalogue
from .seeds import plant
from .site import Site
from .store import OpenStackStore

if TYPE_CHECKING:
    from ..model.model import Model

SCHEMA = 1
_KEYS = ("schema", "model", "machines", "applications", "relations", "ceph", "retries-hooks")
_NUMBERS = re.compile(r"\d+")


def load(text: str) -> dict[str, Any]:
    """Read a snapshot.

    Raises:
        BundleError: it is no snapshot, one of a newer form, or not of its form.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"the snapshot is no JSON: {error}") from error
    if not isinstance(data, dict) or any(key not in data for key in _KEYS):
        raise BundleError(f"no snapshot of a model: it needs {', '.join(_KEYS)}")
    if data["schema"] != SCHEMA:
        raise BundleError(
            f"a snapshot of form {data['schema']!a:.80}; this testbed knows {SCHEMA}"
        )
    snapshot_form.check(data)
    return data


def deploy(
    model: Model, data: Mapping[str, Any], store: OpenStackStore, by: str = "admin"
) -> None:
    """Deploy a snapshot into an empty model: the same machines, units, versions and switches.

    Revisions are those of the simulated store: the newest of the channel, or the one before
    where the snapshot says that a newer one lay there.

    Raises:
        BundleError: a charm, channel or origin is not simulated; nothing has been deployed.
    """
    if model.applications or model.machines:
        raise BundleError("a snapshot is deployed into an empty model only")
    data = _simulated(data, store)
    revisions = _revisions(data, store)
    store.attach(model)
    model.config["automatically-retry-hooks"] = bool(data["retries-hooks"])
    _add_machines(model, data)
    for name, row in data["applications"].items():
        _add_application(model, name, row, revisions[name], store)
    _add_units(model, data)
    for one, other in data["relations"]:
        model.relate(one, other, scope=_scope(data, one, other))
    settle(model, store)
    for name, row in _units(data):
        _restore(store.charm.place.site(name), row)
    plant(Bundle(str(data["model"]), "", {}, {}, (), _seeds(data)), store.charm.place)
    snapshot.write_deployed(store.charm.place, by)


def left_out(data: Mapping[str, Any], store: OpenStackStore) -> list[str]:
    """Return the applications whose charms are not simulated."""
    return [name for name, row in data["applications"].items() if not store.knows(row["charm"])]


def _simulated(data: Mapping[str, Any], store: OpenStackStore) -> dict[str, Any]:
    """Return a snapshot without what is not simulated, and what hangs on it."""
    without = set(left_out(data, store))
    applications = {
        name: row | {"units": _kept_units(row, without)}
        for name, row in data["applications"].items()
        if name not in without
    }
    relations = [
        ends for ends in data["relations"] if not without & {end.partition(":")[0] for end in ends}
    ]
    return {**data, "applications": applications, "relations": relations}


def _kept_units(row: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    return {
        name: unit
        for name, unit in row["units"].items()
        if unit["principal"].rpartition("/")[0] not in without
    }


def _revisions(data: Mapping[str, Any], store: OpenStackStore) -> dict[str, Revision]:
    """Find every charm, or say of all at once what cannot be found."""
    found: dict[str, Revision] = {}
    problems: list[str] = []
    for name, row in data["applications"].items():
        try:
            channel = _channel(row)
            for key, value in row["options"].items():
                store.allow_option(row["charm"], key, value)
            published = store.revisions(row["charm"], channel, row["series"])
            number = published[0] if row["newer"] and published else None
            found[name] = store.resolve(row["charm"], channel, row["series"], number)
            origin = row["options"].get(catalogue()[row["charm"]].origin or "", "")
            tables.origin_release(str(origin), row["series"])
        except NotInStore as error:
            problems.append(f'cannot rehearse application "{name}": {error}')
        except tables.BadOrigin as error:
            problems.append(f'application "{name}": {error}')
    if problems:
        raise BundleError("\n".join(problems))
    return found


def _channel(row: Mapping[str, Any]) -> str:
    """Return the channel; what came from the Charm Store or a directory follows latest."""
    return str(row["channel"]) if row["scheme"] == "ch" and row["channel"] else "latest/stable"


def _add_machines(model: Model, data: Mapping[str, Any]) -> None:
    series = {row["machine"]: app["series"] for _, row, app in _rows(data)}
    usual = next(iter(series.values()), "jammy")
    for id in sorted(data["machines"], key=_natural):
        inner = [one for at, one in series.items() if at.split("/")[0] == id]
        base = series.get(id, inner[0] if inner else usual)
        model.add_machine(id, base, zone=str(data["machines"][id].get("zone", "")))


def _add_application(
    model: Model, name: str, row: Mapping[str, Any], revision: Revision, store: OpenStackStore
) -> None:
    app = model.add_application(name, revision, row["series"], dict(row["options"]))
    newest = store.revisions(row["charm"], _channel(row), row["series"])[-1]
    if newest > revision.revision:
        app.can_upgrade_to = f"ch:amd64/{row['series']}/{row['charm']}-{newest}"


def _add_units(model: Model, data: Mapping[str, Any]) -> None:
    """Add units under their own numbers, principals first."""
    ordered = sorted(_units(data), key=lambda one: (bool(one[1]["principal"]), _natural(one[0])))
    for name, row in ordered:
        application, _, number = name.rpartition("/")
        model.number_next_unit(application, int(number))
        model.add_unit(application, row["machine"], principal=row["principal"])
    for name, row in ordered:
        model.units[name].leader = bool(row["leader"])


def _scope(data: Mapping[str, Any], one: str, other: str) -> str:
    ends = [end.partition(":")[0] for end in (one, other)]
    rows = [data["applications"][end]["subordinate-to"] for end in ends]
    return "container" if ends[1] in rows[0] or ends[0] in rows[1] else "global"


def _restore(site: Site, row: Mapping[str, Any]) -> None:
    """Give a unit the release whose version it had, where its machine's says another."""
    wanted = str(row["version"])
    if wanted and not _alike(site.version(), wanted):
        for release in tables.releases_of(site.machine.series):
            if _alike(site.version(release), wanted):
                site.machine.installed = site.world.running = release
    status.assess(site)


def _alike(one: str, other: str) -> bool:
    """Whether two versions differ in their point release at most."""
    numbers = [_NUMBERS.findall(version)[:2] for version in (one, other)]
    return numbers[0] == numbers[1]


def _seeds(data: Mapping[str, Any]) -> dict[str, Any]:
    units = dict(_units(data))
    ceph: Mapping[str, Any] = data["ceph"]
    return {
        "instances": {n: row["instances"] for n, row in units.items() if "instances" in row},
        "disabled": [n for n, row in units.items() if row.get("enabled") is False],
        "paused": [n for n, row in units.items() if row["paused"]],
        "noout": [n for n, row in ceph.items() if "noout" in row["flags"]],
        "health": {n: row["health"] for n, row in ceph.items()},
        "objectstore": {n: "filestore" for n, row in ceph.items() if row["filestore"]},
    }


def _rows(data: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [
        (name, row, app)
        for app in data["applications"].values()
        for name, row in app["units"].items()
    ]


def _units(data: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, row) for name, row, _ in _rows(data)]


def _natural(name: str) -> list[int | str]:
    parts = re.split(r"(\d+)", name)
    return [int(part) if part.isdigit() else part for part in parts]
