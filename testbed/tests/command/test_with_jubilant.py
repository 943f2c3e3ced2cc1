"""What jubilant asks of a juju command, asked of this one."""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import TYPE_CHECKING

import jubilant
import pytest

if TYPE_CHECKING:
    from conftest import Bed

TINY = pathlib.Path(__file__).parents[1] / "agent" / "charms" / "tiny"
pytestmark = pytest.mark.slow


def test_status_has_every_key_that_jubilant_reads(bed: Bed):
    status = bed.juju.status()
    assert (status.model.name, status.model.type, status.model.cloud) == (
        "openstack",
        "iaas",
        "testbed",
    )
    hypervisors = status.apps["nova-compute"]
    assert (hypervisors.charm, hypervisors.charm_origin) == ("nova-compute", "charmhub")
    assert hypervisors.charm_channel == "yoga/stable"
    assert hypervisors.base is not None
    assert (hypervisors.base.name, hypervisors.base.channel) == ("ubuntu", "22.04")
    assert hypervisors.units["nova-compute/0"].leader
    assert set(hypervisors.units["nova-compute/0"].subordinates) == {"ntp/0"}
    assert status.apps["ntp"].subordinate_to == ["nova-compute"]
    assert "0/lxd/0" in status.machines["0"].containers
    tiny = status.apps["tiny"]
    assert (tiny.charm_origin, tiny.version, tiny.app_status.message) == ("local", "1.0", "led")
    assert tiny.units["tiny/0"].workload_status.message == "no login"


def test_an_action_gives_results_and_log(bed: Bed):
    task = bed.juju.run("tiny/0", "say", {"what": "a b: c"})
    assert task.success
    assert task.results["said"] == "a b: c"
    assert task.results["by"] == {"unit": "tiny/0"}
    assert task.log[0].endswith("about to speak")
    assert task.return_code == 0


def test_the_leader_can_be_named_as_such(bed: Bed):
    assert bed.juju.run("tiny/leader", "say").success


def test_a_failed_action_raises_with_its_results(bed: Bed):
    with pytest.raises(jubilant.TaskError) as caught:
        bed.juju.run("tiny/0", "say", {"fail": True, "what": "no"})
    assert caught.value.task.message == "told to fail"
    assert caught.value.task.results["said"] == "no"


def test_an_action_whose_process_fails_raises_too(bed: Bed):
    with pytest.raises(jubilant.TaskError) as caught:
        bed.juju.run("tiny/0", "raise")
    assert caught.value.task.return_code == 1


def test_an_unknown_action_is_a_value_error(bed: Bed):
    with pytest.raises(ValueError, match="nonesuch"):
        bed.juju.run("tiny/0", "nonesuch")


def test_waiting_for_an_action_ends_after_the_time_given(bed: Bed):
    with pytest.raises(TimeoutError):
        bed.juju.run("tiny/0", "sleep", {"seconds": 600}, wait=0.5)
    shown = json.loads(bed.run("operations", "--format", "json").stdout)
    (task,) = shown[max(shown, key=int)]["tasks"]
    bed.run("cancel-task", task)
    bed.juju.wait(lambda s: jubilant.all_agents_idle(s, "tiny"), successes=1, delay=0.5)


def test_exec_runs_on_simulated_and_real_units(bed: Bed):
    assert bed.juju.exec("echo", "$HOME is  literal", unit="tiny/0").stdout == (
        "$HOME is  literal\n"
    )
    with pytest.raises(jubilant.TaskError) as caught:
        bed.juju.exec("echo oops >&2; exit 7", unit="tiny/0")
    assert (caught.value.task.return_code, caught.value.task.stderr) == (7, "oops\n")


def test_options_keep_their_types_and_can_be_reset(bed: Bed):
    assert bed.juju.config("tiny") == {"greeting": "good day", "count": 3}
    bed.juju.config("tiny", {"count": 12, "greeting": "x=y z"})
    assert bed.juju.config("tiny") == {"greeting": "x=y z", "count": 12}
    bed.juju.config("tiny", reset=["count"])
    assert bed.juju.config("tiny")["count"] == 3
    with pytest.raises(jubilant.CLIError, match='expected int, got "many"'):
        bed.juju.config("tiny", {"count": "many"})
    assert bed.juju.config("tiny", app_config=True)["trust"] is False


