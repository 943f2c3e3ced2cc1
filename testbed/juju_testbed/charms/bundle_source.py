"""A bundle's raw data: read from text, moved from the Charm Store to Charmhub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_CHARM_STORE = re.compile(r"^cs:(?:~(?P<user>[^/]+)/)?(?:(?P<series>[a-z]+)/)?(?P<rest>.+)$")
# The one in C reads the same ten times as fast, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NUMBER = re.compile(r"-\d+$")  # the revision at the end of a charm's URL


# Control characters steer a terminal, marks of direction make a text read as another, and half of
# a surrogate pair cannot be written at all.
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class BundleError(Exception):
    """A bundle that cannot be deployed; the text says what is wrong, all of it.

    Names in it come from a file that somebody sent: what would steer a terminal is escaped.
    """

    def __str__(self) -> str:
        return "\n".join(harmless(line) for line in super().__str__().split("\n"))


def harmless(text: str) -> str:
    """Return a line with what would steer a terminal escaped."""
    return STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def load(source: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return a bundle's data from its text or a dictionary.

    Raises:
        BundleError: it is no YAML mapping, or it holds several documents (an overlay).
    """
    if isinstance(source, Mapping):
        return dict(source)
    try:
        documents = list(yaml.load_all(source, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise BundleError(f"cannot unmarshal bundle contents: {error}") from error
    if len(documents) > 1:
        raise BundleError("the bundle holds an overlay (a second document); overlays are not read")
    if not documents or not isinstance(documents[0], dict):
        raise BundleError("cannot unmarshal bundle contents: a bundle is a mapping")
    return documents[0]


def rewrite_charm_store(source: str | Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Replace Charm Store URLs by Charmhub's, in ``latest/stable``.

    Returns:
        The bundle's data, and one line per application that was rewritten.

    Raises:
        BundleError: it is no bundle at all.
    """
    data = load(source)
    done: list[str] = []
    applications: dict[str, Any] = {}
    for name, spec in mapping(data, "applications").items():
        match = _CHARM_STORE.match(str(spec.get("charm", ""))) if isinstance(spec, dict) else None
        if match is not None:
            charm = f"ch:{NUMBER.sub('', match['rest'])}"
            done.append(harmless(f"{name}: {spec['charm']} -> {charm} latest/stable"))
            spec = {**spec, "charm": charm, "channel": "latest/stable"}
            spec.pop("revision", None)
        applications[name] = spec
    return {**data, "applications": applications}, done


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a part of a bundle that must be a mapping; empty where it is left out.

    Raises:
        BundleError: it is something else.
    """
    value = data.get(key) or {}
    if not isinstance(value, dict):
        raise BundleError(f"cannot unmarshal bundle contents: {key} is no mapping")
    return value
