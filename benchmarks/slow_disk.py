"""``python -m benchmarks.slow_disk``: a cancel while others write all the time, on a slow disk.

What stands for the slow disk is a library that is loaded into each process before SQLite: there
fsync and fdatasync take as long as they are told to, and do their work. Runner and supervisor
stand for the worst that they can do: each of the two writes to the journal without a pause. Then
somebody cancels, in a process of its own, at no particular instant. It needs a C compiler.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from cou.journal import Journal
from cou.process.paths import RunPaths

from tests.unit import one_step

_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <errno.h>
static void be_slow(void) {
    const char *text = getenv("SLOW_DISK_S");
    double seconds = text ? atof(text) : 0.0;
    struct timespec left = {(time_t)seconds, (long)((seconds - (long)seconds) * 1e9)};
    while (nanosleep(&left, &left) == -1 && errno == EINTR) {}
}
int fsync(int file) {
    be_slow();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}
int fdatasync(int file) {
    be_slow();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}
"""
_WRITES = """
import pathlib, signal, sys
from cou.journal import Journal
from cou.process.locks import Lock
signal.signal(signal.SIGTERM, signal.SIG_IGN)
home, lock, run = sys.argv[1:]
held = Lock(pathlib.Path(lock))
journal = Journal(pathlib.Path(home))
journal.tidy()
while True:
    journal.add_event(run, "busy", {})
    print(".", flush=True)
"""
_CANCELS = """
import json, pathlib, sys, time
from cou.control.control import Control
from cou.process.paths import RunPaths
control = Control(RunPaths(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
control.view()  # what this process has to load is no matter of the disk
begun = time.monotonic()
try:
    said = control.cancel().message
except Exception as error:
    said = f"not acknowledged: {error}"
print(json.dumps({"begun": begun, "said": said}))
"""


def measure(fsync_s: float, times: int, at_once: int = 10) -> dict[str, Any]:
    """Return how long so many cancels took where forcing the disk takes so long."""
    with tempfile.TemporaryDirectory() as folder:
        shim = _compile(pathlib.Path(folder))
        places = [pathlib.Path(folder) / str(number) for number in range(at_once)]
        shares = [times // at_once + (number < times % at_once) for number in range(at_once)]
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            found = pool.map(
                lambda two: _several(shim, *two, fsync_s), zip(places, shares, strict=True)
            )
            rows = [row for several in found for row in several]
    allowed_s = 2.0 if fsync_s <= 0.7 else 2 * fsync_s + 1.0
    in_time = [row for row in rows if row["took_s"] <= allowed_s and row["acknowledged"]]
    told = [row for row in in_time if row["slow"] or fsync_s <= 0.7]
    return {
        "fsync-s": fsync_s,
        "cancels": len(rows),
        "allowed-s": allowed_s,
        "in-time": len(in_time),
        "said-slow": sum(row["slow"] for row in rows),
        "longest-s": round(max(row["took_s"] for row in rows), 2),
        "kept": len(told) == len(rows) == times,
    }


def _compile(folder: pathlib.Path) -> pathlib.Path:
    source, shim = folder / "slow.c", folder / "slow.so"
    source.write_text(_SHIM, encoding="utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return shim


def _several(
    shim: pathlib.Path, folder: pathlib.Path, times: int, fsync_s: float
) -> list[dict[str, Any]]:
    place = RunPaths(folder / "home", folder / "run")
    place.make()
    journal = Journal(place.home)
    run = one_step.begin(journal).run
    journal.close()
    slow = {**os.environ, "LD_PRELOAD": str(shim), "SLOW_DISK_S": str(fsync_s)}
    with _busy(place, run, slow):
        return [_cancel(place, slow, fsync_s) for _ in range(times)]


@contextlib.contextmanager
def _busy(place: RunPaths, run: str, environment: dict[str, str]) -> Iterator[None]:
    """Have a runner and a supervisor that write all the time."""
    locks = (place.runner_lock, place.supervisor_lock)
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITES, place.home, lock, run],
            stdout=subprocess.PIPE,
            env=environment,
        )
        for lock in locks
    ]
    try:
        for process in busy:
            assert process.stdout is not None
            process.stdout.readline()
        yield
    finally:
        for process in busy:
            process.kill()
            process.communicate()


def _cancel(place: RunPaths, environment: dict[str, str], fsync_s: float) -> dict[str, Any]:
    time.sleep(random.uniform(0, 2 * fsync_s))
    done = subprocess.run(
        [sys.executable, "-c", _CANCELS, place.home, place.run_dir],
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
    )
    ended = time.monotonic()
    told = json.loads(done.stdout)
    said = str(told["said"])
    return {
        "took_s": ended - float(told["begun"]),
        "acknowledged": said.startswith("Cancelled at"),
        "slow": "The disk is slow" in said,
    }


def main() -> int:
    """Measure, print a line for each disk; fail where a cancel was late."""
    parser = argparse.ArgumentParser(prog="benchmarks.slow_disk", description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.3, 0.7, 3.0])
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for seconds in given.seconds:
        rows.append(measure(seconds, given.times))
        print(json.dumps(rows[-1]), flush=True)
    return 0 if all(row["kept"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
