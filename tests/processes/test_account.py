"""The account's password is in the memory of the run's processes, and on no disk at any moment."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest
from cou.errors import CouError
from cou.journal.records import RunState
from cou.process import account_in_memory

from .conftest import PASSWORD, kill

pytestmark = pytest.mark.slow

SECRET = PASSWORD.encode()


def files_with_it(*folders):
    """Return the files below some folders that hold the password."""
    found = []
    for folder in folders:
        for parent, _, names in os.walk(folder):  # what goes away meanwhile is passed over
            for path in (pathlib.Path(parent, name) for name in names):
                try:
                    if path.is_file() and SECRET in path.read_bytes():
                        found.append(path)
                except (FileNotFoundError, PermissionError):  # gone, or of others
                    continue
    return found


def nowhere(operator, tmp_path):
    """Assert that neither a file nor a process shows it."""
    assert files_with_it(tmp_path, operator.place.home, operator.place.run_dir) == []
    of_ours = [one for one in files_with_it(tempfile.gettempdir()) if "cou" in one.name]
    assert of_ours == []
    for pid in operator.pids():
        for name in ("cmdline", "environ"):
            assert SECRET not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()


def test_the_search_finds_what_it_looks_for(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"x" + SECRET)
    assert files_with_it(tmp_path) == [tmp_path / "a" / "b"]


def test_while_a_run_goes_on_and_after_it_has_ended(operator, tmp_path):
    operator.get_inside()
    nowhere(operator, tmp_path)
    assert operator.control.account().password == PASSWORD
    operator.control.cancel()
    operator.cloud.release()
    operator.finish()
    assert operator.control.account() is None
    nowhere(operator, tmp_path)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("which", ["supervisor", "runner", "both"])
def test_after_a_kill(operator, tmp_path, which):
    operator.get_inside()
    supervisor, runner = operator.pids()
    for pid in {"supervisor": [supervisor], "runner": [runner], "both": [supervisor, runner]}[
        which
    ]:
        kill(pid)
    operator.await_that(lambda: not operator.pids())
    assert operator.state() is RunState.INTERRUPTED
    nowhere(operator, tmp_path)
    assert operator.control.account() is None
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


@pytest.mark.parametrize("how", ["false", "absent"])
def test_after_a_start_that_failed(operator, tmp_path, monkeypatch, how):
    operator.plan()
    with monkeypatch.context() as patch:
        broken = {"false": shutil.which("false"), "absent": "/nowhere/python"}[how]
        patch.setattr(sys, "executable", broken)
        with pytest.raises(CouError) as caught:
            operator.upgrade()
    assert caught.value.code == "not-started"
    assert PASSWORD not in str(caught.value)
    nowhere(operator, tmp_path)
    held = [str(one.readlink()) for one in pathlib.Path("/proc/self/fd").iterdir() if one.exists()]
    assert not [one for one in held if "cou-account" in one]


@pytest.mark.deep
def test_a_new_password_reaches_the_next_login(operator):
    """An operator changes it while the run goes on; the runner logs in again and is taken."""
    operator.get_inside()
    operator.control.offer(operator.cloud.access("another-4712"))
    known = operator.cloud.controller.users["cou"]
    operator.cloud.loop.call_soon_threadsafe(setattr, known, "password", "another-4712")
    operator.cloud.loop.call_soon_threadsafe(operator.cloud.server.drop_all)
    assert operator.control.account().password == "another-4712"
    operator.cloud.release()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert operator.log().count("authn_login_success") > 1


def test_a_file_that_an_earlier_version_left_is_removed_once_nothing_runs(operator, caplog):
    operator.get_inside()
    old = operator.place.credential
    parts = (old, old.with_name(f"{old.name}.4711"))
    for path in parts:
        path.write_text(PASSWORD)
    type(operator.control)(operator.place).view()
    assert old.exists(), "the runner of an earlier version logs in with it"
    operator.control.cancel()
    operator.cloud.release()
    operator.finish()
    for path in parts:
        path.write_text(PASSWORD)
    type(operator.control)(operator.place).view()
    assert not any(path.exists() for path in parts)
    assert "change the password" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_write_that_is_read_meanwhile_is_read_whole(cloud):
    first, second = cloud.access("a" * 40), cloud.access("b" * 50)
    memory = account_in_memory.AccountFile.make(first)
    reader = account_in_memory.AccountFile(os.dup(memory.descriptor))
    child = os.fork()
    if not child:
        while True:
            memory.write(first)
            memory.write(second)
    try:
        seen = {reader.read().password for _ in range(2000)}
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert seen == {first.password, second.password}
    memory.close()
    reader.close()
