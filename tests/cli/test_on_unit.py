"""The command as the charm installs it: on its unit, with the charm's journal and account."""

from __future__ import annotations

import json
import pathlib
import shutil
import stat

import cou
import pytest
import yaml
from cou.control.control import Control
from cou.journal import Journal
from cou.journal.records import RunState, StepState
from cou.process.paths import RunPaths

from ..unit import one_step
from .cloud import PASSWORD

pytestmark = pytest.mark.slow

# Hook tools as a unit agent answers them; `answers` holds one file per tool.
JUJU_EXEC = """#!/bin/sh
[ "$1" = -u ] && [ "$2" = cou/0 ] && [ "$3" = -- ] || exit 2
[ -z "$JUJU_CONTEXT_ID" ] || { echo "in a hook" >&2; exit 1; }
case "$4" in
    *dispatch*) echo "$4" >> "ANSWERS/told"; exit 0 ;;
    printf*) printf 'openstack\\n\\n%s\\n' "$(cat "ANSWERS/version")" ;;
    *) cat "ANSWERS/${4%% *}" ;;
esac
"""
CONFIG = {"credentials": "secret:abc123", "quiet-period": 0, "backup-max-age": 12}


@pytest.fixture
def unit(tmp_path, user, cloud):
    """Make the user's machine that of the unit; return the unit's folder."""
    agent = tmp_path / "juju" / "agents" / "unit-cou-0"
    shutil.copytree(
        pathlib.Path(cou.__file__).parent,
        agent / "charm" / "lib" / "cou",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    conf = {
        "apiaddresses": [cloud.server.address],
        "cacert": cloud.certs.ca,
        "model": f"model-{cloud.model.uuid}",
    }
    (agent / "agent.conf").write_text("# format 2.0\n" + yaml.safe_dump(conf))
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / "config-get").write_text(json.dumps(CONFIG))
    secret = {"username": "operator", "password": PASSWORD}
    (answers / "secret-get").write_text(json.dumps(secret))
    (answers / "is-leader").write_text("True\n")
    (answers / "version").write_text("3.6.14")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "juju-exec").write_text(JUJU_EXEC.replace("ANSWERS", str(answers)))
    (tools / "juju-exec").chmod(stat.S_IRWXU)
    user.environment |= {
        "PATH": f"{tools}:{user.environment['PATH']}",
        "PYTHONPATH": str(agent / "charm" / "lib"),
        "JUJU_CONTEXT_ID": "left over from a hook",
    }
    return agent


def test_it_does_what_the_actions_do_in_the_same_journal(unit, user, cloud):
    code, out, err = user.run("upgrade", "--auto-approve")
    assert code == 0, out + err
    place = RunPaths.of_unit("cou/0", unit / "charm")
    seen = Control(place).view()
    assert seen is not None
    assert seen.state is RunState.COMPLETED
    assert out.startswith(f"Full execution log: '{place.home}/log/cou-")
    assert not (user.home / "state").exists()
    code, out, _ = user.run("status")
    assert (code, "completed" in out) == (0, True)


def test_only_the_leader_runs(unit, user, tmp_path, cloud):
    (tmp_path / "answers" / "is-leader").write_text("False\n")
    code, _, err = user.run("upgrade", "--auto-approve")
    assert code == 1
    assert "leader" in err
    assert cloud.count("task-begun") == 0


def test_without_credentials_it_names_the_command(unit, user, tmp_path):
    (tmp_path / "answers" / "config-get").write_text("{}")
    code, _, err = user.run("plan")
    assert code == 1
    assert "juju config cou credentials=" in err


def test_the_model_is_the_units_own(unit, user):
    code, _, err = user.run("plan", "--model", "other")
    assert code == 1
    assert "--model" in err


@pytest.mark.parametrize("verb", ["cancel --force", "resolve-step a --as skip --reason why"])
def test_the_charm_is_told_of_what_no_supervisor_tells_it(unit, user, tmp_path, verb):
    place = RunPaths.of_unit("cou/0", unit / "charm")
    place.make()
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    if verb.startswith("resolve"):
        journal.begin_step(attempt.token, "a")
        journal.end_step(attempt.token, "a", StepState.FAILED, error="no")
        journal.end_attempt(attempt.token, RunState.FAILED)
    journal.close()
    told = tmp_path / "answers" / "told"
    assert user.run("status")[0] == 0
    assert not told.exists()
    code, out, err = user.run(*verb.split())
    assert code == 0, out + err
    assert told.read_text() == "JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch\n"


@pytest.mark.parametrize("verb", ["plan", "upgrade --auto-approve", "upgrade-step"])
def test_an_agent_of_another_juju_is_refused_as_the_actions_refuse_it(
    unit, user, cloud, tmp_path, verb
):
    """The charm's code may run below an agent that is newer than what it was deployed with."""
    (tmp_path / "answers" / "version").write_text("4.0.15")
    code, out, err = user.run(*verb.split())
    assert code == 1, out + err
    assert "Juju 4.0.15 is not supported" in err
    assert cloud.count("task-begun") == 0


def test_a_run_is_shown_and_abandoned_on_any_juju_and_does_not_go_on(unit, user, tmp_path):
    """As the actions do: `plan` shows what is left, `restore` would have to be gone back on."""
    place = RunPaths.of_unit("cou/0", unit / "charm")
    place.make()
    journal = Journal(place.home)
    journal.end_attempt(one_step.begin(journal).token, RunState.STOPPED)
    journal.close()
    (tmp_path / "answers" / "version").write_text("4.0.15")
    user.environment.pop("COU_QUIET_PERIOD")  # an option of a plan, which the run keeps
    code, out, err = user.run("plan")
    assert "are left" in out, out + err
    for verb in ("upgrade --auto-approve", "upgrade-step", "restore"):
        code, out, err = user.run(*verb.split())
        assert code == 1
        assert "Juju 4.0.15 is not supported" in err
    _, out, err = user.run("abandon")  # of a plan of another model: it begins, and cannot end
    assert "is being abandoned" in out + err
