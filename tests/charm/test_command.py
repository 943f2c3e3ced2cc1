"""The command cou on the unit."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import command


def test_the_script_runs_the_charm_s_own_command(tmp_path: Path) -> None:
    charm_dir = Path(__file__).resolve().parents[2]
    path = tmp_path / "cou"
    assert command.install(charm_dir, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    assert "cou" in done.stdout


def test_a_refresh_writes_it_anew_and_removal_takes_it_away(tmp_path: Path) -> None:
    path, charm_dir = tmp_path / "cou", tmp_path / "charm"
    assert command.install(charm_dir, path)
    assert command.install(charm_dir, path)
    assert list(tmp_path.iterdir()) == [path]
    command.remove(tmp_path / "another", path)
    assert path.exists()
    command.remove(charm_dir, path)
    assert not path.exists()
    command.remove(charm_dir, path)


def test_somebody_else_s_command_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cou"
    path.write_text("#!/bin/sh\necho theirs\n")
    assert not command.install(tmp_path / "charm", path)
    command.remove(tmp_path / "charm", path)
    assert "theirs" in path.read_text()


def test_a_path_that_cannot_be_written_does_not_fail_the_hook(tmp_path: Path) -> None:
    assert not command.install(tmp_path / "charm", tmp_path / "no" / "such" / "folder" / "cou")


def test_nothing_that_is_planted_in_the_folder_is_followed(tmp_path: Path) -> None:
    """The name of the part was the process's id: whoever may write there could lay a link."""
    folder, theirs = tmp_path / "bin", tmp_path / "theirs"
    folder.mkdir()
    theirs.write_text("as it was")
    (folder / f".cou.{os.getpid()}").symlink_to(theirs)
    assert command.install(tmp_path / "charm", folder / "cou")
    assert theirs.read_text() == "as it was"
    assert not (folder / "cou").is_symlink()


def test_a_link_in_the_commands_place_is_somebody_elses(tmp_path: Path) -> None:
    path, target = tmp_path / "cou", tmp_path / "target"
    for text in (None, command.script(tmp_path / "charm")):
        if text is not None:
            target.write_text(text)
        path.symlink_to(target)
        assert not command.install(tmp_path / "charm", path)
        command.remove(tmp_path / "charm", path)
        assert path.is_symlink()
        path.unlink()
    assert target.exists()


def test_a_pipe_in_the_commands_place_holds_up_no_hook(tmp_path: Path) -> None:
    path = tmp_path / "cou"
    os.mkfifo(path)
    assert not command.install(tmp_path / "charm", path)
    command.remove(tmp_path / "charm", path)
    assert stat.S_ISFIFO(path.lstat().st_mode)
