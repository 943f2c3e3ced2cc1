"""Every command of ours that the product tells is one that its reader can type.

They are found in the source: each place that makes a value of a command or an option, and each
text that names an action outright, as those do that are told through Juju alone.
"""

from __future__ import annotations

import ast
import itertools
import pathlib
import re
import shlex
from collections.abc import Iterator

import click
import pytest
import yaml
from cou import texts as words_of
from cou import wording as module
from cou.checks.problem import Severity
from cou.checks.problem_codes import CODES
from cou.checks.upgrade_path import DONE
from cou.cli.commands import cli
from cou.errors import BadInput
from cou.juju import error_replies
from cou.options.options import Options
from cou.options.settings import Settings
from cou.wording import COMMAND_LINE, ActionStyle, OwnCommand, PlanOption, own_command

import parameters

from . import codes

ROOT = pathlib.Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "lib" / "cou").rglob("*.py"), *(ROOT / "src").glob("*.py")])
ACTIONS = yaml.safe_load((ROOT / "actions.yaml").read_text())
OURS = "lib/cou/wording.py"
# What stands for a value that the source only knows when it runs.
VALUES = {
    "accept": "not-idle:nova-compute",
    "group": "data-plane",
    "machines": "3/lxd/1",
    "skip-apps": "nova-compute",
    "step": "keystone/upgrade-keystone-0",
}
CONSTANTS = {name: one for name, one in vars(module).items() if isinstance(one, OwnCommand)}
VERBS = "|".join(sorted(ACTIONS, key=len, reverse=True))
# A verb as a text names it that is no value: what a person would have to put into other words.
NAMED = re.compile(
    rf"(?<![\w-])([Rr]un|then|or|and) `?({VERBS})`?(?=[.,:;`\"]|$| to | first)"
    rf"|(?<![\w-])[Rr]un ({VERBS}) again"
    rf"|(?<![\w-])[Tt]o [^:]*: `?({VERBS})`?(?=[.,;`\"]|$)|(?<![\w-])({VERBS}) looks"
    rf"|Look at status|(?<!juju run )(?<![\w-])cou ({VERBS})(?![\w-])"
    r"|(?<![\w-])(force|purge|backup|archive|set-noout)=(true|false)"
    r"|(?<![\w-])(group|skip-apps|accept|step)=(?=[\w{<])|(?<![\w-])as=(?=\w)"
)


def catalogue() -> Iterator[tuple[str, str]]:
    """Yield the texts of the catalogue, and where; ``{}`` stands for what is put in."""
    for key, entry in words_of.catalogue().items():
        for text in entry:
            yield f"lib/cou/texts:{key}", re.sub(r"\{\w+\}", "{}", text)


def parsed(path: pathlib.Path) -> tuple[str, ast.Module]:
    return str(path.relative_to(ROOT)), ast.parse(path.read_text())


def value(name: str, node: ast.expr) -> str | bool | int:
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bool, int)):
        return node.value
    return VALUES[name]


def made() -> Iterator[tuple[str, OwnCommand | PlanOption]]:
    """Yield where each value is made, and the value."""
    for path in SOURCES:
        name, tree = parsed(path)
        if name == OURS:
            yield from ((f"{name}:{key}", one) for key, one in CONSTANTS.items())
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            where, first = f"{name}:{node.lineno}", node.args[:1]
            if node.func.id in ("own_command", "OwnCommand"):
                assert isinstance(first[0], ast.Constant), where
                keys = {key.arg: key.value for key in node.keywords if key.arg}
                assert len(node.args) == 1, f"{where}: parameters go by their names"
                yield (
                    where,
                    own_command(
                        str(first[0].value),
                        **{
                            key: value(key.rstrip("_").replace("_", "-"), one)
                            for key, one in keys.items()
                        },
                    ),
                )
            elif node.func.id == "PlanOption":
                assert isinstance(first[0], ast.Constant), where
                option = str(first[0].value)
                yield where, PlanOption(option, value(option, node.args[1]))


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module but for its docstrings; ``{}`` stands for what is put in."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in ast.walk(node) if one is not node}
        if id(node) in passed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
            yield node.lineno, "".join(map(str, parts))


