"""Commands of ours in texts are values, which every reader is told as they type them."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from cou.checks.problem import Problem, Severity
from cou.errors import CouError
from cou.wording import (
    COMMAND_LINE,
    FORCE,
    IN_DOCUMENTS,
    PLAN,
    UPGRADE,
    ActionStyle,
    PlanOption,
    Wording,
    from_data,
    join,
    own_command,
    sentence,
    text_for,
    to_data,
)

ACTIONS = ActionStyle("cou/0")
# What a cloud may say, and has to come out as it went in.
QUOTED = "hook failed: run upgrade; upgrade-charm, cancel force=true, skip-apps=a {} `plan`"
RESOLVE = own_command("resolve-step", step="a/b-0", as_="done", reason="it's there")


@pytest.mark.parametrize(
    ("part", "named", "action", "line"),
    [
        (UPGRADE, "upgrade", "juju run cou/0 upgrade", "cou upgrade"),
        (FORCE, "cancel force=true", "juju run cou/0 cancel force=true", "cou cancel --force"),
        (
            own_command("plan", group="hypervisors", machines="3/lxd/1"),
            "plan group=hypervisors machines=3/lxd/1",
            "juju run cou/0 plan group=hypervisors machines=3/lxd/1",
            "cou plan hypervisors --machine 3/lxd/1",
        ),
        (
            RESOLVE,
            """resolve-step step=a/b-0 as=done 'reason=it'"'"'s there'""",
            """juju run cou/0 resolve-step step=a/b-0 as=done 'reason=it'"'"'s there'""",
            """cou resolve-step a/b-0 --as done --reason 'it'"'"'s there'""",
        ),
        (PlanOption("backup", False), "backup=false", "backup=false", "--no-backup"),
        (PlanOption("purge", True), "purge=true", "purge=true", "--purge"),
        (PlanOption("accept", "a:b"), "accept=a:b", "accept=a:b", "--accept a:b"),
    ],
)
def test_each_reader_is_told_what_they_type(part, named, action, line):
    text = join("First ", part, ".")
    assert text == text.text_for(IN_DOCUMENTS) == f"First {named}."
    assert text.text_for(ACTIONS) == f"First {action}."
    assert text.text_for(COMMAND_LINE) == f"First {line}."


@pytest.mark.parametrize("way", [IN_DOCUMENTS, ACTIONS, COMMAND_LINE])
def test_words_are_told_as_they_are(way):
    assert text_for(QUOTED, way) == QUOTED
    error = CouError("refused", QUOTED, join("See ", QUOTED, ", then: ", PLAN))
    assert error.text_for(way) == f"{QUOTED} See {QUOTED}, then: {way.command(PLAN)}"
    assert str(error) == error.text_for(IN_DOCUMENTS)


def test_a_command_is_never_lost_in_a_text_that_is_joined():
    with pytest.raises(TypeError, match="say for whom"):
        f"{join('Run ', UPGRADE)} now"
    joined = join(sentence(join("Look, then: ", UPGRADE)), " Then: ", PLAN)
    assert joined.text_for(COMMAND_LINE) == "Look, then: cou upgrade. Then: cou plan"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_keeps_its_commands(copied):
    assert copied(join("Run ", FORCE)).text_for(COMMAND_LINE) == "Run cou cancel --force"


def test_what_is_kept_is_read_back_with_its_commands():
    text = join(QUOTED, UPGRADE, PlanOption("backup", False), RESOLVE)
    kept = json.loads(json.dumps({"remedy": text, **to_data(text)}))
    found = from_data(kept)
    assert set(found) == {"remedy"}
    assert isinstance(found["remedy"], Wording)
    assert found["remedy"].parts == text.parts


def test_a_plain_text_is_kept_and_read_as_it_is():
    assert to_data("Run upgrade.") == to_data(join("Look.")) == {}
    assert from_data({"remedy": "Run upgrade."}) == {"remedy": "Run upgrade."}


@pytest.mark.parametrize(
    "parts", [7, [7], [{}], [{"verb": "a"}], [{"verb": "a", "with": [1]}], [{"option": "a"}], [[]]]
)
def test_what_was_damaged_is_refused_as_the_readers_of_a_journal_know_it(parts):
    with pytest.raises((LookupError, TypeError, ValueError)):
        from_data({"remedy": "", "remedy-parts": parts})


def test_a_problem_keeps_its_commands_in_the_plan_that_is_kept():
    remedy = join("Leave it out with ", PlanOption("skip-apps", "nova"), ".")
    one = Problem("no-track", Severity.ERROR, "nova", QUOTED, remedy)
    read = Problem.from_dict(json.loads(json.dumps(one.to_dict())))
    assert read.text_for(COMMAND_LINE).remedy == "Leave it out with --skip-apps nova."
    shown = read.text_for(ACTIONS).to_dict()
    assert shown["remedy"] == "Leave it out with skip-apps=nova."
    assert "remedy-parts" not in shown
    old = {**one.to_dict(), "remedy": "Leave it out with skip-apps=nova."}
    del old["remedy-parts"]
    assert (
        Problem.from_dict(old).text_for(COMMAND_LINE).remedy == "Leave it out with skip-apps=nova."
    )
