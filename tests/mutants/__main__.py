"""Break the code behind each promise, run the tests that prove it, and tell what nobody noticed.

    python -m tests.mutants                       every promise; hours
    python -m tests.mutants --share 3/40          every fortieth mutant, from the third on
    python -m tests.mutants --only cancel --quick the quickest test file of that promise

Works in copies of the checkout, which are removed afterwards. A mutant that lived is a line with
which the promise is not kept and no test says so, or one that changes nothing that matters: a
person has to look. The exit code is 1 if one lived, or if a test fails with nothing broken.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from .mutations import Mutant, mutants
from .promises import PROOFS, TOP, Proof

# Longer than any one of the files takes with nothing broken, also on a busy machine.
_LONGEST_S = 900.0


def main() -> int:
    """Try the mutants that were asked for; print those that lived, and the figures."""
    given = _arguments()
    first, of = (int(part) for part in given.share.split("/"))
    proofs = [proof for proof in PROOFS if given.only in (None, proof.promise)]
    began = time.monotonic()
    work = [(proof, mutant) for proof in proofs for mutant in breakages(proof)][first - 1 :: of]
    print(f"{len(work)} mutants", flush=True)
    with tempfile.TemporaryDirectory(prefix="cou-mutants-") as folder:
        copies = [_copy(pathlib.Path(folder) / str(number)) for number in range(given.jobs)]
        needed = sorted({test for proof, _ in work for test in _tests(proof, given.quick)})
        broken = [test for test in needed if _fails(copies[0], test)]
        if broken:
            print(f"These fail with nothing broken: {', '.join(broken)}")
            return 1
        lived = _try(work, copies, given.quick)
    took_s = time.monotonic() - began
    print(f"share {given.share}: {len(work)} mutants, {len(lived)} lived, {took_s:.0f} s")
    return 1 if lived else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--share", default="1/1", help="k/n: every n-th mutant, from the k-th on")
    parser.add_argument(
        "--only", choices=sorted({proof.promise for proof in PROOFS}), help="this promise"
    )
    parser.add_argument("--quick", action="store_true", help="its quickest test file only")
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


def _tests(proof: Proof, quick: bool) -> tuple[str, ...]:
    return proof.tests[:1] if quick else proof.tests


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


def _try(
    work: list[tuple[Proof, Mutant]], copies: list[pathlib.Path], quick: bool
) -> list[Mutant]:
    lived = []
    free = list(copies)

    def one(proof: Proof, mutant: Mutant) -> bool:
        copy = free.pop()
        file = copy / mutant.file
        whole = file.read_text(encoding="utf-8")
        try:
            file.write_text(mutant.source, encoding="utf-8")
            return not any(_fails(copy, test) for test in _tests(proof, quick))
        finally:
            file.write_text(whole, encoding="utf-8")
            free.append(copy)

    with concurrent.futures.ThreadPoolExecutor(len(copies)) as pool:
        asked = {pool.submit(one, proof, mutant): (proof, mutant) for proof, mutant in work}
        for done in concurrent.futures.as_completed(asked):
            proof, mutant = asked[done]
            if done.result():
                lived.append(mutant)
                print(f"LIVED {proof.promise}: {mutant}", flush=True)
    return lived


def _fails(copy: pathlib.Path, test: str) -> bool:
    """Run a test file in a copy; whether it failed, or had to be ended."""
    paths = os.pathsep.join(str(copy / part) for part in ("lib", "src", "testbed"))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test],
        cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    try:
        return process.wait(_LONGEST_S) != 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


if __name__ == "__main__":
    sys.exit(main())
