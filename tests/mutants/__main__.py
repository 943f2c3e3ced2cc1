"""Break the code behind each promise, run the tests that prove it, and tell what nobody noticed.

    python -m tests.mutants                       every promise
    python -m tests.mutants --share 3/40          every fortieth mutant, from the third on
    python -m tests.mutants --only cancel --quick of that promise, without deep tests
    python -m tests.mutants --at lib/cou/operations/calls.py:120   those of a line

Each test is run once with nothing broken, to see which lines it executes; for a mutant only those
that execute its line are, the quickest of each file first, until one fails. Code that runs in
processes of its own cannot be seen so: the other unit tests are run too where none has failed, and
what drives processes is run whole, last, and not with `--quick`.

Works in copies of the checkout, which are removed afterwards. A mutant that lived is a line with
which the promise is not kept and no test says so, or one that changes nothing that matters: a
person has to look. The exit code is 1 if one lived, or if a test fails with nothing broken.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from typing import Any

from .. import memory
from .mutations import Mutant, mutants
from .promises import PROOFS, TOP, Proof
from .worker import PIPES

# Their code runs in processes of its own; of the last, some does.
_OUTSIDE = ("tests/integration/", "tests/systemd/", "tests/proof/test_real.py")
_PROCESSES = "tests/processes/"
_UNIT = "tests/unit/"
# A file that takes so many times what it took with nothing broken, and this long, hangs.
_TIMES, _FLOOR_S = 4.0, 60.0


def main() -> int:
    """Try the mutants that were asked for; print those that lived, and the figures."""
    given = _arguments()
    first, of = (int(part) for part in given.share.split("/"))
    proofs = [proof for proof in PROOFS if given.only is None or proof.promise in given.only]
    began = time.monotonic()
    work = [(proof, mutant) for proof in proofs for mutant in breakages(proof)]
    if given.at:
        work = [one for one in work if f"{one[1].file}:{one[1].line}" in given.at]
    work = work[first - 1 :: of]
    print(f"{len(work)} mutants", flush=True)
    with tempfile.TemporaryDirectory(prefix="cou-mutants-", dir=memory.room()) as folder:
        copies = [_copy(pathlib.Path(folder) / str(number)) for number in range(given.jobs)]
        with contextlib.ExitStack() as ends:
            files = sorted({file for proof, _ in work for file in _inside(proof, given.quick)})
            workers = [Worker(copy, files, given.quick) for copy in copies]
            for worker in workers:
                ends.callback(worker.close)
            tests, broken = workers[0].trace({mutant.file for _, mutant in work})
            whole = set() if given.quick else {one for proof, _ in work for one in _whole(proof)}
            took_s = {file: _took_s(copies[0], (file,), 900.0) for file in sorted(whole)}
            broken += [file for file, took in took_s.items() if took is None]
            if broken:
                print(f"These fail with nothing broken: {', '.join(broken)}")
                return 1
            print(f"{len(tests)} tests, {time.monotonic() - began:.0f} s", flush=True)
            limits_s = {file: max(_FLOOR_S, _TIMES * (took or 0)) for file, took in took_s.items()}
            lived = _try(work, workers, tests, limits_s, given.quick)
    took = time.monotonic() - began
    print(f"share {given.share}: {len(work)} mutants, {len(lived)} lived, {took:.0f} s")
    return 1 if lived else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--share", default="1/1", help="k/n: every n-th mutant, from the k-th on")
    parser.add_argument(
        "--only", action="append", choices=sorted({proof.promise for proof in PROOFS}),
        help="this promise; can be given several times",
    )  # fmt: skip
    parser.add_argument("--at", action="append", help="file:line: only what is broken there")
    parser.add_argument("--quick", action="store_true", help="no deep tests and no real processes")
    parser.add_argument("--jobs", type=int, default=2, help="mutants side by side")
    given = parser.parse_args()
    first, of = (int(part) for part in given.share.split("/"))
    if not 1 <= first <= of:
        parser.error(f"--share {given.share} is not k/n with k from 1 to n")
    return given


def breakages(proof: Proof) -> list[Mutant]:
    """Return every mutant of the code behind a promise."""
    source = (TOP / proof.file).read_text(encoding="utf-8")
    return [one for place in proof.places for one in mutants(proof.file, source, place)]


def _inside(proof: Proof, quick: bool) -> list[str]:
    """Return the files of tests whose code can be seen while it runs."""
    unseen = (*_OUTSIDE, _PROCESSES) if quick else _OUTSIDE
    return [*(file for file in proof.tests if not file.startswith(unseen)), *proof.beside]


def _whole(proof: Proof) -> list[str]:
    return [file for file in proof.tests if file.startswith((*_OUTSIDE, _PROCESSES))]


def _copy(to: pathlib.Path) -> pathlib.Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, to / name)
    (to / ".venv").symlink_to(TOP / ".venv")
    return to


@dataclasses.dataclass(frozen=True)
class Traced:
    """A test: how long it took with nothing broken, and the (path, line)s that it executed."""

    name: str
    took_s: float
    lines: frozenset[tuple[str, int]]

    @property
    def file(self) -> str:
        """The file that it is in."""
        return self.name.partition("::")[0]

    def executes(self, mutant: Mutant) -> bool:
        """Tell whether it comes to the statement that a mutant breaks."""
        first, last = mutant.lines
        return any((mutant.file, line) in self.lines for line in range(first, last + 1))


class Worker:
    """A pytest in a copy of the checkout that has collected some files and forks for each mutant.

    Args:
        copy: the copy.
        files: of tests.
        quick: leave out what is marked as deep.
    """

    def __init__(self, copy: pathlib.Path, files: Iterable[str], quick: bool):
        self.copy = copy
        asked, self._asked = os.pipe()
        self._answers, answers = os.pipe()
        chosen = ["-m", "not deep"] if quick else []
        self._process = _pytest(
            copy, ["-p", "tests.mutants.worker", *chosen, *files], (asked, answers)
        )
        os.close(asked)
        os.close(answers)
        self._lines = os.fdopen(self._answers, encoding="utf-8")

    def trace(self, files: Iterable[str]) -> tuple[list[Traced], list[str]]:
        """Run every test with nothing broken; return them, and the names of those that failed."""
        paths = {str(self.copy / file): file for file in files}
        told = self._ask(trace=list(paths))
        return [
            Traced(name, took_s, frozenset((paths[path], line) for path, line in lines))
            for name, (took_s, lines) in told["tests"].items()
        ], told["failed"]

    def verdict(self, mutant: Mutant, tests: list[Traced]) -> str:
        """Run tests with the copy broken: ``passed``, ``failed``, or ``ended`` since one hung."""
        took_s = {one.name: one.took_s for one in in_turns(tests)}
        told = self._ask(file=str(self.copy / mutant.file), tests=took_s)
        if told != "elsewhere":
            return told
        # What is broken was done when the file was imported.
        limit_s = max(_FLOOR_S, _TIMES * sum(took_s.values()))
        return "failed" if _took_s(self.copy, took_s, limit_s) is None else "passed"

    def close(self) -> None:
        """End it."""
        os.close(self._asked)
        self._process.wait()
        self._lines.close()

    def _ask(self, **asked: object) -> Any:
        os.write(self._asked, json.dumps(asked).encode() + b"\n")
        told = json.loads(self._lines.readline())
        for left in _temporary(self.copy).iterdir():
            shutil.rmtree(left, ignore_errors=True)
        return told


def _try(
    work: list[tuple[Proof, Mutant]],
    workers: list[Worker],
    tests: list[Traced],
    limits_s: dict[str, float],
    quick: bool,
) -> list[Mutant]:
    lived = []
    free = list(workers)

    def one(proof: Proof, mutant: Mutant) -> tuple[str, int]:
        worker = free.pop()
        file = worker.copy / mutant.file
        sound = file.read_text(encoding="utf-8")
        ours = [one for one in tests if one.executes(mutant) and one.file in _inside(proof, quick)]
        whole = {file for file in _whole(proof) if file in limits_s} - {one.file for one in ours}
        try:
            file.write_text(mutant.source, encoding="utf-8")
            verdict = worker.verdict(mutant, ours) if ours else "passed"
            if verdict == "passed":
                # A process that a test forks, or a fixture of a module, may execute the line too.
                ours += (rest := _unseen(tests, ours, _inside(proof, quick)))
                verdict = worker.verdict(mutant, rest) if rest else verdict
            if verdict == "passed" and any(
                _took_s(worker.copy, (file,), limits_s[file]) is None for file in sorted(whole)
            ):
                verdict = "failed"
            return verdict, len(ours)
        finally:
            file.write_text(sound, encoding="utf-8")
            free.append(worker)

    with concurrent.futures.ThreadPoolExecutor(len(workers)) as pool:
        asked = {pool.submit(one, proof, mutant): (proof, mutant) for proof, mutant in work}
        for done in concurrent.futures.as_completed(asked):
            proof, mutant = asked[done]
            verdict, count = done.result()
            if verdict == "passed":
                lived.append(mutant)
                print(f"LIVED {proof.promise}: {mutant} ({count} tests)", flush=True)
            elif verdict == "ended":
                print(f"hung {proof.promise}: {mutant}", flush=True)
    return lived


def _unseen(tests: Iterable[Traced], seen: Iterable[Traced], files: Iterable[str]) -> list[Traced]:
    """Return the other unit tests of some files."""
    names, units = {one.name for one in seen}, tuple(f for f in files if f.startswith(_UNIT))
    return [one for one in tests if one.file in units and one.name not in names]


def in_turns(tests: Iterable[Traced]) -> list[Traced]:
    """Order tests: the quickest of each file, then the next of each."""
    turns = collections.Counter[str]()
    ordered = []
    for one in sorted(tests, key=lambda one: one.took_s):
        ordered.append((turns[one.file], one))
        turns[one.file] += 1
    return [one for _, one in sorted(ordered, key=lambda turn: (turn[0], turn[1].took_s))]


def _temporary(copy: pathlib.Path) -> pathlib.Path:
    folder = copy.with_name(f"{copy.name}-tests")
    folder.mkdir(exist_ok=True)
    return folder


def _pytest(
    copy: pathlib.Path, arguments: Iterable[str], pipes: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(str(copy / part) for part in ("lib", "src", "testbed"))
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments],
        cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "1",
            memory.TEMPROOT: str(_temporary(copy)),
            PIPES: " ".join(map(str, pipes)),
        },
        pass_fds=pipes,
    )  # fmt: skip


def _took_s(copy: pathlib.Path, tests: Iterable[str], limit_s: float) -> float | None:
    """Run tests in a copy; return how long they took, or None if one failed or had to be ended."""
    began = time.monotonic()
    process = _pytest(copy, tests)
    try:
        failed = process.wait(limit_s) != 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        failed = True
    return None if failed else time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
