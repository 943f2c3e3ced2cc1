"""Who holds a lock, and killing whole trees."""

from __future__ import annotations

import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import pytest
from cou.process import locks, processes

HOLD = "import sys,time,pathlib; from cou.process.locks import Lock; "
HOLD += "l=Lock(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(600)"
# A child with a session of its own, which holds nothing of its parent.
TREE = "import subprocess,sys,time; "
TREE += "subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)'],"
TREE += "start_new_session=True); print('up', flush=True); time.sleep(600)"


def spawn(program, *arguments):
    env = {**os.environ, "PYTHONPATH": "lib"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, env=env
    )
    process.stdout.readline()
    return process


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_lock_tells_its_holder_and_goes_with_it(tmp_path):
    path = tmp_path / "lock"
    assert locks.holder(path) == 0
    process = spawn(HOLD, path)
    try:
        assert locks.holder(path) == process.pid
        pid, pidfd = locks.open_holder(path)
        assert pid == process.pid
        os.close(pidfd)
        with pytest.raises(BlockingIOError):
            locks.Lock(path)
    finally:
        end(process)
    assert locks.holder(path) == 0
    assert locks.open_holder(path) is None
    locks.Lock(path).release()


def test_a_stopped_process_still_holds_its_lock(tmp_path):
    process = spawn(HOLD, tmp_path / "lock")
    try:
        process.send_signal(signal.SIGSTOP)
        assert locks.holder(tmp_path / "lock") == process.pid
    finally:
        end(process)


@pytest.mark.slow
@pytest.mark.parametrize("hung", [False, True])
def test_a_killed_tree_leaves_nothing(tmp_path, hung):
    process = spawn(TREE)
    below = processes.descendants([process.pid])
    assert len(below) == 1
    if hung:
        for pid in {process.pid, *below}:
            os.kill(pid, signal.SIGSTOP)
    pidfd = os.pidfd_open(process.pid)
    try:
        killed, left = processes.kill_tree({process.pid: pidfd}, 60)
    finally:
        os.close(pidfd)
        end(process)
    assert left == []
    assert set(killed) == {process.pid, *below}
    deadline = time.monotonic() + 90
    while any(os.path.exists(f"/proc/{pid}") for pid in below) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in below)


# Two below the root, the second below the first.
DEEPER = "import subprocess,sys,time; "
DEEPER += f"below=subprocess.Popen([sys.executable,'-c',{TREE!r}],stdout=subprocess.PIPE); "
DEEPER += "below.stdout.readline(); print('up', flush=True); time.sleep(600)"


def test_all_of_a_tree_stand_still_before_the_first_is_killed(monkeypatch):
    """What runs on could start another that nobody has looked for."""
    sent = []
    send = signal.pidfd_send_signal

    def note(pidfd, number):
        sent.append((pidfd, number))
        send(pidfd, number)

    monkeypatch.setattr(signal, "pidfd_send_signal", note)
    process = spawn(DEEPER)
    below = processes.descendants([process.pid])
    assert len(below) == 2
    before = os.listdir("/proc/self/fd")
    pidfd = os.pidfd_open(process.pid)
    try:
        killed, left = processes.kill_tree({process.pid: pidfd}, 60)
    finally:
        os.close(pidfd)
        assert os.listdir("/proc/self/fd") == before
        end(process)
    assert (set(killed), left) == ({process.pid, *below}, [])
    numbers = [number for _, number in sent]
    assert numbers == [signal.SIGSTOP] * 3 + [signal.SIGKILL] * 3
    assert {pidfd for pidfd, _ in sent[:3]} == {pidfd for pidfd, _ in sent[3:]}


def test_a_child_dies_with_its_parent(tmp_path):
    child = "import time; print('up', flush=True); time.sleep(600)"
    parent = "import os,subprocess,sys,time; from cou.process import processes; "
    parent += f"p=subprocess.Popen([sys.executable,'-c',{child!r}],"
    parent += "preexec_fn=processes.die_with_parent(os.getpid()),stdout=subprocess.PIPE); "
    parent += "p.stdout.readline(); print(p.pid, flush=True); time.sleep(600)"
    env = {**os.environ, "PYTHONPATH": "lib"}
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, env=env, text=True
    )
    pid = int(process.stdout.readline())
    pidfd = os.pidfd_open(pid)
    end(process)
    try:
        import select

        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(60_000)
    finally:
        os.close(pidfd)


def test_what_crashes_leaves_no_core_of_itself_or_its_children(tmp_path):
    program = (
        "import os, resource, subprocess, sys\n"
        "from cou.process import processes\n"
        "processes.leave_no_core()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)\n"
        "code = 'import os, resource; "
        "print(resource.getrlimit(resource.RLIMIT_CORE), flush=True); os.abort()'\n"
        "print(subprocess.run([sys.executable, '-c', code]).returncode, flush=True)\n"
        "os.abort()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path("lib").absolute())},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (2**26, 2**26)),
    )
    assert done.stdout.split("\n")[:3] == ["(1, 1)", "(1, 1)", str(-signal.SIGABRT)]
    assert done.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []
