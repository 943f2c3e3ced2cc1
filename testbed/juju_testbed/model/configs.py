"""Charm options: parsing what was given as text, and the hash that agents compare."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .charm import CharmDefinition, Option
from .entities import Application
from .errors import ModelError


def parse_value(name: str, option: Option, text: str) -> Any:
    """Turn text into an option's type.

    Raises:
        ModelError: with the words of juju charm/config.go.
    """
    try:
        if option.type == "int":
            return int(text)
        if option.type == "float":
            return float(text)
        if option.type == "boolean":
            return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[
                text.lower()
            ]
    except (ValueError, KeyError):
        raise ModelError(f'option "{name}" expected {option.type}, got "{text}"') from None
    if option.type == "secret" and text and not text.startswith("secret:"):
        raise ModelError(f'option "{name}" expected secret, got "{text}"')
    return text


def parse_values(definition: CharmDefinition, values: dict[str, Any]) -> dict[str, Any]:
    """Turn the texts of a SetConfigs call into typed values.

    Raises:
        ModelError: an option that the charm does not have, or a value of the wrong type.
    """
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        option = definition.options.get(name)
        if option is None:
            raise ModelError(f'unknown option "{name}"', "not found")
        if isinstance(value, bool):  # a YAML bundle's true is the text "true"
            value = str(value).lower()
        parsed[name] = parse_value(name, option, str(value))
    return parsed


def effective(application: Application) -> dict[str, Any]:
    """Return every option with what was set, else the charm's default; unset ones left out."""
    options = application.definition.options
    values = {name: option.default for name, option in options.items()}
    values.update({k: v for k, v in application.config.items() if k in options})
    return {name: value for name, value in values.items() if value is not None}


def config_hash(application: Application) -> str:
    """Return a hash of the effective configuration; equal values give an equal hash.

    The agent compares such a hash to decide whether config-changed is due, so several quick
    changes fold into one hook and equal values cause none.
    """
    text = json.dumps([effective(application), application.trust], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
