"""What each simulated charm is like (data/charms.yaml), and the definition Juju sees of it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from ..model.charm import ActionDefinition, CharmDefinition, Option
from . import tables

_DEFERRED_ACTIONS = ("restart-services", "run-deferred-hooks", "show-deferred-events")


@dataclasses.dataclass(frozen=True)
class CharmFacts:
    """One charm of the catalogue.

    Attributes:
        name: the charm's name.
        key: row of the version table; empty when its units report no version.
        track: ``release``, or the family whose tracks it has.
        origin: the option that chooses the package archive, or empty.
        traits: managed, pausable, deferrable, ripples, subordinate.
        services: what systemd runs for it.
        packages: what APT installs for it; the first is the one whose version counts.
        actions: all its actions.
        options: all its options.
    """

    name: str
    key: str
    track: str
    origin: str
    traits: frozenset[str]
    services: tuple[str, ...]
    packages: tuple[str, ...]
    actions: tuple[str, ...]
    options: Mapping[str, Option]

    @property
    def subordinate(self) -> bool:
        """Whether it is deployed beside principals only."""
        return "subordinate" in self.traits


@functools.cache
def catalogue() -> Mapping[str, CharmFacts]:
    """Return every simulated charm by name."""
    data = tables.load("charms.yaml")
    return {name: _facts(name, row, data["groups"]) for name, row in data["charms"].items()}


def _facts(name: str, row: Mapping[str, Any], groups: Mapping[str, Any]) -> CharmFacts:
    traits = frozenset(row["traits"])
    return CharmFacts(
        name=name,
        key=row["key"],
        track=row["track"],
        origin=row.get("origin", ""),
        traits=traits,
        services=tuple(row["services"]),
        packages=tuple(row["packages"]),
        actions=_action_names(row, traits),
        options=_options(row, traits, groups),
    )


def _action_names(row: Mapping[str, Any], traits: frozenset[str]) -> tuple[str, ...]:
    names = list(row.get("actions", ()))
    if "pausable" in traits:
        names += ["pause", "resume"]
    if "managed" in traits:
        names.append("openstack-upgrade")
    if "deferrable" in traits:
        names += _DEFERRED_ACTIONS
    return tuple(names)


def _options(
    row: Mapping[str, Any], traits: frozenset[str], groups: Mapping[str, Any]
) -> dict[str, Option]:
    rows: dict[str, Any] = {}
    for group in row["use"]:
        rows.update(groups[group])
    rows.update(row.get("options", {}))
    if row.get("origin"):
        # rabbitmq-server leaves it unset, the others say distro (their config.yaml).
        unset = row["key"] == "rabbitmq-server"
        rows[row["origin"]] = ["string", "" if unset else "distro"]
    if "managed" in traits:
        rows["action-managed-upgrade"] = ["boolean", "false"]
    if "deferrable" in traits:
        rows["enable-auto-restarts"] = ["boolean", "true"]
    return {name: Option(kind, _typed(kind, text)) for name, (kind, text) in rows.items()}


def _typed(kind: str, text: str) -> Any:
    """Give a default its type; an empty one is none, as in a config.yaml without a default."""
    if text == "":
        return None
    if kind == "boolean":
        return text == "true"
    if kind in ("int", "integer"):
        return int(text)
    return float(text) if kind == "float" else text


@functools.cache
def _actions() -> Mapping[str, ActionDefinition]:
    definitions: dict[str, ActionDefinition] = {}
    for name, row in tables.load("actions.yaml").items():
        params: dict[str, Any] = {}
        for param, (kind, *default) in row["params"].items():
            params[param] = {"type": kind}
            if default:
                value = _typed(kind, default[0])
                params[param]["default"] = "" if value is None else value
        definitions[name] = ActionDefinition(
            description=name, params=params, required=tuple(row.get("required", ()))
        )
    return definitions


def definition(facts: CharmFacts, extra: Mapping[str, Option] | None = None) -> CharmDefinition:
    """Return what the charm's archive would declare; `extra` options come on top."""
    actions = {name: _actions().get(name, ActionDefinition(name)) for name in facts.actions}
    return CharmDefinition(
        name=facts.name,
        options={**(extra or {}), **facts.options},
        actions=actions,
        subordinate=facts.subordinate,
        summary=f"Simulated {facts.name}",
    )
