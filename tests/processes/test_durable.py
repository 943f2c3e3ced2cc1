"""What the journal has acknowledged was forced to the disk before, as strace sees it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from cou.journal import FILE, Journal
from cou.journal.records import Limit, RunState

from tests.unit import one_step

pytestmark = pytest.mark.slow

WRITES = 5
# The byte of the file of shared memory that stands for the right to write (SQLite's wal.c).
WRITER = "l_start=120, l_len=1"
PROGRAM = """
import os, pathlib, sys
from cou.journal import Journal
from cou.journal.records import Limit
journal = Journal(pathlib.Path(sys.argv[1]))
if sys.argv[2] == "normal":
    journal._db.read("pragma synchronous = normal")
if sys.argv[2] == "cancel":
    journal.create_run("{}", {}, ["a"], Limit())
journal.show("the first makes the reserve", {})
os.write(1, b"ready")
for number in range(int(sys.argv[3])):
    if sys.argv[2] == "cancel":
        journal.cancel(1, str(number))
    else:
        journal.show(str(number), {})
    os.write(1, b"acknowledged")
"""


def strace():
    found = shutil.which("strace")
    if found is None:
        pytest.skip("needs strace")
    return found


def acknowledged_unforced(tmp_path, synchronous):
    """Return how many of the writes were acknowledged without having been forced to the disk."""
    trace = tmp_path / "trace"
    home = str(tmp_path / "home")
    subprocess.run(
        [
            *(strace(), "-f", "-e", "trace=fsync,fdatasync,write", "-o", trace),
            *(sys.executable, "-c", PROGRAM, home, synchronous, str(WRITES)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    lines = trace.read_text().partition('"ready"')[2].splitlines()
    forced, seen, unforced = False, 0, 0
    for line in lines:
        if "sync(" in line and line.rstrip().endswith("= 0"):
            forced = True
        elif '"acknowledged"' in line:
            seen += 1
            unforced += not forced
            forced = False
    assert seen == WRITES, lines
    return unforced


def forced_inside(tmp_path, writes):
    """Return how often each transaction has forced the disk while it kept the others out."""
    trace = tmp_path / "trace"
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "home"), "", str(writes)]
    subprocess.run(
        [strace(), "-f", "-e", "trace=fsync,fdatasync,fcntl", "-o", trace, *command],
        check=True,
        capture_output=True,
        timeout=240,
    )
    found, inside = [], None
    for line in trace.read_text().splitlines():
        if WRITER in line and "F_WRLCK" in line and line.endswith("= 0"):
            inside = 0
        elif WRITER in line and "F_UNLCK" in line and inside is not None:
            found.append(inside)
            inside = None
        elif "sync(" in line and inside is not None:
            inside += 1
    return found


def test_no_transaction_forces_the_disk_twice_while_others_wait_for_it(tmp_path):
    """Else whoever comes next waits for two, and on a slow disk each takes its time."""
    found = forced_inside(tmp_path, writes=700)
    # The one that makes the format, and the first of all.
    assert found[2:].count(1) >= 700
    assert max(found[2:]) == 1


def test_nothing_is_acknowledged_before_it_is_on_the_disk(tmp_path):
    assert acknowledged_unforced(tmp_path, "") == 0


def test_no_cancel_is_acknowledged_before_it_is_on_the_disk(tmp_path):
    assert acknowledged_unforced(tmp_path, "cancel") == 0


def test_a_journal_that_forgets_to_force_it_is_noticed(tmp_path):
    assert acknowledged_unforced(tmp_path, "normal") == WRITES


CANCEL = """
import os, pathlib, sys
from cou.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]), create=False)
journal.cancel(1, "nobody else has it open")
os.write(1, b"acknowledged")
"""


def test_a_cancel_of_an_interrupted_run_forces_the_name_of_its_log_too(tmp_path):
    """Nobody has the journal open: the log is made anew, and a name can be lost like a write."""
    home, trace = tmp_path / "home", tmp_path / "trace"
    journal = Journal(home)
    journal.create_run("{}", {}, ["a"], Limit())
    journal.close()
    log = home / f"{FILE}-wal"
    assert not log.exists()
    subprocess.run(
        [
            *(strace(), "-f", "-y", "-e", "trace=openat,fsync,fdatasync,write", "-o", trace),
            *(sys.executable, "-c", CANCEL, home),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    told = trace.read_text().partition('"acknowledged"')[0]
    made = told.partition(f'"{log}", O_RDWR|O_CREAT')[2]
    assert made, told
    forced = [line for line in made.splitlines() if "sync(" in line]
    assert any(f"<{home}>" in line for line in forced), forced
    assert any(f"<{log}>" in line for line in forced), forced


ENDS = """
import os, pathlib, sys
from cou.control.control import Control
from cou.process.paths import RunPaths
home = pathlib.Path(sys.argv[1])
print(Control(RunPaths(home, home / "run")).cancel().message)
"""


@pytest.mark.parametrize("killed", [True, False], ids=["log left", "log gone"])
@pytest.mark.parametrize("state", [None, RunState.STOPPED], ids=["interrupted", "stopped"])
def test_a_cancel_where_nobody_works_forces_the_disk_twice_at_most(tmp_path, state, killed):
    """Its answer comes at the end of its process: what closing the journal costs counts too."""
    home, trace = tmp_path / "home", tmp_path / "trace"
    journal = Journal(tmp_path / "begun")
    token = one_step.begin(journal).token
    if state is not None:
        journal.end_attempt(token, state)
    if killed:
        shutil.copytree(journal.home, home)
        journal.close()
    else:
        journal.close()
        shutil.copytree(journal.home, home)
    assert (home / f"{FILE}-wal").exists() is killed
    done = subprocess.run(
        [
            *(strace(), "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace),
            *(sys.executable, "-c", ENDS, home),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"the run is {state.value if state else 'interrupted'}" in done.stdout
    forced = [line for line in trace.read_text().splitlines() if "sync(" in line]
    assert len(forced) <= (0 if state else 2), forced
    again = Journal(home)
    cancelled = again.attempt(again.current().id).cancelled
    again.close()
    assert (cancelled is not None) is (state is None)
