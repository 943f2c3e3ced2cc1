"""Deploys a bundle into a model, as a cloud that has long been settled."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..model import configs
from ..model.errors import ModelError
from ..model.store import NotInStore, Revision
from . import bundle_text, snapshot, status, tables
from .bundle_source import BundleError, rewrite_charm_store
from .bundle_text import AppSpec, Bundle
from .facts import catalogue
from .placement import Placement
from .seeds import check as check_seeds
from .seeds import plant
from .store import OpenStackStore
from .world import new_machine

if TYPE_CHECKING:
    from ..model.entities import Application
    from ..model.model import Model

__all__ = ["DEMO", "BundleError", "deploy", "origin_of", "rewrite_charm_store", "settle"]

DEMO = pathlib.Path(__file__).parent / "data" / "demo-bundle.yaml"


def deploy(
    model: Model,
    source: str | pathlib.Path | Mapping[str, Any],
    store: OpenStackStore,
    *,
    zones: bool = False,
    by: str = "admin",
) -> Bundle:
    """Deploy a bundle; every unit is active and idle afterwards, with a fitting version.

    Args:
        model: an empty model; its store must know the charms (`store` or a chain with it).
        source: a path, YAML text, or the bundle's data.
        store: where the simulated charms come from.
        zones: give machines of hypervisors the zones az1, az2, az3 in turn where the bundle
            names none; otherwise a machine without a zone has none.
        by: who is said to have deployed it.

    Raises:
        BundleError: the bundle makes no sense; nothing has been deployed.
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, pathlib.Path) else source
    bundle = bundle_text.parse(text)
    store.attach(model)
    revisions = _revisions(bundle, store)
    placed = Placement(model, bundle)
    _check(model, bundle, revisions)
    check_seeds(bundle)
    order = placed.ordered()
    placed.add_machines(zones)
    for spec in bundle.applications.values():
        _add_application(model, spec, revisions[spec.name], store, by)
    for spec in order:
        if not revisions[spec.name].definition.subordinate:
            placed.add_units(spec)
    _relate(model, bundle, revisions)
    settle(model, store)
    plant(bundle, store.charm.place)
    snapshot.write_deployed(store.charm.place, by)
    return bundle


def _revisions(bundle: Bundle, store: OpenStackStore) -> dict[str, Revision]:
    """Find every charm, or say of all at once what cannot be found."""
    revisions: dict[str, Revision] = {}
    problems: list[str] = []
    older = set(bundle.testbed.get("older-revision") or ())
    for spec in bundle.applications.values():
        try:
            for key, value in spec.options.items():
                store.allow_option(spec.charm, key, value)
            number = spec.revision
            if number is None and spec.name in older:
                number = store.revisions(spec.charm, spec.channel, spec.series)[0]
            revisions[spec.name] = store.resolve(spec.charm, spec.channel, spec.series, number)
            origin = spec.options.get(catalogue()[spec.charm].origin or "", "")
            tables.origin_release(str(origin), spec.series)
        except NotInStore as error:
            problems.append(f'cannot deploy application "{spec.name}": {error}')
        except tables.BadOrigin as error:
            problems.append(f'application "{spec.name}": {error}')
    if problems:
        raise BundleError("\n".join(problems))
    return revisions


def _check(model: Model, bundle: Bundle, revisions: Mapping[str, Revision]) -> None:
    """Find what would fail half-way, before anything is deployed."""
    problems: list[str] = []
    for spec in bundle.applications.values():
        definition = revisions[spec.name].definition
        if spec.name in model.applications:
            problems.append(f'application "{spec.name}" already exists')
        if definition.subordinate and spec.num_units:
            problems.append(
                f'application "{spec.name}" is subordinate and cannot have {spec.num_units} '
                "units of its own"
            )
        try:
            configs.parse_values(definition, dict(spec.options))
        except ModelError as error:
            problems.append(f'application "{spec.name}": {error}')
    problems += [f"machine {m} already exists" for m in bundle.machines if m in model.machines]
    if problems:
        raise BundleError("\n".join(problems))


def _add_application(
    model: Model, spec: AppSpec, revision: Revision, store: OpenStackStore, by: str
) -> None:
    app = model.add_application(spec.name, revision, spec.series, dict(spec.options), by=by)
    app.exposed, app.trust = spec.expose, spec.trust
    newest = store.revisions(spec.charm, spec.channel, spec.series)[-1]
    if newest > revision.revision:
        app.can_upgrade_to = f"ch:amd64/{spec.series}/{spec.charm}-{newest}"
    if spec.annotations:
        model.annotations[f"application-{spec.name}"] = dict(spec.annotations)


def _relate(model: Model, bundle: Bundle, revisions: Mapping[str, Revision]) -> None:
    """Relate; a subordinate gets one unit beside each unit of a principal it is related to."""
    for one, other in bundle.relations:
        names = [end.partition(":")[0] for end in (one, other)]
        subordinate = [n for n in names if revisions[n].definition.subordinate]
        pairs = len(subordinate) == 1 and _container_scope(one, other, revisions)
        model.relate(one, other, scope="container" if pairs else "global")
        if not pairs:
            continue
        principal = names[0] if names[1] == subordinate[0] else names[1]
        for unit in model.units_of(principal):
            beside = [model.units[s].application for s in unit.subordinates]
            if subordinate[0] not in beside:
                model.add_unit(subordinate[0], unit.machine, principal=unit.name)


# Endpoints by which a subordinate sits beside its principal. A subordinate's other relations
# (a router's to its database, ovn-chassis's to vault) are ordinary ones.
_BESIDE = frozenset({
    "ha", "juju-info", "storage-backend", "neutron-plugin", "nova-compute",
    "neutron-plugin-api-subordinate", "nova-ceilometer", "backup-backend", "dashboard-plugin",
    "keystone-fid-service-provider", "domain-backend", "dashboard", "host",
    "nrpe-external-master", "secrets", "manila-plugin", "octavia-diskimage-retrofit",
    "websso-fid-service-provider", "general-info",
})  # fmt: skip


def _container_scope(one: str, other: str, revisions: Mapping[str, Revision]) -> bool:
    ends = {end.partition(":")[2] for end in (one, other)} - {""}
    charms = {revisions[end.partition(":")[0]].definition.name for end in (one, other)}
    if "mysql-router" in charms:
        return "mysql-innodb-cluster" not in charms
    return bool(ends & _BESIDE) or not ends


def settle(model: Model, store: OpenStackStore) -> None:
    """Give every machine the newest of the releases that its units came from; assess all."""
    place = store.charm.place
    known = [u for u in model.units.values() if _is_known(model, u.application)]
    for unit in known:
        app = model.applications[unit.application]
        wanted = new_machine(model.machines[unit.machine].series, origin_of(app))
        present = place.cloud.machines.get(unit.machine)
        if present is None or tables.newer(wanted.installed, present.installed):
            place.cloud.machines[unit.machine] = wanted
    for unit in known:
        site = place.site(unit.name)
        status.assess(site)
        if not site.facts.subordinate:
            # An update within the pocket waits for what the principal runs.
            site.machine.pending.update(site.facts.packages[:1])


def _is_known(model: Model, application: str) -> bool:
    return model.applications[application].definition.name in catalogue()


def origin_of(app: Application) -> str:
    """Return an application's origin option, with its default; empty where it has none."""
    option = catalogue()[app.definition.name].origin
    if not option:
        return ""
    return str(app.config.get(option, app.definition.options[option].default) or "")
