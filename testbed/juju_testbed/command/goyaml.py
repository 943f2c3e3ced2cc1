"""Reads and prints YAML as `juju` does, with gopkg.in/yaml.v2 (its resolve.go, decode.go).

Reading differs from PyYAML where people meet it on a command line: a date stays a text, ``23:59``
is no number to the base of 60, and ``y`` and ``n`` are true and false.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from .errors import CommandError

_STRING = "tag:yaml.org,2002:str"
_STAMP = "tag:yaml.org,2002:timestamp"
_INT, _FLOAT, _BOOL = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool"))
_NUMBER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_DECIMAL = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN))\Z"
)
_LONGEST = 70  # digits of an integer of 64 bits to the base of two, with what may stand before
_LETTER = re.compile(r"[yYnN]\Z")


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars as yaml.v2 does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name and kind
        first: [(tag, seen) for tag, seen in found if tag not in (_STAMP, _INT, _FLOAT)]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_letter(self, node: yaml.ScalarNode) -> bool:
        """Return a boolean; one letter is enough."""
        text = str(node.value).lower()
        return text == "y" if len(text) == 1 else self.bool_values[text]

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        """Return an integer of 64 bits; a larger one is a float there, or stays a text."""
        text = str(node.value)
        if len(text) <= _LONGEST:
            found = int(self.construct_yaml_int(node))
            if -(2**63) <= found < 2**64:
                return found
        try:
            found = float(text)
        except ValueError:  # of another base than ten
            return text
        return found if math.isfinite(found) else text


_Loader.add_implicit_resolver(_INT, _NUMBER, list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _DECIMAL, list("-+0123456789."))
_Loader.add_implicit_resolver(_BOOL, _LETTER, list("yYnN"))
_Loader.add_constructor(_INT, _Loader.construct_number)
_Loader.add_constructor(_BOOL, _Loader.construct_letter)


def load(text: str) -> Any:
    """Return the value of a text.

    Raises:
        CommandError: it is no YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        raise CommandError(f"yaml: {error}") from error


class _Dumper(yaml.SafeDumper):
    """Prints as Go's yaml does."""

    def check_simple_key(self) -> bool:
        """Take an empty text as a plain key too (``"": alpha``), which PyYAML does not."""
        event = self.event
        if isinstance(event, yaml.ScalarEvent) and event.value == "":
            return True
        return bool(super().check_simple_key())


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if style is None and dumper.resolve(yaml.ScalarNode, value, (True, False)) != _STRING:
        style = '"'  # "2" is no number; Go's yaml takes double quotes
    return dumper.represent_scalar(_STRING, value, style=style)


_Dumper.add_representer(str, _text)


def dump(value: Any) -> str:
    """Return a value as YAML, long lines unbroken."""
    return yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, sort_keys=False, width=1_000_000,
        allow_unicode=True,
    )  # fmt: skip
