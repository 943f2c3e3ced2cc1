"""Frames of the wire that are no answers of Juju's, made of real answers."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from cou.juju import error_replies, libjuju

from . import mutate

MALFORMED = (
    "cut",
    "another protocol",
    "a list",
    "no number",
    "a text",
    "texts",
    "half characters",
)


def malformed(kind: str, answer: Mapping[str, Any]) -> str:
    """Return a frame that is malformed in one way; nothing in it could be taken for an answer."""
    whole = json.dumps({"request-id": 7, "response": answer})
    if kind == "cut":
        return whole[: len(whole) // 2]
    if kind == "another protocol":
        return "HTTP/1.1 502 Bad Gateway"
    if kind == "a list":
        return json.dumps([whole])
    if kind == "no number":
        return json.dumps({"request-id": "7", "response": answer})
    if kind == "a text":
        return json.dumps({"request-id": 7, "response": "odd"})
    if kind == "texts":
        return json.dumps({"request-id": 7, "response": dict.fromkeys(answer, "odd")})
    return json.dumps({"request-id": 7, "response": {**answer, "\ud800": "\udfff"}})


def odd(rng: random.Random, answer: Any) -> str | bytes:
    """Return a frame with something changed: in its values, its envelope, its bytes."""
    message = {"request-id": 7, "response": answer}
    kind = rng.randrange(6)
    if kind == 0:
        return json.dumps(mutate.changed(rng, message))
    if kind == 1:
        return json.dumps({**message, "response": mutate.changed(rng, answer)})
    if kind == 2:
        return malformed(rng.choice(MALFORMED), answer if isinstance(answer, dict) else {})
    if kind == 3:
        return "[" * rng.choice((10, 100_000)) + json.dumps(message)
    data = bytearray(json.dumps(message).encode())
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data) if kind == 4 else bytes(data).decode(errors="replace")


def read(where: str, frame: str | bytes, *, changes: bool) -> dict[str, Any]:
    """Read a frame as the client's connection does.

    Raises:
        JujuError: it is no answer, or an error.
    """
    try:
        return libjuju._response(where, libjuju._message(frame), changes)
    except libjuju._MalformedError as error:
        raise error_replies.lost(where, str(error), sent=True, changes=changes) from error