@pytest.mark.deep
def test_a_secret_travels_from_the_command_to_the_charm(bed: Bed):
    uri = bed.juju.add_secret("login", {"password": "one"}, info="for tiny")
    assert uri.startswith("secret:")
    bed.juju.grant_secret("login", "tiny")
    bed.juju.config("tiny", {"login": uri})
    bed.juju.wait(lambda s: "one" in s.apps["tiny"].units["tiny/0"].workload_status.message)
    bed.juju.update_secret("login", {"password": "two"})
    bed.juju.wait(lambda s: "two" in s.apps["tiny"].units["tiny/0"].workload_status.message)
    secret = bed.juju.show_secret(uri, reveal=True)
    assert (secret.content, secret.revision, secret.name) == ({"password": "two"}, 2, "login")
    access = bed.juju.show_secret(uri).access or []
    assert [one.target for one in access] == ["application-tiny"]
    assert [s.uri for s in bed.juju.secrets()] == [uri]


def test_refresh_from_a_directory_runs_the_new_code(bed: Bed, tmp_path: pathlib.Path):
    changed = tmp_path / "tiny"
    shutil.copytree(TINY, changed)
    (changed / "lib" / "words.py").write_text('VERSION = "2.0"\n')
    bed.juju.refresh("tiny", path=changed)
    bed.juju.wait(lambda s: s.apps["tiny"].version == "2.0")
    assert bed.juju.status().apps["tiny"].charm_rev == 1


def test_refresh_to_a_channel_moves_the_revision(bed: Bed):
    before = bed.juju.status().apps["nova-compute"]
    bed.juju.refresh("nova-compute", channel="zed/stable")
    after = bed.juju.status().apps["nova-compute"]
    assert after.charm_channel == "zed/stable"
    assert after.charm_rev != before.charm_rev


def test_model_unit_version_and_log_can_be_shown(bed: Bed):
    model = bed.juju.show_model()
    assert (model.short_name, model.name, model.life) == ("openstack", "admin/openstack", "alive")
    unit = bed.juju.show_unit("tiny/0")
    assert (unit.leader, unit.machine) == (True, "0/lxd/0")
    assert unit.charm.startswith("local:")
    assert bed.juju.version().tuple >= (3, 6, 0)
    assert "unit-tiny-0" in bed.juju.debug_log(limit=50)
    assert bed.juju.model_config()["automatically-retry-hooks"] is True
    bed.juju.model_config({"automatically-retry-hooks": False})
    assert bed.juju.model_config()["automatically-retry-hooks"] is False
    bed.juju.model_config(reset="automatically-retry-hooks")


@pytest.mark.deep
def test_units_are_added_and_an_application_is_removed(bed: Bed):
    bed.juju.deploy(TINY, "gone")
    bed.juju.add_unit("gone")
    bed.juju.wait(lambda s: len(s.apps["gone"].units) == 2)
    bed.juju.wait(lambda s: jubilant.all_agents_idle(s, "gone"), successes=2, delay=0.5)
    bed.juju.remove_unit("gone/1")
    bed.juju.wait(lambda s: set(s.apps["gone"].units) == {"gone/0"})
    bed.juju.remove_application("gone")
    bed.juju.wait(lambda s: "gone" not in s.apps)
    assert not (bed.state.folder / "agents" / "unit-gone-0").exists()


def test_another_model_can_be_named_and_an_unknown_one_is_refused(bed: Bed):
    juju = jubilant.Juju(model="testbed:admin/openstack", cli_binary=bed.state.juju)
    assert juju.status().model.name == "openstack"
    with pytest.raises(jubilant.CLIError, match="model testbed:admin/nope not found"):
        jubilant.Juju(model="nope", cli_binary=bed.state.juju).status()
