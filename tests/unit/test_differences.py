"""The page of differences has a row for every weakness, and its tests exist."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/differences-from-cou.md").read_text(encoding="utf-8")


def rows():
    return [line for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]


def test_every_weakness_has_its_row():
    named = re.findall(r"^\| W(\d+)", PAGE, re.MULTILINE)
    assert sorted(set(named), key=int) == [str(number) for number in range(1, 38)]


def test_every_row_names_a_test_that_exists():
    missing = []
    for path, name in re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE):
        file = ROOT / "tests" / path
        if not file.is_file() or f"def {name}(" not in file.read_text(encoding="utf-8"):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_every_row_has_a_test():
    tables = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = [line for line in tables if line.endswith("| Test |")]
    assert len(rows()) == len(tables) - len(heads)
