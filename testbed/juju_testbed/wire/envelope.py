"""Requests and replies as texts."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .shapes import field


class BadRequest(Exception):
    """The message is no request; the real server closes the connection."""


@dataclasses.dataclass(frozen=True)
class Request:
    """A request; `object_id` is a watcher's id or empty."""

    id: int
    facade: str
    version: int
    method: str
    object_id: str
    params: dict[str, Any]


# The real server writes through a buffer of 4,096 bytes, of which a frame's head takes 14 (gorilla
# websocket, conn.go, on net/http's own buffer; Juju asks for no other: apiserver/websocket).
BUFFER, ROOM = 4096, 4096 - 14


def parse(text: str | bytes) -> Request:
    """Read a request; field names in any case, nulls for what is absent.

    Raises:
        BadRequest: no JSON object, or without a positive request-id.
    """
    try:
        message = json.loads(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    number = field(message, "request-id", 0)
    params = field(message, "params", {})
    if not isinstance(number, int) or number <= 0 or not isinstance(params, dict):
        raise BadRequest("no request-id or no parameters")
    return Request(
        number,
        str(field(message, "type", "")),
        int(field(message, "version", 0)),
        str(field(message, "request", "")),
        str(field(message, "id", "")),
        params,
    )


def fragments(text: str) -> list[str]:
    """Cut a message into frames as the real server does; one piece is one whole frame.

    What fits neither the buffer nor twice its size goes out as it is, in a frame that says that
    more will come; an empty last frame follows. `text` is ASCII, and ends as Go's encoder ends it.
    """
    text += "\n"
    if len(text) <= ROOM:
        return [text]
    if len(text) > 2 * BUFFER:
        return [text, ""]
    return [text[at : at + ROOM] for at in range(0, len(text), ROOM)]


def success(request_id: int, response: dict[str, Any]) -> str:
    """Write a reply."""
    return json.dumps({"request-id": request_id, "response": response})


def failure(request_id: int, message: str, code: str, info: dict[str, Any] | None) -> str:
    """Write an error; ``response`` is there all the same, and clients rely on it."""
    reply: dict[str, Any] = {"request-id": request_id, "error": message, "response": {}}
    if code:
        reply["error-code"] = code
    if info:
        reply["error-info"] = info
    return json.dumps(reply)
