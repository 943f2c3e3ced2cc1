"""Makes odd input: values out of thin air, and good input with something changed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

TEXTS = (
    "",
    " ",
    "a",
    "p0123456789abcde",
    "keystone",
    "keystone/0",
    "12:30",
    "2030-01-01 10:00 +14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31 23:59",
    "true",
    "null",
    "1,2,,3",
    "$(touch owned)",
    "`touch owned`; touch owned",
    "' \" \\ \n\r\t",
    "../../../etc/passwd",
    "\x1b]0;owned\x07\x1b[2J",
    "\u202eowned\u2066",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "%s%n%x",
    "\x00",
    "\ud800",
    "é" * 300,
    "9" * 400,
    "١٢",
)
NUMBERS = (
    0,
    1,
    -1,
    2**31,
    2**63,
    -(2**63) - 1,
    10**40,
    0.5,
    -0.0,
    1e308,
    float("inf"),
    float("nan"),
)


def anything(rng: random.Random, depth: int = 2) -> Any:
    """Return a value that JSON or YAML may hold."""
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return rng.choice(TEXTS)
    if kind == 1:
        return "".join(
            chr(rng.choice((rng.randrange(128), rng.randrange(0x2100)))) for _ in "12345"
        )
    if kind == 2:
        return rng.choice(NUMBERS)
    if kind == 3:
        return rng.choice((True, False, None))
    if kind == 4:
        return rng.randrange(-3, 2000)
    if kind == 5:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {str(rng.choice(TEXTS)): anything(rng, depth - 1) for _ in range(rng.randrange(4))}


def changed(rng: random.Random, good: Any, times: int = 3) -> Any:
    """Return a copy of good JSON in which up to so many things are replaced, doubled or gone."""
    found = copy.deepcopy(good)
    for _ in range(rng.randint(1, times)):
        places = list(_places(found))
        if not places:
            return anything(rng)
        holder, key = rng.choice(places)
        what = rng.randrange(4)
        if what == 0 and isinstance(holder, dict):
            del holder[key]
        elif what == 1 and isinstance(holder, dict):
            holder[str(rng.choice(TEXTS))] = holder[key]
        elif what == 2:
            other, from_there = rng.choice(places)
            if _is_there(other, from_there):
                holder[key] = copy.deepcopy(other[from_there])
        else:
            holder[key] = anything(rng)
    return found


def odd(rng: random.Random, good: Any, times: int = 3) -> Any:
    """Return a copy of good JSON in which up to so many values are others of the same type."""
    found = copy.deepcopy(good)
    for _ in range(rng.randint(1, times)):
        leaves = [(h, k) for h, k in _places(found) if not isinstance(h[k], (dict, list))]
        if not leaves:
            break
        holder, key = rng.choice(leaves)
        other, from_there = rng.choice(leaves)
        old = holder[key]
        if type(other[from_there]) is type(old) and rng.randrange(3) == 0:
            holder[key] = other[from_there]
        elif isinstance(old, bool):
            holder[key] = not old
        else:
            holder[key] = rng.choice(TEXTS if isinstance(old, str) else NUMBERS)
    return found


def _is_there(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield value, key
            yield from _places(below)
    elif isinstance(value, list):
        for key, below in enumerate(value):
            yield value, key
            yield from _places(below)


def damaged(rng: random.Random, good: bytes) -> bytes:
    """Return bytes of which some are flipped, cut, doubled or overwritten."""
    found = bytearray(good)
    for _ in range(rng.randint(1, 4)):
        if not found:
            break
        at, what = rng.randrange(len(found)), rng.randrange(5)
        length = min(rng.choice((1, 2, 16, 512, 4096)), len(found) - at)
        if what == 0:
            found[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            found[at : at + length] = rng.randbytes(length)
        elif what == 2:
            found[at : at + length] = bytes(length)
        elif what == 3:
            del found[at:]
        else:
            found[at:at] = found[at : at + length]
    return bytes(found)
