"""What goes on at a workstation can be stopped there, whatever is wrong around it."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sqlite3
import subprocess

import pytest
from cou.journal import FILE
from cou.process import locks

from .test_transcripts import begin

pytestmark = pytest.mark.slow


def folder(cloud, user):
    return user.home / "state" / "cou" / cloud.model.uuid


def keep(home, copy):
    """Copy what the journal holds, as a backup does."""
    with (
        contextlib.closing(sqlite3.connect(home / FILE)) as journal,
        contextlib.closing(sqlite3.connect(copy)) as to,
    ):
        journal.backup(to)


def pids(home):
    found = (locks.holder(home / "run" / name) for name in ("supervisor.lock", "runner.lock"))
    return [pid for pid in found if pid]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("words", [("cancel",), ("cancel", "--force")])
@pytest.mark.parametrize("lost", ["accounts", "models", "controllers", "all"])
def test_it_needs_nothing_of_the_juju_client(cloud, user, at, lost, words):
    terminal = begin(cloud, at)
    for path in user.juju.glob("*.yaml"):
        if lost in (path.stem, "all"):
            path.write_text("{")
    code, out, err = user.run(*words)
    assert (code, err) == (0, "")
    assert "Nothing further begins" in out or "none is left" in out
    cloud.release()
    assert terminal.end() == 1
    assert pids(folder(cloud, user)) == []
    user.knows_cloud(cloud)
    assert user.status()["state"] in ("stopped", "killed")


def test_another_model_is_never_taken_for_the_one_that_is_named(cloud, user, at):
    terminal = begin(cloud, at)
    code, _, err = user.run("cancel", "--model", "tset-model")
    assert code == 1
    assert f"give --model with a UUID of these: {cloud.model.uuid}." in err
    assert user.status()["state"] == "running"
    (user.juju / "models.yaml").unlink()
    code, out, _ = user.run("cancel", "--model", f"prod:{cloud.model.uuid}")
    assert code == 0
    assert "Nothing further begins" in out
    cloud.release()
    assert terminal.end() == 1


@pytest.mark.deep
def test_a_journal_put_back_is_refused_and_every_verb_answers(cloud, user, tmp_path):
    home = folder(cloud, user)
    assert user.run("plan")[0] == 0
    assert user.run("upgrade-step", "--granularity", "step")[0] == 0
    keep(home, tmp_path / "old")
    assert user.run("upgrade-step", "--granularity", "step", "--count", "3")[0] == 0
    for path in home.glob(f"{FILE}*"):
        path.unlink()
    shutil.copy(tmp_path / "old", home / FILE)
    asked = cloud.count("asked")
    for words in (("upgrade", "--auto-approve"), ("upgrade-step",)):
        code, out, err = user.run(*words)
        assert code == 1
        told = out + err
        assert "The journal is older than its run" in told
    for words in (("cancel",), ("cancel", "--force"), ("status",), ("report",), ("plan",)):
        code, out, err = user.run(*words)
        assert code == 0, (words, out, err)
    assert "run `cou abandon`" in user.run("status")[1]
    code, _, err = user.run("resolve-step", "none", "--as", "retry", "--reason", "old")
    assert code == 1
    assert "has no step 'none'" in err
    assert cloud.count("asked") == asked
    away = re.search(r"sudo (mv \S+ \S+)", user.run("status")[1])[1]
    subprocess.run(shlex.split(away), check=True)
    code, out, err = user.run("upgrade", "--auto-approve")
    assert (code, err) == (0, ""), out


@pytest.mark.sampled(1)
@pytest.mark.parametrize("words", [("cancel",), ("cancel", "--force")])
def test_a_run_over_whose_journal_a_copy_is_written_ends(cloud, user, at, tmp_path, words):
    """As `cp` does it: the file is the same one as before."""
    home = folder(cloud, user)
    assert user.run("plan")[0] == 0
    keep(home, tmp_path / "old")
    terminal = begin(cloud, at)
    shutil.copy(tmp_path / "old", home / FILE)
    before = (home / FILE).read_bytes()
    _, out, err = user.run(*words)
    told = out + err
    assert "of two times" in told, told
    assert pids(home) == []
    assert terminal.end() == 1
    assert (home / FILE).read_bytes() == before
    code, _, err = user.run("status")
    assert code == 1
    move = err.rpartition("move this one away: sudo ")[2]
    subprocess.run(shlex.split(move), check=True)
    assert user.run("status")[0] == 0
    cloud.release()
