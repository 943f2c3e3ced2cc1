"""A journal that is put back from a copy: every verb answers, and what is printed leads out.

The tests go on with one another's run, in this order.
"""

from __future__ import annotations

import pathlib
import re
import shlex
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import pytest

from .ground import Ground
from .operator import LONGEST_S, Answer, Operator
from .test_unit_command import Root

pytestmark = pytest.mark.deep

FILE = "journal.sqlite"
PARTS = ("", "-wal", "-shm")
SCALE = 0.5
OLD = "The journal is older than its run"


class Shelf:
    """Copies of the unit's journal."""

    def __init__(self, ground: Ground, folder: pathlib.Path):
        self.home = ground.state / "cou" / "cou-0"
        self.oldest = folder / "oldest"
        self.newest = folder / "newest"

    def take(self, copy: pathlib.Path) -> None:
        """Copy what the journal holds, as a backup does."""
        copy.unlink(missing_ok=True)
        journal = sqlite3.connect(self.home / FILE)
        journal.execute("vacuum into ?", (str(copy),))
        journal.close()

    def put_back(self, copy: pathlib.Path) -> None:
        """Have the journal be a copy, and nothing lie beside it."""
        for part in PARTS:
            (self.home / f"{FILE}{part}").unlink(missing_ok=True)
        shutil.copy(copy, self.home / FILE)


