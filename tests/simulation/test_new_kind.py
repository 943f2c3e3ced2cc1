"""A kind of step is four places: one that is added there, in a copy of the sources, is whole.

What is added is what the architecture page shows (docs/explanation/architecture.md).
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).parents[2]
PAGE = TOP / "docs/explanation/architecture.md"
KIND, ACTION = "check-security", "security-checklist"
GUARDS = ("tests/unit/steps/test_each_kind.py", "tests/unit/test_kinds.py")
WHOLE = (*GUARDS, "tests/unit/test_texts.py")


def shown():
    """Return the blocks of the walk through adding a kind, without their indentation there."""
    walk = PAGE.read_text(encoding="utf-8").split("## Adding a kind of step\n")[1]
    blocks = re.findall(r"^   ```\w+\n(.*?)^   ```$", walk, re.DOTALL | re.MULTILINE)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in blocks]


MODULE, MEMBER, ROW, WORDS, CASE = shown()


def added(text, above, lines):
    """Return a text with lines above one that stands there once."""
    assert text.count(above) == 1, above
    return text.replace(above, f"{lines}{above}")


def in_steps(copy):
    (copy / "lib/cou/steps/check_security.py").write_text(MODULE)


def in_kinds(copy):
    file = copy / "lib/cou/kinds.py"
    text = added(file.read_text(), '    PUT_BACK = "put-back"\n', MEMBER)
    file.write_text(added(text, "    Kind.PUT_BACK: KindRow(\n", ROW))


def in_texts(copy):
    file = copy / "lib/cou/texts/steps.txt"
    file.write_text(added(file.read_text(), "group/application\n", WORDS))


def in_tests(copy):
    file = copy / "tests/unit/steps/test_each_kind.py"
    file.write_text(added(file.read_text(), '    "put-back": Case(\n', CASE))


PLACES = {
    in_steps: "a file lib/cou/steps/check_security.py",
    in_kinds: "a row check-security in lib/cou/kinds.py",
    in_texts: "a text check-security in lib/cou/texts/steps.txt",
    in_tests: "a row check-security in tests/unit/steps/test_each_kind.py",
}


@pytest.fixture
def copy(tmp_path):
    """A copy of the engine, its tests and the charm."""
    for folder in ("lib", "src", "tests"):
        shutil.copytree(TOP / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy, *words):
    """Run Python in the copy, and see that it imports the copy."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**inherited, "PYTHONPATH": f"{copy / 'lib'}{os.pathsep}{copy}"}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


def run_tests(copy, *words):
    """Run tests of the copy."""
    return run(copy, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *words)


@pytest.mark.slow
def test_a_kind_in_its_four_places_is_planned_run_killed_settled_and_shown(copy):
    code, said = run(copy, "-c", "import cou, tests; print(cou.__file__, tests.__file__)")
    assert said.split() == [f"{copy}/lib/cou/__init__.py", f"{copy}/tests/__init__.py"]
    for add in PLACES:
        add(copy)
    code, said = run_tests(copy, *WHOLE)
    assert code == 0, said
    code, said = run(copy, "-m", "tests.simulation.one_kind", KIND, ACTION, str(copy / "homes"))
    assert code == 0, said
    points, asked, found = map(int, re.findall(r"\d+", said))
    assert points > asked + found
    assert points >= 10


@pytest.mark.slow
@pytest.mark.parametrize("missing", PLACES, ids=lambda add: add.__name__)
def test_a_kind_that_one_of_its_places_has_not_is_noticed_and_the_place_is_named(copy, missing):
    for add in PLACES:
        if add is not missing:
            add(copy)
    code, said = run_tests(copy, GUARDS[0], "-k", "four_places")
    assert code == 1, said
    assert f"{KIND} has not: {PLACES[missing]}" in said
    assert not [place for one, place in PLACES.items() if one is not missing and place in said]
