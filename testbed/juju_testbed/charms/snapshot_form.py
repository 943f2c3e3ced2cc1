"""The form of a snapshot, as far as it is used here: types, and names that are names in Juju.

A snapshot is a file that somebody sent. What is refused here has touched nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .bundle_source import STEERING, BundleError
from .bundle_text import NAME

_Check = Callable[[Any], bool]

_MACHINE = re.compile(r"\d{1,9}(/(lxd|kvm)/\d{1,9})*")
_END = re.compile(r"(?P<application>[^:]+):[a-z][a-z0-9_-]*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~:/-]*")
_MOST_INSTANCES = 100_000


def _is(*kinds: type) -> _Check:
    return lambda value: type(value) in kinds


def _text(value: Any) -> bool:
    return isinstance(value, str) and not STEERING.search(value)


def _word(value: Any) -> bool:
    return value == "" or (isinstance(value, str) and _WORD.fullmatch(value) is not None)


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def _option(value: Any) -> bool:
    return _text(value) or type(value) in (bool, int, float)


_WHOLE: Mapping[str, _Check] = {
    "model": _word,
    "retries-hooks": _is(bool),
    "machines": _is(dict),
    "applications": _is(dict),
    "relations": _list_of(_list_of(_text)),
    "ceph": _is(dict),
}
_APPLICATION: Mapping[str, _Check] = {
    "charm": _word,
    "scheme": _word,
    "channel": _word,
    "newer": _is(bool),
    "series": _word,
    "subordinate-to": _list_of(_text),
    "options": lambda value: isinstance(value, dict) and all(map(_option, value.values())),
    "units": _is(dict),
}
_UNIT: Mapping[str, _Check] = {
    "machine": _text,
    "principal": _text,
    "version": _text,
    "leader": _is(bool),
    "paused": _is(bool),
}
_MAYBE: Mapping[str, _Check] = {
    "instances": lambda value: type(value) is int and 0 <= value <= _MOST_INSTANCES,
    "enabled": _is(bool),
}
_CEPH: Mapping[str, _Check] = {
    "flags": _list_of(_word),
    "health": _word,
    "filestore": _is(bool),
}


def check(data: Mapping[str, Any]) -> None:
    """Check what a snapshot holds.

    Raises:
        BundleError: with every problem that was found, each with its place.
    """
    problems = list(_wrong("", data, _WHOLE)) or [*_machines(data), *_applications(data)]
    problems = problems or [*_placed(data), *_relations(data), *_clusters(data)]
    if problems:
        raise BundleError("the snapshot is not of its form:\n" + "\n".join(problems))


def _wrong(
    place: str, row: Any, form: Mapping[str, _Check], maybe: Mapping[str, _Check] | None = None
) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{place} is no mapping"
        return
    for key, sound in form.items():
        if key not in row:
            yield f"{place}{key} is missing"
        elif not sound(row[key]):
            yield f"{place}{key} cannot be {row[key]!a:.80}"
    for key, sound in (maybe or {}).items():
        if key in row and not sound(row[key]):
            yield f"{place}{key} cannot be {row[key]!a:.80}"


def _machines(data: Mapping[str, Any]) -> Iterator[str]:
    for id, row in data["machines"].items():
        if not _MACHINE.fullmatch(id):
            yield f"{id!a:.80} is no machine"
        else:
            yield from _wrong(f"machine {id}: ", row, {"zone": _text})
            if "/" in id and id.rpartition("/")[0].rpartition("/")[0] not in data["machines"]:
                yield f"machine {id} is in no machine of the snapshot"


def _applications(data: Mapping[str, Any]) -> Iterator[str]:
    for name, row in data["applications"].items():
        if not NAME.fullmatch(name):
            yield f"{name!a:.80} is no application"
            continue
        wrong = list(_wrong(f"application {name}: ", row, _APPLICATION))
        yield from wrong
        for unit, unit_row in ({} if wrong else row["units"]).items():
            if not re.fullmatch(rf"{name}/[0-9]{{1,9}}", unit):
                yield f"{unit!a:.80} is no unit of {name}"
            else:
                yield from _wrong(f"unit {unit}: ", unit_row, _UNIT, _MAYBE)


def _placed(data: Mapping[str, Any]) -> Iterator[str]:
    """Where each unit is: on a machine that there is, beside a principal that stands there."""
    units = {n: row for app in data["applications"].values() for n, row in app["units"].items()}
    for name, row in units.items():
        beside = units.get(row["principal"])
        if row["machine"] not in data["machines"]:
            yield f"unit {name} is on no machine of the snapshot"
        elif row["principal"] and (beside is None or beside["principal"]):
            yield f"unit {name} is beside no principal of the snapshot"
        elif beside is not None and beside["machine"] != row["machine"]:
            yield f"unit {name} is on another machine than its principal"


def _relations(data: Mapping[str, Any]) -> Iterator[str]:
    for ends in data["relations"]:
        found = [_END.fullmatch(end) for end in ends]
        if len(ends) != 2 or not all(one and one[1] in data["applications"] for one in found):
            yield f"{ends!a:.80} is no relation of two applications of the snapshot"


def _clusters(data: Mapping[str, Any]) -> Iterator[str]:
    for name, row in data["ceph"].items():
        if name not in data["applications"] or data["applications"][name]["charm"] != "ceph-mon":
            yield f"{name!a:.80} is no ceph-mon of the snapshot"
        else:
            yield from _wrong(f"ceph of {name}: ", row, _CEPH)
