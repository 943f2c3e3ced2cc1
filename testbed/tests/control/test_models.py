"""Several models on one testbed: each has its own units, and goes with all that it started."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import jubilant
import pytest
from juju_testbed.agent import survivors
from juju_testbed.control import lifecycle
from juju_testbed.control.state import State
from juju_testbed.control.world import Settings

TINY = pathlib.Path(__file__).parents[1] / "agent" / "charms" / "tiny"

pytestmark = [pytest.mark.slow, pytest.mark.integration]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    made = State(tmp_path_factory.mktemp("models") / "state")
    lifecycle.up(made, Settings(profile="fast"))
    yield made
    assert lifecycle.down(made) == []


@pytest.fixture
def juju(state: State) -> jubilant.Juju:
    return jubilant.Juju(cli_binary=state.juju, wait_timeout=300)


def test_a_second_model_has_units_and_options_of_its_own(juju: jubilant.Juju, state: State):
    juju.add_model("second", config={"automatically-retry-hooks": "false"})
    juju.deploy(TINY)
    juju.deploy("ntp", channel="latest/stable")
    juju.wait(lambda status: status.apps["tiny"].units["tiny/0"].is_blocked)
    assert juju.exec("hostname; pwd", unit="tiny/0").stdout.count("/models/") == 1
    first = jubilant.Juju(cli_binary=state.juju)
    assert first.status().apps == {}
    assert first.show_model().short_name == "openstack"
    assert juju.show_model().short_name == "second"


@pytest.mark.deep
def test_a_model_goes_with_what_its_charms_have_left_running(juju: jubilant.Juju, state: State):
    juju.add_model("third")
    juju.deploy(TINY)
    juju.wait(lambda status: status.apps["tiny"].units["tiny/0"].is_blocked)
    left = juju.run("tiny/0", "spawn").results
    pid = int(left["pid"])
    assert not survivors.is_zombie(pid)
    juju.destroy_model("third", force=True, destroy_storage=True)
    assert survivors.is_zombie(pid)  # or gone, where somebody has reaped it
    known = subprocess.run(
        [state.juju, "models", "--format", "json"], capture_output=True, check=True
    )
    assert "third" not in [one["short-name"] for one in json.loads(known.stdout)["models"]]


def test_constraints_are_kept_in_megabytes(juju: jubilant.Juju):
    juju.model_constraints({"mem": "4G", "cores": 2, "arch": "amd64"})
    assert juju.model_constraints() == {"mem": 4096, "cores": 2, "arch": "amd64"}


REFUSED = {
    "taken": (["add-model", "openstack"], "already exists"),
    "bad name": (["add-model", "No_Model"], "not a valid name"),
    "unknown cloud": (["add-model", "fourth", "moon"], 'cloud "moon" not found'),
    "the first": (["destroy-model", "openstack", "--no-prompt"], "goes with the testbed"),
    "not there": (["destroy-model", "nothing", "--no-prompt"], "not found"),
    "not confirmed": (["destroy-model", "openstack"], "aborted"),
    "no constraint": (["set-model-constraints", "colour=red"], "unknown constraint"),
    "no number": (["set-model-constraints", "cores=many"], 'bad "cores" constraint'),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused(state: State, arguments: list[str], text: str):
    done = subprocess.run([state.juju, *arguments], capture_output=True, text=True, input="no\n")
    assert done.returncode in (1, 2)
    assert text in done.stderr


PROGRAM = """
import pathlib
import jubilant

def test_the_fixture_gives_a_model_of_this_module(juju: jubilant.Juju):
    juju.deploy(pathlib.Path({charm!r}))
    juju.wait(lambda status: status.apps["tiny"].units["tiny/0"].is_blocked)
    assert juju.model.startswith("jubilant-")

def test_a_factory_gives_more(juju_factory):
    other = juju_factory.get_juju("other")
    assert other.status().apps == {{}}
"""


def test_the_fixtures_of_pytest_jubilant_work_unchanged(state: State, tmp_path: pathlib.Path):
    (tmp_path / "test_foreign.py").write_text(PROGRAM.format(charm=str(TINY)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {"PATH": f"{state.juju.parent}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [*command, "--juju-dump-logs", str(tmp_path / "logs")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert len(list((tmp_path / "logs").iterdir())) == 2
