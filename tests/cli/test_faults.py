"""Whatever stands in the way: said once, with what to do next, and with exit code 1 or 2 alone."""

from __future__ import annotations

import functools
import resource
import sqlite3
import subprocess
import sys

import pytest

from .cloud import NOBODY

UUID = "a" * 8


@pytest.fixture
def known(user):
    """Let the user know a model that cannot be reached; return its journal's folder."""
    user.knows([NOBODY], "", UUID)
    return user.home / "state" / "cou" / UUID


def said(err):
    """Return what stderr says; it must be an error, said once, and what to do next."""
    lines = err.splitlines()
    assert len(lines) == 2, err
    assert lines[0].startswith("Error: ")
    assert len(lines[1]) > 10
    return lines


def without_terminal(user, *command, **more):
    """Run a program as a user does without a terminal; `more` is for `subprocess.run`."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        command, env=user.environment, text=True, timeout=300, check=False, **pipes | more
    )


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("verb", ["plan", "status", "cancel", "upgrade --auto-approve"])
def test_on_a_laptop_without_a_juju_every_verb_says_what_to_do(user, verb):
    code, out, err = user.run(*verb.split())
    assert code == 1
    assert {line.split(":")[0] for line in out.splitlines()} <= {"Full execution log"}
    _, remedy = said(err)
    for way in ("juju login", "JUJU_DATA", "deploy the charm"):
        assert way in remedy


@pytest.mark.slow
def test_a_controller_that_is_gone_is_named(known, user):
    code, _, err = user.run("plan")
    assert code == 1
    assert "did not answer" in said(err)[0]


@pytest.mark.slow
def test_a_wrong_password_names_where_passwords_are(cloud, user):
    user.knows([cloud.server.address], cloud.certs.ca, cloud.model.uuid, password="wrong")
    code, _, err = user.run("plan")
    assert code == 1
    assert "accounts.yaml" in said(err)[1]
    assert "charm's secret" not in err


def damaged(path):
    path.write_bytes(b"no journal at all\n" * 100)


def newer(path):
    journal = sqlite3.connect(path)
    journal.execute("pragma user_version = 9999")
    journal.close()


def folder(path):
    path.mkdir()


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("make", [damaged, newer, folder])
@pytest.mark.parametrize("verb", ["status", "cancel --force"])
def test_a_journal_that_is_none_is_refused_and_never_overwritten(known, user, make, verb):
    known.mkdir(parents=True)
    make(known / "journal.sqlite")
    before = sorted(path.stat().st_size for path in known.glob("journal.sqlite*"))
    code, out, err = user.run(*verb.split())
    assert (code, out) == (1, "")
    assert "journal" in said(err)[0]
    assert sorted(path.stat().st_size for path in known.glob("journal.sqlite*")) == before


@pytest.mark.sampled(1)
@pytest.mark.parametrize("below", ["state", "state/cou", f"state/cou/{UUID}"])
@pytest.mark.slow
def test_a_file_where_a_folder_must_be_is_named(cloud, user, below):
    path = user.home / below.replace(UUID, cloud.model.uuid)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    code, _, err = user.run("plan")
    path.unlink()  # nothing was begun, and the user's things are looked at afterwards
    assert code == 1
    wrong, remedy = said(err)
    assert str(path) in wrong
    assert "XDG_STATE_HOME" in remedy


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("verb", ["--help", "--version", "completion", "status", "plan"])
def test_an_output_that_takes_nothing_ends_with_one(cloud, user, verb):
    if verb == "status":
        assert user.run("plan")[0] == 0
    with open("/dev/full", "w") as full:
        done = without_terminal(user, sys.executable, "-m", "cou.cli", verb, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device\n"


@pytest.mark.slow
def test_a_reader_that_takes_one_line_is_no_fault(cloud, user):
    for verb in ("plan", "plan --format json", "help", "report"):
        shell = f"{sys.executable} -m cou.cli {verb} | head -n 1; exit ${{PIPESTATUS[0]}}"
        done = without_terminal(user, "/bin/bash", "-c", shell)
        assert done.returncode in (0, 1)
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_disk_that_takes_nothing_more_is_named_once_and_nothing_is_begun(cloud, user):
    none = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0))
    command = (sys.executable, "-m", "cou.cli", "upgrade", "--auto-approve")
    done = without_terminal(user, *command, preexec_fn=none)
    assert done.returncode == 1
    wrong, remedy = said(done.stderr)
    assert "journal" in wrong
    assert "disk" in remedy or "space" in remedy
    assert cloud.count("task-begun") == 0
