"""The ledger is true at any time: what is switched has a mark, set before it was switched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cou.journal.records import MarkState

MANAGED = "action-managed-upgrade"


def missing(model: Any, marks: Any) -> list[str]:
    """Return what is switched in a cloud where nothing was, and has no mark.

    A mark that is set and not yet switched is none of this: it is written first.
    """
    written = {mark.id for mark in marks if mark.state is not MarkState.PUT_BACK}
    return [f"switched without a mark: {one}" for one in _switched(model) if one not in written]


def _switched(model: Any) -> Iterator[str]:
    for name, unit in model.units.items():
        if getattr(unit.world, "paused", False):
            yield f"paused:{name}"
        if not getattr(unit.world, "compute_enabled", True):
            yield f"compute-service:{name}"
    for name, cluster in model.store.charm.cloud.clusters.items():
        if "noout" in cluster.flags:
            yield f"noout:{name}"
    for name, application in model.applications.items():
        if str(application.config.get(MANAGED, "")).lower() == "true":
            yield f"option:{name}:{MANAGED}"


def switched(model: Any) -> list[str]:
    """Return what is switched now, as ids of marks."""
    return list(_switched(model))
