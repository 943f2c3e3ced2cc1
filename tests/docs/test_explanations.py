"""What the pages name exists: rooms, paths, links, tests."""

from __future__ import annotations

import pathlib
import re

import pytest
from cou import audit

from . import rooms
from .sentences import VERBS

TOP = pathlib.Path(__file__).parents[2]
PAGES = sorted([*(TOP / "docs").rglob("*.md"), *TOP.glob("*.md"), TOP / "testbed/README.md"])
ARCHITECTURE = TOP / "docs/explanation/architecture.md"
SECURITY = TOP / "docs/explanation/security.md"
_PATH = re.compile(r"`((?:lib|src|tests|testbed|alerts|docs|scripts)/[A-Za-z0-9_./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text):
        path, anchor = (page.parent / target[0]) if target[0] else page, target[1]
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor[1:] in anchors(path), target


def anchors(page: pathlib.Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", [ARCHITECTURE, SECURITY], ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page):
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    assert len(named) > 5
    assert not [one for one in named if not (TOP / one).exists()]


def test_the_picture_is_drawn_from_the_contracts_that_are_checked():
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert rooms.picture() in text
    assert rooms.drawn(text) == text


def test_no_room_is_left_out_of_the_contracts():
    listed = {room for layer in rooms.layers() for room in layer}
    found = {path.parent.name for path in (TOP / "lib/cou").glob("*/__init__.py")}
    modules = {path.stem for path in (TOP / "lib/cou").glob("*.py")} - {"__init__"}
    assert listed == found | modules


def test_every_room_and_module_of_the_table_exists():
    rows = re.findall(r"^\| `((?:lib|src)[^`]*)` \| ([^|]+) \|", ARCHITECTURE.read_text(), re.M)
    assert len(rows) > 8
    for room, holds in rows:
        for module in re.findall(r"`([a-z_]+\.py)`", holds):
            assert (TOP / room / module).exists(), f"{room}/{module}"


def test_every_security_event_is_listed():
    listed = re.findall(r"^\| `([a-z_]+):", SECURITY.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(one.value for one in audit.Event)


def test_the_verbs_of_the_events_are_those_that_are_told():
    source = "".join((TOP / f"lib/cou/{name}.py").read_text() for name in VERBS)
    told = set(re.findall(r'unit_run\.audit\("([a-z-]+)"', source)) | {"restore", "abandon"}
    row = next(line for line in SECURITY.read_text().splitlines() if "`authz_admin:" in line)
    assert set(re.findall(r"`([a-z-]+)`", row.split("|")[3])) == told
