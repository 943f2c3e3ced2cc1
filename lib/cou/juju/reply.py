"""Careful reading of a reply: each field checked, each complaint with its full name."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from .. import untyped
from ..errors import JujuError
from . import error_replies, timestamps


class Reply(NamedTuple):
    """A part of a reply, with the way to it.

    A tuple, because a status is taken apart into thousands of these every two seconds.

    Go writes null, or nothing at all, for an empty list, map or text; both read as empty here.
    Every method raises `JujuError` ``bad-reply`` that names facade, method and field.

    Attributes:
        value: the JSON value.
        where: facade and method, ``Client.FullStatus``.
        path: fields on the way here, ``applications.keystone``.
        changes: whether the call changes something; a bad reply is then no proof of anything.
    """

    value: Any
    where: str
    path: str = ""
    changes: bool = False

    def wrong(self, key: str, wanted: str) -> JujuError:
        """Return the error for a field that is not as it must be."""
        field = ".".join(part for part in (self.path, key) if part) or "the reply"
        return error_replies.bad_reply(
            self.where, f"{field} is not {wanted}", changes=self.changes
        )

    def field(self, key: str) -> Any:
        """Return a field's raw value, None where it is missing."""
        found = untyped.as_object(self.value)
        if found is None:
            raise self.wrong("", "an object")
        return found.get(key)

    def at(self, key: str) -> Reply:
        """Return an object below, empty where it is missing."""
        return self._below(key, self._object(key))

    def text(self, key: str) -> str:
        """Return a text, empty where it is missing."""
        found = self.value.get(key) if isinstance(self.value, dict) else self.field(key)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(found, str):  # first, and without `field`: most of a status is texts
            return found
        if found is None:
            return ""
        raise self.wrong(key, "a text")

    def needed(self, key: str) -> str:
        """Return a text that must be there."""
        found = self.text(key)
        if not found:
            raise self.wrong(key, "given")
        return found

    def flag(self, key: str) -> bool:
        """Return a truth value, false where it is missing."""
        found = self.field(key)
        if found is not None and not isinstance(found, bool):
            raise self.wrong(key, "true or false")
        return bool(found)

    def time(self, key: str) -> datetime.datetime | None:
        """Return a time in UTC, None where it is missing or zero."""
        text = self.text(key)
        try:
            return timestamps.parse(text)
        except ValueError:
            raise self.wrong(key, f"a time: {text!r}") from None

    def each(self, key: str) -> list[Reply]:
        """Return the elements of a list of objects, none where it is missing."""
        found = self.field(key)
        if found is None:
            return []
        items = untyped.as_list(found)
        if items is None:
            raise self.wrong(key, "a list")
        return [self._below(f"{key}[{at}]", item) for at, item in enumerate(items)]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, none where it is missing."""
        items = [item.value for item in self.each(key)]
        if not all(isinstance(item, str) for item in items):
            raise self.wrong(key, "a list of texts")
        return tuple(items)

    def table(self, key: str) -> dict[str, Reply]:
        """Return the values of a map of objects, none where it is missing."""
        where, changes = self.where, self.changes
        path = f"{self.path}.{key}." if self.path else f"{key}."
        return {
            name: Reply(item, where, path + name, changes)
            for name, item in self._object(key).items()
        }

    def plain(self, key: str) -> dict[str, Any]:
        """Return a map as it came, empty where it is missing."""
        return dict(self._object(key))

    def results(self, count: int, key: str = "results") -> list[Reply]:
        """Return the elements of a bulk call's answer, which must be as many as were asked.

        Some of these lists have no JSON tag in Juju's source (rpc/params/charms.go): a capital
        letter.
        """
        untagged = key.capitalize()
        if key not in self.value and untagged in self.value:
            key = untagged
        found = self.each(key)
        if len(found) != count:
            raise self.wrong(key, f"a list of {count}")
        return found

    def only(self, subject: str, key: str = "results") -> Reply:
        """Return the one element of a bulk call's answer, or raise its error."""
        (found,) = self.results(1, key)
        return found.good(subject)

    def good(self, subject: str) -> Reply:
        """Return an element of a bulk answer, or raise its error."""
        error = self.failure(subject)
        if error is not None:
            raise error
        return self

    def failure(self, subject: str) -> JujuError | None:
        """Return the error in an element of a bulk answer, or None.

        Args:
            subject: what the element is about, for the text.
        """
        error = self.at("error")
        if not error.value:
            return None
        return error_replies.refused(
            f"{self.where} of {subject}" if subject else self.where,
            error.text("message"),
            error.text("code"),
            changes=self.changes,
        )

    def _object(self, key: str) -> dict[str, Any]:
        found = self.field(key)
        if found is None:
            return {}
        of_keys = untyped.as_object(found)
        if of_keys is None:
            raise self.wrong(key, "an object")
        return of_keys

    def _below(self, key: str, value: Any) -> Reply:
        path = f"{self.path}.{key}" if self.path else key
        return Reply(value, self.where, path, self.changes)
