"""What a Ceph cluster says of itself, read from the JSON of a few read-only commands."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, cast

COMMANDS: Mapping[str, str] = {
    "versions": "ceph versions --format json",
    "osd-dump": "ceph osd dump --format json",
    "status": "ceph status --format json",
    "osd-metadata": "ceph osd metadata --format json",
}
"""Read-only queries, run on the first unit of a ceph-mon application."""


_CLEAN = frozenset({"active", "clean", "scrubbing", "deep", "snaptrim", "snaptrim_wait"})
"""Words for a placement group that is well: scrubbing and trimming are its housekeeping."""


class NotCeph(ValueError):
    """A reply is not the JSON that Ceph gives; says what is missing."""


@dataclasses.dataclass(frozen=True)
class CephState:
    """What one Ceph cluster answered; a field is None where it did not answer.

    Attributes:
        overall: entries of the section ``overall`` of ``ceph versions``; one when all is alike.
        flags: flags set on the OSD map, ``noout`` among them.
        health: ``HEALTH_OK``, ``HEALTH_WARN`` or ``HEALTH_ERR``.
        checks: names of the health checks that complain, sorted.
        unclean_pgs: placement groups in another state than ``active+clean``.
        filestore_osds: ids of OSDs whose objects lie on FileStore.
    """

    application: str
    unit: str
    overall: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    health: str | None = None
    checks: tuple[str, ...] = ()
    unclean_pgs: int | None = None
    filestore_osds: tuple[int, ...] | None = None


def with_reply(state: CephState, query: str, text: str) -> CephState:
    """Return the state with one query's reply read into it.

    Args:
        query: a key of `COMMANDS`.

    Raises:
        NotCeph: the text is not of the expected form.
    """
    try:
        data = json.loads(text)
        return _READERS[query](state, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotCeph(f"the reply of `{COMMANDS[query]}` cannot be read: {error!r}") from error


def _versions(state: CephState, data: Any) -> CephState:
    overall = cast("Mapping[str, int]", data["overall"])
    return dataclasses.replace(state, overall=tuple(sorted(overall)))


def _osd_dump(state: CephState, data: Any) -> CephState:
    if "flags_set" in data:
        flags = tuple(sorted(str(flag) for flag in data["flags_set"]))
    else:
        flags = tuple(sorted(str(data["flags"]).split(",")))
    return dataclasses.replace(state, flags=flags)


def _status(state: CephState, data: Any) -> CephState:
    checks = cast("Mapping[str, Any]", data["health"].get("checks", {}))
    unclean = 0
    for entry in data.get("pgmap", {}).get("pgs_by_state", ()):
        words = set(str(entry["state_name"]).split("+"))
        if not {"active", "clean"} <= words or words - _CLEAN:
            unclean += int(entry["count"])
    return dataclasses.replace(
        state,
        health=str(data["health"]["status"]),
        checks=tuple(sorted(checks)),
        unclean_pgs=unclean,
    )


def _osd_metadata(state: CephState, data: Any) -> CephState:
    found = [int(osd["id"]) for osd in data if osd.get("osd_objectstore") == "filestore"]
    return dataclasses.replace(state, filestore_osds=tuple(sorted(found)))


_READERS = {
    "versions": _versions,
    "osd-dump": _osd_dump,
    "status": _status,
    "osd-metadata": _osd_metadata,
}
