"""Pages that are made from the sources are those that are committed."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from cou.checks.problem_codes import CODES

from scripts import reference
from scripts.reference import problem_codes

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("name", list(reference.pages()))
def test_a_page_is_what_make_reference_writes(name):
    page = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert page == reference.pages()[name], "run make reference"


def test_every_action_parameter_and_option_is_on_its_page():
    written = reference.pages()
    for name, action in yaml.safe_load((ROOT / "actions.yaml").read_text()).items():
        part = written["actions.md"].split(f"## {name}\n")[1].split("\n## ")[0]
        named = re.findall(r"^\| `([a-z-]+)`", part, re.MULTILINE)
        assert named == list(action.get("params", {}))
    options = yaml.safe_load((ROOT / "config.yaml").read_text())["options"]
    named = re.findall(r"^\| `([a-z-]+)`", written["configuration.md"], re.MULTILINE)
    assert named == list(options)


def test_every_code_has_one_row():
    rows = re.findall(r"^\| `([a-z-]+)`", problem_codes.page(), re.MULTILINE)
    assert sorted(rows) == sorted(CODES)


def test_every_code_is_raised_somewhere():
    """A code that no check raises would be a promise without a check."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("checks", "plan", "cloud")
        for path in (ROOT / "lib/cou" / folder).glob("*.py")
        if path.name != "problem_codes.py"
    )
    assert [
        name for name in CODES if f'"{name}"' not in source and f'"{name}/' not in source
    ] == []