def told(left_out: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield the texts of the modules and of the catalogue, and where."""
    for name, tree in map(parsed, SOURCES):
        if name not in left_out:
            yield from ((f"{name}:{line}", text) for line, text in texts(tree))
    yield from catalogue()


def outright() -> Iterator[tuple[str, str]]:
    """Yield the actions that texts name with `juju run`, and where."""
    for where, text in told():
        for found in re.findall(rf"juju run \{{\}}(?:/leader)? ((?:{VERBS})(?: \S+=\w+)*)", text):
            yield where, found


MADE, OUTRIGHT = list(made()), list(outright())


def act(command: str, unit: str = "cou/0") -> None:
    """Take a `juju run` as Juju and the charm take it.

    Raises:
        BadInput: a parameter's value is not allowed.
    """
    words = shlex.split(command)
    assert words[:3] == ["juju", "run", unit]
    verb, given = words[3], dict(word.split("=", 1) for word in words[4:])
    params = {name: yaml.safe_load(text) for name, text in given.items()}
    assert set(params) <= set(ACTIONS[verb].get("params", {})), command
    if verb == "plan":
        parameters.plan_options(params, Settings())
    elif verb == "resolve-step":
        parameters.words(params, "step")
        parameters.must_choose(params, "as", parameters.RESOLUTIONS)
        parameters.words(params, "reason")
    elif verb == "cancel":
        parameters.flag(params, "force")
    else:
        assert not params, command


def type_in(command: str) -> None:
    """Take a `cou` as a shell and the command take it, short of doing it.

    Raises:
        click.UsageError: it is none.
    """
    words = shlex.split(command)
    assert words[0] == "cou"
    found = cli.commands[words[1]]
    context = found.make_context(words[1], words[2:])
    if words[1] == "plan":
        given = {name: one for name, one in context.params.items() if name in ("group", "backup")}
        Options.from_dict(given)


def test_the_source_makes_commands_of_every_kind_and_the_reader_knows_them():
    verbs = {one.verb for _, one in MADE if isinstance(one, OwnCommand)}
    assert {"plan", "upgrade", "cancel", "abandon", "resolve-step", "status"} <= verbs
    assert len([one for _, one in MADE if isinstance(one, PlanOption)]) > 10
    assert len(OUTRIGHT) > 10


@pytest.mark.parametrize(("where", "one"), MADE, ids=[where for where, _ in MADE])
def test_each_command_is_one_that_its_reader_can_type(where, one):
    if isinstance(one, PlanOption):
        act(f"juju run cou/0 plan {ActionStyle('cou/0').option(one)}")
        type_in(f"cou plan {COMMAND_LINE.option(one)}")
        return
    type_in(COMMAND_LINE.command(one))
    # The command line has verbs of its own, which no text of the engine or the charm names.
    if one.verb in ACTIONS or not where.startswith("lib/cou/cli/"):
        act(ActionStyle("cou/0").command(one))


@pytest.mark.parametrize(("where", "action"), OUTRIGHT, ids=[where for where, _ in OUTRIGHT])
def test_each_action_that_is_named_outright_is_one(where, action):
    act(f"juju run cou/0 {action}")


@pytest.mark.parametrize(
    "wrong", ["plan group=all-of-it", "plan flavour=1", "cancel force=very", "resolve-step step=a"]
)
def test_what_no_action_takes_is_noticed(wrong):
    with pytest.raises((BadInput, AssertionError)):
        act(f"juju run cou/0 {wrong}")


@pytest.mark.parametrize("wrong", ["plan --group=all", "upgrade --plan", "resolve-step a --as b"])
def test_what_the_command_line_does_not_take_is_noticed(wrong):
    with pytest.raises(click.UsageError):
        type_in(f"cou {wrong}")


# Help of the command line, which speaks of itself; what plans with several options at once.
_OF_THE_COMMAND_LINE = frozenset({"lib/cou/cli/commands.py", "lib/cou/cli/plan_options.py"})


@pytest.mark.slow
def test_no_text_names_a_command_of_ours_in_words_alone():
    named = [
        f"{where}: {text}"
        for where, text in told(_OF_THE_COMMAND_LINE)
        if "juju run {}" not in text and NAMED.search(text)
    ]
    assert not named, "\n".join(named)


def test_a_text_that_names_one_in_words_alone_is_noticed():
    for text in (
        "Run upgrade to go on.",
        "Look at status.",
        "with skip-apps={}.",
        "run plan first",
        "None of them failed. To go on: upgrade.",
        "Not settled yet: upgrade looks first.",
    ):
        assert NAMED.search(text), text
    for text in ("See why it did not run upgrade-charm.", "Run: juju config a enable-x=true."):
        assert not NAMED.search(text), text


# Why an error says nothing of what to do, by its code.
NO_REMEDY = {"fenced": "The runner that gets it ends, another has its run, and nobody is told."}


def of_the_catalogue(key: ast.expr | None) -> ast.expr | None:
    """Return what the catalogue says to do; of a choice of keys, the shortest."""
    if isinstance(key, ast.IfExp):
        both = [of_the_catalogue(one) for one in (key.body, key.orelse)]
        return min(both, key=lambda one: len(getattr(one, "value", "")))
    entry = words_of.catalogue().get(str(getattr(key, "value", "")))
    return ast.Constant(entry.remedy) if entry else None


def without_remedy(source: codes.Source) -> set[tuple[str, int, str]]:
    """Return module, line and text of what makes an error and says nothing of what to do."""
    bare: set[tuple[str, int, str]] = set()
    for module_, tree in source.trees.items():
        for node in ast.walk(tree):
            told: ast.expr | None = None
            if isinstance(node, ast.Dict):
                keys = {
                    getattr(key, "value", None): one
                    for key, one in zip(node.keys, node.values, strict=True)
                }
                if not {"code", "seen"} <= set(keys) or "subject" in keys:  # a finding's
                    continue
                told = keys.get("remedy")
            elif isinstance(node, ast.Call):
                name = codes.name_of(node.func)
                made = name in source.classes and not source.fixed(name)
                if not made and name not in ("record", "problem", "ReleaseProblem"):
                    continue
                place = 3 if name in ("problem", "ReleaseProblem") else 2
                words = {one.arg: one.value for one in node.keywords}
                first = node.args[0] if node.args else words.get("code")
                if None in words:  # an error is made of what another was given
                    continue
                named = made or isinstance(first, ast.Constant)
                if len(node.args) < 2 and not words and not named:
                    continue  # another function of this name
                told = words.get("remedy")
                if told is None and len(node.args) > place:
                    told = node.args[place]
                elif told is None and len(node.args) < place and "seen" not in words:
                    told = of_the_catalogue(first)
            else:
                continue
            empty = isinstance(told, ast.Constant) and not told.value
            text = ast.unparse(node)
            if (told is None or empty) and not any(f"'{code}'" in text for code in NO_REMEDY):
                bare.add((module_, node.lineno, text[:120]))
    return bare


@pytest.mark.slow
def test_every_error_says_what_to_do():
    bare = without_remedy(codes.Source.of_the_project())
    assert not bare, "\n".join(map(str, sorted(bare)))


def test_every_refusal_of_juju_says_what_to_do():
    for code in ("", "something new", *error_replies._REFUSALS):
        error = error_replies.refused("Application.Get", "no", code, changes=True)
        assert error.remedy, code
    for error in (
        error_replies.lost("A.B", "gone", sent=True, changes=True),
        error_replies.timed_out("A.B", 60, changes=True),
        error_replies.bad_reply("A.B", "no map", changes=True),
    ):
        assert error.remedy, error.code


@pytest.mark.parametrize(
    "text",
    [
        "raise BadInput('a-b', 'seen')",
        "raise BadInput('a-b', 'seen', '')",
        "x = {'code': 'a-b', 'seen': 'seen'}",
        "return record('a-b', 'seen')",
        "raise BadInput('a-b')",
        "raise BadInput('silent', unit=unit)",
        "raise BadInput('no-plan' if ambiguous else 'silent')",
        "return problem('silent', 'nova', unit=unit)",
    ],
)
def test_an_error_that_says_nothing_of_what_to_do_is_noticed(text, monkeypatch):
    known = {**words_of.catalogue(), "silent": words_of.Entry("Nothing is said.", "")}
    monkeypatch.setattr(words_of, "catalogue", lambda: known)
    source = codes.Source(
        {"m.py": ast.parse(f"class BadInput(CouError): ...\ndef f():\n    {text}")}
    )
    assert len(without_remedy(source)) == 1


_REDIRECTION = re.compile(r"(?<!\?P)<[A-Za-z][\w. -]*>")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_command_that_is_told_has_a_sign_that_a_shell_takes_for_a_redirection(path):
    """What the reader has to put in stands in capitals: `juju grant USER admin MODEL`."""
    assert not [one for one in texts(parsed(path)[1]) if _REDIRECTION.search(one[1])]


def test_no_text_of_the_catalogue_has_a_sign_that_a_shell_takes_for_a_redirection():
    assert not [one for one in catalogue() if _REDIRECTION.search(one[1])]


# What a remedy of a problem that blocks begins with, before "Then run `plan` again."
DO = re.compile(
    r"(Add|Back|Bring|Choose|Convert|Deploy|Give|Leave|Look|Mend|Move|Point|Refresh|Resume|Run|Set|"
    r"Take|Unseal|Unset|Upgrade|Wait) "
)


def begins(node: ast.expr, function: ast.AST) -> Iterator[str]:
    """Yield how a remedy may begin: of a name, each text that its function gives it."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield from begins(node.values[0], function)
    elif isinstance(node, ast.IfExp):
        yield from begins(node.body, function)
        yield from begins(node.orelse, function)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "join":
        yield from begins(node.args[0], function)
    elif isinstance(node, ast.Name):
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == node.id:
                yield from begins(one.value, function)


def remedies() -> Iterator[tuple[str, str, str]]:
    """Yield where a problem is made that may block, its code, and how its remedy begins."""
    rooms = [ROOT / "lib/cou/checks", ROOT / "lib/cou/plan"]
    every = itertools.chain.from_iterable(room.glob("*.py") for room in rooms)
    for path in [ROOT / "lib/cou/cloud/analysis.py", *every]:
        name, tree = parsed(path)
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
        for function in functions:
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or len(call.args) < 2:
                    continue
                if ast.unparse(call.func) not in ("problem", "ReleaseProblem"):
                    continue
                first = call.args[0]
                key = str(first.value) if isinstance(first, ast.Constant) else ""
                key = DONE if ast.unparse(first) == "DONE" else key
                code = key.partition("/")[0]
                told = call.args[3] if len(call.args) > 3 else of_the_catalogue(first)
                if told and (not code or CODES[code].severity is Severity.ERROR):
                    for text in begins(told, function):
                        yield f"{name}:{call.lineno}", code, text


REMEDIES = list(remedies())


@pytest.mark.parametrize(("where", "code", "text"), REMEDIES)
def test_what_mends_a_blocked_plan_is_something_to_do_before_planning_again(where, code, text):
    """`upgrade` puts it before "Then run `plan` again."."""
    assert DO.match(text), where
    assert "plan again" not in text, where


def test_most_problems_that_block_are_found_in_the_source():
    blocking = {code.name for code in CODES.values() if code.severity is Severity.ERROR}
    assert len({code for _, code, _ in REMEDIES} & blocking) > len(blocking) / 2
