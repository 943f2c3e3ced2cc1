"""Every text that people read, in one catalogue: what was seen, and what to do about it.

The files beside this one hold it. A line that is not indented is a key: a code, and behind a slash
which of its texts. The lines below it are what was seen, those that begin with ``>`` what to do;
in ``steps.txt`` a key is a kind of step, and its lines are the title, and why the step is there.
``{unit}`` stands for a value; ``{UPGRADE}`` for a command of ours, which each way out types as its
reader would (`cou.wording`). Nothing is decided by a text, and nothing of cou is imported here.
"""

from __future__ import annotations

import functools
import importlib.resources
import string
from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """Both texts of a key, with their placeholders; either may be empty."""

    seen: str
    remedy: str


@functools.cache
def catalogue() -> Mapping[str, Entry]:
    """Read all of it.

    Raises:
        ValueError: a key stands there twice.
    """
    found: dict[str, Entry] = {}
    folder = importlib.resources.files(__package__ or __name__)
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".txt"):
            for key, entry in parse(file.read_text(encoding="utf-8")).items():
                if key in found:
                    raise ValueError(f"{file.name}: {key} is in the catalogue already")
                found[key] = entry
    return found


def parse(text: str) -> Mapping[str, Entry]:
    """Read a file of the catalogue.

    Raises:
        ValueError: a key stands there twice, or a text above the first.
    """
    found: dict[str, Entry] = {}
    key = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            key = line.strip()
            if key in found:
                raise ValueError(f"{key} stands there twice")
            found[key] = Entry("", "")
        elif not key:
            raise ValueError(f"{line.strip()!r} stands above the first key")
        else:
            seen, remedy = found[key]
            words = line.strip()
            if words.startswith("> "):
                found[key] = Entry(seen, f"{remedy} {words[2:]}".lstrip())
            elif remedy:
                found[key] = Entry(seen, f"{remedy} {words}")
            else:
                found[key] = Entry(f"{seen} {words}".lstrip(), remedy)
    return found


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the values that a text wants."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
