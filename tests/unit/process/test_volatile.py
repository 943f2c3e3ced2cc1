"""A password is written to memory only, and what is told to do about a disk helps."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import pytest
from cou.errors import CouError
from cou.process import access
from cou.process.access import Access

ACCESS = Access(("127.0.0.1:1",), "PEM", "uuid", "m", "cou", "not-on-a-disk-4711")
TOP = pathlib.Path(__file__).parents[3]


@pytest.fixture
def disk():
    """A folder that is not in memory."""
    with tempfile.TemporaryDirectory(dir=TOP, prefix=".disk-") as name:
        descriptor = os.open(name, os.O_RDONLY)
        in_memory = access.holds(descriptor)
        os.close(descriptor)
        if in_memory:
            pytest.skip("the clone lies in memory")
        yield pathlib.Path(name)


def test_nothing_is_written_to_a_disk(disk, tmp_path):
    with pytest.raises(CouError) as caught:
        ACCESS.write(disk / "run" / "access.json")
    assert caught.value.code == "credential-file"
    assert list((disk / "run").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_the_remedy_for_a_disk_helps(disk):
    with pytest.raises(CouError) as caught:
        ACCESS.write(disk / "access.json")
    command = caught.value.remedy.removeprefix("Run: sudo ")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pathlib;"
        "from cou.process.access import Access;"
        "path = pathlib.Path(sys.argv[2]); "
        "Access(('a',), '', 'u', 'm', 'c', 'p').write(path); print(Access.read(path).username)"
    )
    words = [sys.executable, "-c", program, str(TOP / "lib"), str(disk / "access.json")]
    both = f"{command} && {shlex.join(words)}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", both], capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip("no mount namespace can be had here")
    assert done.stdout == "c\n", done.stderr
    assert list(disk.iterdir()) == []


def test_memory_is_known_as_such():
    for folder in ("/dev/shm", "/run"):
        if pathlib.Path(folder).is_dir():
            opened = os.open(folder, os.O_RDONLY)
            found = subprocess.run(
                ["stat", "-f", "-c", "%T", folder], capture_output=True, text=True
            )
            assert access.holds(opened) == (found.stdout.strip() in ("tmpfs", "ramfs"))
            os.close(opened)
