"""A unit is refreshed from a packed charm, and what uses an old file keeps it."""

from __future__ import annotations

import pathlib
import stat
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from juju_testbed.agent import archive

if TYPE_CHECKING:
    from conftest import World


def zipped(folder: pathlib.Path, file: pathlib.Path) -> pathlib.Path:
    """Pack a folder as charmcraft does: no entries for folders, modes kept."""
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder))
    return file


@pytest.mark.deep
@pytest.mark.slow
def test_a_unit_is_refreshed_from_a_packed_charm(world: World, tmp_path: pathlib.Path):
    world.settle()
    (world.source / "lib/words.py").write_text('VERSION = "3.0"\n')
    archive.pack(world.source, tmp_path / "folder", sys.executable)
    (tmp_path / "folder" / "extra").mkdir()
    (tmp_path / "folder" / "extra" / "any.txt").write_text("all that is packed is deployed")
    file = zipped(tmp_path / "folder", tmp_path / "tiny.charm")
    revision = world.store.add(file, "jammy")
    assert (revision.url, revision.name) == ("local:jammy/tiny-1", "tiny")
    before = len(world.hooks())
    world.model.set_charm("tiny", revision, {"source": "local", "revision": 1}, "", "admin")
    world.until(lambda: world.hooks()[before:] == ["upgrade-charm", "config-changed"])
    charm = world.host.places.unit("tiny/0").charm
    assert world.model.units["tiny/0"].workload_version == "3.0"
    assert stat.S_IMODE((charm / "dispatch").stat().st_mode) & 0o111
    assert (charm / "extra" / "any.txt").is_file()


def test_who_has_an_old_file_open_keeps_it(tmp_path: pathlib.Path):
    for build in ("one", "two"):
        (tmp_path / build).mkdir()
        (tmp_path / build / "library.so").write_text(build)
    charm = tmp_path / "agent" / "charm"
    archive.deploy(tmp_path / "one", charm)
    with open(charm / "library.so") as mapped:
        archive.deploy(tmp_path / "two", charm)
        assert mapped.read() == "one"
    assert (charm / "library.so").read_text() == "two"
