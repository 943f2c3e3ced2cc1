"""Small conversions between the model and the JSON of the wire."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..model.entities import Status
from ..model.errors import ModelError
from .errors import WireError, element

ZERO_TIME = "0001-01-01T00:00:00Z"


@functools.lru_cache(maxsize=1 << 14)
def stamp(moment: datetime.datetime | None) -> str:
    """Write a time as Go does: RFC 3339, UTC, no zeros at the end; the zero time for none.

    A status has thousands, most of them as in the status before; hence the cache.
    """
    if moment is None:
        return ZERO_TIME
    if moment.tzinfo is not datetime.timezone.utc:
        moment = moment.astimezone(datetime.timezone.utc)
    text = moment.isoformat()[:19]  # much faster than strftime
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return f"{text}{fraction}Z"


def field(source: Mapping[str, Any] | None, name: str, default: Any = None) -> Any:
    """Read a field of a request whatever its case; null counts as absent.

    Go matches field names without regard to case, and python-libjuju sends ``Args`` and ``Id``.
    """
    if not isinstance(source, Mapping):
        return default
    value = source.get(name)
    if value is None:
        value = next((v for k, v in source.items() if k.lower() == name.lower()), None)
    return default if value is None else value


def detailed(status: Status, kind: str = "", version: str = "") -> dict[str, Any]:
    """Return a status as DetailedStatus."""
    return {
        "status": status.current,
        "info": status.message,
        "data": dict(status.data),
        "since": stamp(status.since),
        "kind": kind,
        "version": version,
        "life": "",
    }


def unit_tag(name: str) -> str:
    """Return ``unit-keystone-0`` for ``keystone/0``."""
    return f"unit-{name.replace('/', '-')}"


def untag(tag: Any, kind: str) -> str:
    """Return the name or id in a tag of a kind; ``unit-keystone-0`` is ``keystone/0``.

    Raises:
        WireError: it is no tag of that kind.
    """
    text = str(tag or "")
    if not text.startswith(f"{kind}-") or text == f"{kind}-":
        raise WireError(f'"{text}" is not a valid {kind} tag')
    name = text.removeprefix(f"{kind}-")
    if kind == "unit":
        application, dash, number = name.rpartition("-")
        if not dash or not number.isdecimal():
            raise WireError(f'"{text}" is not a valid unit tag')
        return f"{application}/{number}"
    return name


def number_of(tag: Any, kind: str) -> int:
    """Return the number in an ``action-7`` or ``operation-7`` tag.

    Raises:
        WireError: it is no such tag.
    """
    text = untag(tag, kind)
    if not text.isdecimal():
        raise WireError(f'"{tag}" is not a valid {kind} tag')
    return int(text)


def each(
    elements: Iterable[Any] | None,
    handle: Callable[[Any], dict[str, Any]],
    results: str = "results",
) -> dict[str, Any]:
    """Answer a bulk call: every element by itself, its error in its own place."""
    answers: list[dict[str, Any]] = []
    for one in elements or ():
        try:
            answers.append(handle(one))
        except (ModelError, WireError) as error:
            answers.append({"error": element(error)})
    return {results: answers}
