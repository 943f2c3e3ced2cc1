"""Packed charms, as charmcraft leaves them."""

from __future__ import annotations

import os
import pathlib
import stat
import zipfile

import pytest
from juju_testbed.agent import archive, packed
from juju_testbed.agent.archive import BadCharm


def packed_with(folder: pathlib.Path, **entries: tuple[int, str]) -> pathlib.Path:
    """Write a charm whose entries are name -> (mode with its type, content)."""
    file = folder / "some.charm"
    with zipfile.ZipFile(file, "w") as made:
        for name, (mode, content) in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, content)
    return file


def test_modes_and_links_are_kept_on_the_unit(tmp_path: pathlib.Path):
    file = packed_with(
        tmp_path,
        **{
            "metadata.yaml": (0o100644, "name: some"),
            "dispatch": (0o100755, "#!/bin/sh\n"),
            "venv/bin/python": (0o120777, "/usr/bin/python3"),
            "hooks/": (0o040755, ""),
        },
    )
    packed.unpack(file, tmp_path / "charm")
    assert archive.read_definition(tmp_path / "charm").name == "some"
    archive.keep(tmp_path / "charm", tmp_path / "kept", "python")
    for _ in range(2):  # the second time over the first
        archive.deploy(tmp_path / "kept", tmp_path / "unit" / "charm")
    unit = tmp_path / "unit" / "charm"
    assert stat.S_IMODE((unit / "dispatch").stat().st_mode) == 0o755
    assert os.readlink(unit / "venv/bin/python") == "/usr/bin/python3"


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "lib/../../outside"])
def test_what_would_lie_outside_is_refused(tmp_path: pathlib.Path, name: str):
    file = packed_with(tmp_path, **{name: (0o100644, "x")})
    with pytest.raises(BadCharm, match="lies outside"):
        packed.unpack(file, tmp_path / "charm")
    assert not (tmp_path / "charm").exists()


def test_nothing_is_written_through_a_link(tmp_path: pathlib.Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = packed_with(
        tmp_path, **{"lib": (0o120777, str(elsewhere)), "lib/evil": (0o100644, "x")}
    )
    with pytest.raises(BadCharm, match="twice"):
        packed.unpack(file, tmp_path / "charm")
    assert list(elsewhere.iterdir()) == []


def test_what_is_no_archive_or_cannot_start_is_no_charm(tmp_path: pathlib.Path):
    text = tmp_path / "text.charm"
    text.write_text("not an archive")
    with pytest.raises(BadCharm, match="no charm was found"):
        packed.unpack(text, tmp_path / "one")
    file = packed_with(tmp_path, **{"metadata.yaml": (0o100644, "name: some")})
    packed.unpack(file, tmp_path / "two")
    with pytest.raises(BadCharm, match="no dispatch"):
        archive.keep(tmp_path / "two", tmp_path / "kept", "python")