@pytest.fixture(scope="module")
def shelf(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Have a run stopped, and copies of its journal from before its last steps and from now."""
    operator = Operator(ground)
    shelf = Shelf(ground, tmp_path_factory.mktemp("shelf"))
    with operator.going():
        deadline = time.monotonic() + LONGEST_S
        while "running" not in states(operator):
            assert time.monotonic() < deadline
        shelf.take(shelf.oldest)
    go_on(ground, operator)
    shelf.take(shelf.newest)
    return shelf


@pytest.fixture
def root(ground: Ground, tmp_path: pathlib.Path) -> Iterator[Root]:
    root = Root(ground, tmp_path)
    yield root
    root.close()


def go_on(ground: Ground, operator: Operator) -> None:
    """Have the run send a few things more, then stop it."""
    begun = len(ground.asked())
    operator.get_going()
    operator.watch(lambda *_: len(ground.asked()) > begun + 2)
    assert operator.run("cancel").results["acknowledged"] == "yes"
    assert operator.await_rest().startswith("stopped at step ")
    ground.await_ended()


def be_refused(ground: Ground, operator: Operator, verb: str = "upgrade") -> str:
    """Go on with the old journal; return the remedy that `status` prints."""
    started = operator.run(verb)
    assert started.status == "completed", started
    operator.watch(lambda current, words: current == "blocked" and OLD in words)
    ground.await_ended()
    status = operator.run("status").results["status"]
    line = next(one for one in status.splitlines() if OLD in one)
    return line.partition("was put back. ")[2]


def put_old_back(ground: Ground, operator: Operator, shelf: Shelf) -> str:
    """Put the oldest journal back, be refused, and return what is printed to do about it."""
    shelf.put_back(shelf.oldest)
    with ground.nothing_asked():
        return be_refused(ground, operator)


def test_every_verb_answers_before_and_after_the_journal_is_found_old(
    ground: Ground, operator: Operator, shelf: Shelf, root: Root
):
    shelf.put_back(shelf.oldest)
    with ground.nothing_asked():
        see_verbs(operator, root, "interrupted", "killed")
        be_refused(ground, operator)
        see_verbs(operator, root, "failed", "failed")
        be_refused(ground, operator, "upgrade-step")
        typed = root.type("upgrade", "--auto-approve")
        assert typed.returncode == 1
        assert OLD in typed.stderr
        assert "run `cou upgrade`" in typed.stdout
        assert "run `cou abandon`" in typed.stdout
        step = open_step(operator)
        given = "as=retry", "reason=the journal is old"
        resolved = operator.run("resolve-step", f"step={step}", *given)
        assert resolved.status == "completed", resolved
        assert f"{step} is due again" in resolved.results["message"]
        be_refused(ground, operator)
        step = open_step(operator, optional=True)
        typed = root.type("resolve-step", step or "none", "--as", "retry", "--reason", "old")
        assert "Traceback" not in typed.stderr
        assert typed.returncode == (0 if step else 1)


def states(operator: Operator) -> set[str]:
    return {str(step["state"]) for step in leaves(operator)}


def leaves(operator: Operator) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    left = [operator.journal()]
    while left:
        below = left.pop()["steps"]
        assert isinstance(below, list)
        left += [one for one in below if one["steps"]]
        found += [one for one in below if not one["steps"]]
    return found


def open_step(operator: Operator, *, optional: bool = False) -> str:
    found = [str(one["id"]) for one in leaves(operator) if one["state"] in ("failed", "in-doubt")]
    assert found or optional
    return found[0] if found else ""


def see_verbs(operator: Operator, root: Root, state: str, forced: str) -> None:
    """See that each verb that begins nothing answers, as an action and as a command.

    Args:
        operator: types the actions.
        root: types the command.
        state: the run's.
        forced: what it is after a forced cancel.
    """
    assert operator.state() == state
    for words in (("cancel",), ("cancel", "force=true")):
        answer = operator.run(*words)
        assert (answer.status, answer.results["acknowledged"]) == ("completed", "yes"), answer
        assert answer.results["message"].startswith("Nothing is running")
    assert answered(operator.run("status"))["state"] == forced
    assert "Upgrade of" in answered(operator.run("status"))["status"]
    assert answered(operator.run("report", "format=markdown"))["report"]
    assert answered(operator.run("plan"))["remainder"] == "yes"
    for words in (("cancel",), ("cancel", "--force"), ("status",), ("report",), ("plan",)):
        typed = root.type(*words)
        assert typed.returncode == 0, typed
        assert typed.stdout
    assert f": {forced}, " in root.type("status").stdout


def answered(answer: Answer) -> dict[str, str]:
    assert answer.status == "completed", answer
    return answer.results


def test_the_newest_journal_put_back_goes_on(ground: Ground, operator: Operator, shelf: Shelf):
    remedy = put_old_back(ground, operator, shelf)
    assert remedy.startswith("Put the newest journal back and run `juju run cou/0 upgrade`. ")
    shelf.put_back(shelf.newest)
    begun = len(ground.asked())
    answer = operator.run(verb_of(remedy.partition(". ")[0]))
    assert answered(answer)["resumed"] == "yes"
    operator.watch(lambda *_: len(ground.asked()) > begun)
    operator.run("cancel")
    assert operator.await_rest().startswith("stopped at step ")
    ground.await_ended()
    shelf.take(shelf.newest)


def verb_of(sentence: str) -> str:
    """Return the action whose command a sentence prints."""
    found = re.findall(r"`juju run cou/0 ([a-z-]+)`", sentence)
    assert len(found) == 1, sentence
    return found[0]


def test_moved_away_as_printed_the_next_plan_finds_what_the_run_has_left(
    ground: Ground, operator: Operator, shelf: Shelf
):
    remedy = put_old_back(ground, operator, shelf)
    said, _, command = remedy.rpartition("Or ")[2].rpartition(": ")
    before = ground.changes()
    subprocess.run(shlex.split(command.removeprefix("sudo ")), check=True)
    assert not shelf.home.exists()
    results = answered(operator.run(verb_of(said)))
    assert ground.changes() == before  # it asks units, and changes nothing
    assert results["remainder"] == "no"
    assert int(results["steps"]) > 0
    # As it was, for the next test.
    shutil.rmtree(shelf.home)
    away = pathlib.Path(shlex.split(command)[-1])
    away.rename(shelf.home)
    shelf.put_back(shelf.newest)


def test_abandoned_as_printed_it_is_over_and_the_next_plan_finishes_the_upgrade(
    ground: Ground, operator: Operator, shelf: Shelf
):
    remedy = put_old_back(ground, operator, shelf)
    sentence = next(one for one in remedy.split(". ") if one.startswith("If it is lost"))
    assert operator.run(verb_of(sentence)).status == "completed"
    operator.watch(lambda _, words: words.startswith("abandoned at step "))
    ground.await_ended()
    assert answered(operator.run("plan"))["problems"].startswith("0 blocking")
    assert operator.run("upgrade").status == "completed"
    assert operator.finish() == "upgraded to victoria"
