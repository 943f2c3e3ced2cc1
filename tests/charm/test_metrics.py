"""The metrics lie where a node exporter looks, true after every event, and gone with the unit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cou.journal.records import RunState

from charm import CouCharm

from .conftest import House
from .fakes import View


@pytest.fixture
def folder(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a node exporter that is installed."""
    folder = tmp_path / "node-exporter"
    folder.mkdir()
    monkeypatch.setattr(CouCharm, "metrics_folder", folder)
    return folder


@pytest.mark.parametrize("event", ["install", "update_status", "config_changed"])
def test_every_event_shows_what_is_so(house: House, folder: Path, event: str):
    house.control.seen = View("r1", RunState.RUNNING)
    house.fire(event)
    assert 'state="running"' in (folder / "cou-cou-0.prom").read_text()
    house.control.seen = View("r1", RunState.INTERRUPTED)
    house.fire(event)
    assert 'state="interrupted"' in (folder / "cou-cou-0.prom").read_text()


def test_an_action_shows_what_it_changed(house: House, folder: Path):
    house.control.seen = View("r1", RunState.RUNNING)
    house.act("cancel")
    assert 'state="draining"' in (folder / "cou-cou-0.prom").read_text()


def test_another_user_can_read_the_file_and_no_part_of_it_stays(house: House, folder: Path):
    house.fire("update_status")
    assert [one.name for one in folder.iterdir()] == ["cou-cou-0.prom"]
    assert stat.S_IMODE((folder / "cou-cou-0.prom").stat().st_mode) == 0o644


def test_nothing_is_written_where_no_exporter_is(house: House, folder: Path):
    folder.rmdir()
    house.fire("update_status")
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_fails_no_event(house: House, folder: Path):
    (folder / "cou-cou-0.prom").mkdir()
    (folder / "cou-cou-0.prom" / "x").touch()
    house.fire("update_status")
    assert "No metrics in" in house.log
    assert os.listdir(folder) == ["cou-cou-0.prom"]


def test_the_file_goes_with_the_unit(house: House, folder: Path):
    house.fire("update_status")
    house.fire("remove")
    assert not list(folder.iterdir())
