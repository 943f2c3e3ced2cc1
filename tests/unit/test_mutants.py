"""The breakages themselves: each is one change, and the table agrees with the README."""

from __future__ import annotations

import ast
import collections
import dataclasses

import pytest

from ..mutants.__main__ import Traced, Worker, breakages, in_turns
from ..mutants.mutations import mutants
from ..mutants.promises import PROOFS, TOP, named

_SOURCE = '''
def f(x, y):
    """Say nothing."""
    if x is None:
        raise ValueError(
            "no x"
        )
    save(x)
    return not x and x < y
'''


def test_each_mutant_changes_one_thing_and_no_line_moves():
    whole = ast.dump(ast.parse(_SOURCE))
    found = mutants("f.py", _SOURCE, "f")
    assert [mutant.what for mutant in found] == [
        "True for x is None",
        "False for x is None",
        "no save(x)",
        "None for not x and x < y",
        'no raise ValueError( "no x" )',
        "(not x) or (x < y)",
        "not taken from x",
        "x >= y",
    ]
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != whole
        assert len(mutant.source.splitlines()) == len(_SOURCE.splitlines())


_WHOLE = """
import sys
CALLS = []
def plus(x):
    if x:
        CALLS.append(
            x
        )
    return x + 1
"""
_TESTS = """
import counted
def test_none():
    assert counted.plus(0) == 1
def test_some():
    counted.plus(2)
    assert counted.CALLS == [2]
def test_ours():
    assert 1 + 1 == 2
"""


@pytest.mark.slow
def test_a_worker_sees_which_tests_come_to_a_line_and_what_they_say_of_a_mutant(tmp_path):
    copy = tmp_path / "copy"
    (copy / "lib").mkdir(parents=True)
    (copy / "lib" / "counted.py").write_text(_WHOLE)
    (copy / "test_counted.py").write_text(_TESTS)
    (copy / "tests").symlink_to(TOP / "tests")
    worker = Worker(copy, ["test_counted.py"], quick=False)
    try:
        tests, failed = worker.trace(["lib/counted.py"])
        assert failed == []
        told = {}
        for mutant in mutants("lib/counted.py", _WHOLE, "plus"):
            (copy / mutant.file).write_text(mutant.source)
            chosen = [one for one in tests if one.executes(mutant)]
            names = [one.name.partition("::test_")[2] for one in chosen]
            told[mutant.what] = sorted(names), worker.verdict(mutant, chosen)
    finally:
        worker.close()
    assert told == {
        "True for x": (["none", "some"], "passed"),
        "False for x": (["none", "some"], "failed"),
        "no CALLS.append( x )": (["some"], "failed"),
        "None for x + 1": (["none", "some"], "failed"),
    }


def test_the_quickest_of_each_file_come_before_the_next_of_each():
    took_s = {"a.py::long": 30.0, "a.py::short": 1.0, "b.py::shorter": 0.5, "b.py::middling": 18.4}
    tests = [Traced(name, took, frozenset()) for name, took in took_s.items()]
    ordered = ["b.py::shorter", "a.py::short", "b.py::middling", "a.py::long"]
    assert [one.name for one in in_turns(tests)] == ordered


_HANGS = """
def f(go):
    while go:
        go = False
    return go
"""


@pytest.mark.slow
def test_a_mutant_that_hangs_is_ended(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "hung.py").write_text(_HANGS)
    (tmp_path / "test_hung.py").write_text("import hung\ndef test_f(): hung.f(True)\n")
    (tmp_path / "tests").symlink_to(TOP / "tests")
    worker = Worker(tmp_path, ["test_hung.py"], quick=False)
    try:
        tests, _ = worker.trace(["lib/hung.py"])
        found = mutants("lib/hung.py", _HANGS, "f")
        (mutant,) = (one for one in found if one.what == "True for False")
        (tmp_path / mutant.file).write_text(mutant.source)
        assert worker.verdict(mutant, tests) == "ended"
    finally:
        worker.close()


def test_a_function_that_is_not_there_is_an_error():
    with pytest.raises(LookupError):
        mutants("f.py", _SOURCE, "g")


@pytest.mark.slow
@pytest.mark.sampled(6)
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: f"{proof.promise}: {proof.file}")
def test_each_promise_names_code_that_is_there_and_tests_of_its_row(proof):
    for place in proof.places:
        assert breakages(dataclasses.replace(proof, places=(place,)))
    assert set(proof.tests) <= named()[proof.promise]
    for file in proof.beside:
        assert (TOP / file).is_file()


def test_no_test_of_the_readme_is_left_out():
    proved = collections.defaultdict(set)
    for proof in PROOFS:
        proved[proof.promise].update(proof.tests)
    assert proved == named()
