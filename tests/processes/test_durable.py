"""What the journal has acknowledged was forced to the disk before, as strace sees it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

WRITES = 5
PROGRAM = """
import os, pathlib, sys
from cou.run.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
if sys.argv[2]:
    journal._db.read(f"pragma synchronous = {sys.argv[2]}")
os.write(1, b"ready")
for number in range(int(sys.argv[3])):
    journal.show(str(number), {})
    os.write(1, b"acknowledged")
"""


def acknowledged_unforced(tmp_path, synchronous):
    """Return how many of the writes were acknowledged without having been forced to the disk."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    trace = tmp_path / "trace"
    home = str(tmp_path / "home")
    subprocess.run(
        [
            *(strace, "-f", "-e", "trace=fsync,fdatasync,write", "-o", trace),
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


def test_nothing_is_acknowledged_before_it_is_on_the_disk(tmp_path):
    assert acknowledged_unforced(tmp_path, "") == 0


def test_a_journal_that_forgets_to_force_it_is_noticed(tmp_path):
    assert acknowledged_unforced(tmp_path, "normal") == WRITES
