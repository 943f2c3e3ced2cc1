"""What is installed beside the modules: without it an installed cou knows and says nothing."""

from __future__ import annotations

import fnmatch
import pathlib

import cou

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

LIB = pathlib.Path(cou.__file__).parent
TOP = LIB.parents[1]


def test_every_file_that_is_no_module_is_installed_and_every_pattern_has_files():
    with (TOP / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["cou"]
    files = {
        path.relative_to(LIB).as_posix()
        for path in LIB.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert {
        one for one in files if not any(fnmatch.fnmatch(one, each) for each in patterns)
    } == set()
    assert [each for each in patterns if not fnmatch.filter(files, each)] == []
