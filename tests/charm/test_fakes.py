"""The engine that stands in for the real one answers with nothing that the real one has not."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest
from cou import errors

from ..docs import codes

HERE = Path(__file__).parent
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type)}


@functools.cache
def products() -> frozenset[str]:
    """Return all codes of the product: to read them takes a second."""
    return frozenset(codes.raised())


def answered(tree: ast.Module) -> set[str]:
    """Return the codes that are written out where an error is made."""
    return {
        node.args[0].value.partition("/")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and codes.name_of(node.func) in ERRORS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(HERE.glob("*.py")), ids=lambda file: file.name)
def test_every_code_is_one_of_the_product(file: Path):
    assert answered(ast.parse(file.read_text(encoding="utf-8"))) <= products()


def test_codes_are_found():
    assert "nothing-to-abandon" in answered(ast.parse((HERE / "fakes.py").read_text()))
    assert answered(ast.parse('raise CouError("not-killed", "x")')) == {"not-killed"}
