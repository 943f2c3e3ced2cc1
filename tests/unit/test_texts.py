"""The catalogue of texts: each key is used, each use has its text and the values it names."""

from __future__ import annotations

import ast
import inspect
import itertools
import pathlib

import cou
import pytest
from cou import errors, texts, wording
from cou.checks.problem_codes import problem
from cou.errors import CouError, JujuError
from cou.wording import COMMAND_LINE, ActionStyle, Text, own_command

LIB = pathlib.Path(cou.__file__).parent
SOURCES = [*LIB.rglob("*.py"), *(LIB.parents[1] / "src").glob("*.py")]
# What begins with a key and has the values of its text by name.
FIRST = {
    "BadInput",
    "CouError",
    "JournalError",
    "JournalGone",
    "JujuError",
    "LeaseLost",
    "StepFailed",
    "NeedsOperator",
    "cause",
    "problem",
    "text",
}
# Their values come from a step's parameters, not by name.
STEPS = texts.parse((LIB / "texts/steps.txt").read_text(encoding="utf-8"))
ITERATORS = {"dict", "filter", "frozenset", "map", "reversed", "set", "zip"}
NO_VALUES = {"brief", "juju_code", "sent"}


def calls():
    """Yield where something is made that has a text of the catalogue, and the call."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = node.args[1:2] if node.func.id == "problem" else []
            literal = node.args and isinstance(node.args[0], ast.Constant)
            if node.func.id in FIRST and literal and len(node.args) == 1 + len(given):
                yield f"{path.name}:{node.lineno}", node


def uses():
    """Yield where a key is used, the key, the values that are given, and those that may be."""
    for where, call in calls():
        named = {word.arg for word in call.keywords} - NO_VALUES
        free = {"subject"} if call.func.id == "problem" else set()
        if None in named:  # a mapping of values
            free |= wanted(call.args[0].value) - named
        yield where, call.args[0].value, named - {None}, free


def named_in_source():
    """Return each text of the source that is a key, also where it is chosen before it is used."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in texts.catalogue():
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                prefix = node.values[0].value
                if prefix.endswith("/") and len(node.values) == 2:
                    found |= {key for key in texts.catalogue() if key.startswith(prefix)}
    return found


def wanted(key):
    entry = texts.catalogue()[key]
    both = texts.placeholders(entry.seen) | texts.placeholders(entry.remedy)
    return both - set(wording._COMMANDS)


def test_each_use_has_its_text_and_gives_what_it_names_and_no_more():
    wrong = [
        (where, key)
        for where, key, given, subject in uses()
        if key not in texts.catalogue() or wanted(key) - subject != given - subject
    ]
    assert wrong == []


def test_no_value_has_the_name_of_a_parameter_of_what_takes_it():
    """It would be taken for the parameter, and the text would miss it."""
    takers = (CouError, JujuError, errors.cause, problem, wording.text)
    taken = {name for one in takers for name in inspect.signature(one).parameters}
    placeholders = {name for key in texts.catalogue() if key not in STEPS for name in wanted(key)}
    assert placeholders & taken == {"subject"}  # a problem's, which hands it on to its text


def test_no_value_is_an_iterator_whose_items_a_text_would_not_name():
    """A list is told item by item, anything else as Python shows it."""
    told_by_item = (ast.GeneratorExp, ast.SetComp, ast.Set, ast.DictComp, ast.Dict)
    wrong = [
        (where, word.arg)
        for where, call in calls()
        for word in call.keywords
        if isinstance(word.value, told_by_item)
        or (isinstance(word.value, ast.Call) and ast.unparse(word.value.func) in ITERATORS)
    ]
    assert wrong == []


def test_no_text_is_left_over():
    """Those of steps have a test of their own, which looks at plans (`test_promises.py`)."""
    assert set(texts.catalogue()) - named_in_source() - set(STEPS) == set()


def test_nothing_but_the_library_is_imported_by_the_catalogue():
    tree = ast.parse((LIB / "texts/__init__.py").read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 0 and not str(node.module).startswith("cou") for node in imported)


def test_a_text_says_what_to_do_in_the_words_of_its_reader():
    parsed = texts.parse(
        "a/b\n    {unit} is\n    busy.\n    > Run `{UPGRADE}`, or\n    `{skip}`.\n"
    )
    assert parsed == {"a/b": ("{unit} is busy.", "Run `{UPGRADE}`, or `{skip}`.")}


def test_a_value_may_be_a_list_a_command_or_another_text(monkeypatch):
    entry = texts.Entry("{units} in {zone}: {why}", "Run `{UPGRADE}` or `{skip}`.")
    monkeypatch.setattr(texts, "catalogue", lambda: {"a": entry})
    inner = wording.join("see `", wording.STATUS, "`")
    values = {
        "units": ["a/0", "a/1"],
        "zone": 3,
        "why": inner,
        "skip": own_command("plan", group="all"),
    }
    seen, remedy = Text("a", values), Text("a", values, remedy=True)
    assert seen == "a/0, a/1 in 3: see `status`"
    assert seen.text_for(COMMAND_LINE) == "a/0, a/1 in 3: see `cou status`"
    assert (
        remedy.text_for(ActionStyle("cou/0"))
        == "Run `juju run cou/0 upgrade` or `juju run cou/0 plan group=all`."
    )
    with pytest.raises(TypeError):
        f"{remedy}"


@pytest.mark.parametrize("text", ["a\n    b\na\n    c\n", "    above\na\n"])
def test_a_file_that_says_two_things_of_a_key_is_refused(text):
    with pytest.raises(ValueError, match="stands"):
        texts.parse(text)


def test_the_keys_stand_in_order():
    for file in (LIB / "texts").glob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()
        keys = [one for one in lines if one and not one.startswith((" ", "#"))]
        assert all(one < other for one, other in itertools.pairwise(keys)), file.name
