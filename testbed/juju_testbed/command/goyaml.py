"""Reads YAML values as `juju` does, whose reader is gopkg.in/yaml.v2 (its resolve.go, decode.go).

It differs from PyYAML where people meet it on a command line: a date stays a text, ``23:59`` is no
number to the base of 60, and ``y`` and ``n`` are true and false.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_STAMP = "tag:yaml.org,2002:timestamp"
_INT, _FLOAT, _BOOL = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool"))
_NUMBER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_DECIMAL = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN))\Z"
)
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


_Loader.add_implicit_resolver(_INT, _NUMBER, list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, _DECIMAL, list("-+0123456789."))
_Loader.add_implicit_resolver(_BOOL, _LETTER, list("yYnN"))
_Loader.add_constructor(_BOOL, _Loader.construct_letter)


def load(text: str) -> Any:
    """Return the value of a text.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    return yaml.load(text, Loader=_Loader)  # a SafeLoader
