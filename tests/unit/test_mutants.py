"""The breakages themselves: each is one change, and the table agrees with the README."""

from __future__ import annotations

import ast
import collections
import dataclasses

import pytest

from ..mutants.__main__ import breakages
from ..mutants.mutations import mutants
from ..mutants.promises import PROOFS, named

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


def test_a_function_that_is_not_there_is_an_error():
    with pytest.raises(LookupError):
        mutants("f.py", _SOURCE, "g")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: f"{proof.promise}: {proof.file}")
def test_each_promise_names_code_that_is_there_and_tests_of_its_row(proof):
    for place in proof.places:
        assert breakages(dataclasses.replace(proof, places=(place,)))
    assert set(proof.tests) <= named()[proof.promise]


def test_no_test_of_the_readme_is_left_out():
    proved = collections.defaultdict(set)
    for proof in PROOFS:
        proved[proof.promise].update(proof.tests)
    assert proved == named()
