"""What a real ops charm meets on the testbed's unit agent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow  # real processes


def test_a_new_unit_runs_its_first_hooks_in_juju_s_order(world: World):
    world.settle()
    assert world.hooks()[:4] == ["install", "leader-elected", "config-changed", "start"]
    assert world.model.units["tiny/0"].workload.current == "blocked"
    assert world.model.units["tiny/0"].workload_version == "1.0"
    assert world.model.application_status("tiny").current == "active"


def test_an_action_gives_results_log_and_failure(world: World):
    world.settle()
    task = world.act("say", what="boo")
    assert task.status == "completed"
    assert task.results["said"] == "boo"
    assert task.results["by"] == {"unit": "tiny/0"}
    assert [message for _, message in task.log] == ["about to speak"]
    failed = world.act("say", fail=True)
    assert (failed.status, failed.message) == ("failed", "told to fail")
    assert failed.results["return-code"] == 0


@pytest.mark.deep
def test_an_exception_in_an_action_fails_the_task_with_its_exit_code(world: World):
    world.settle()
    task = world.act("raise")
    assert (task.status, task.message) == ("failed", "exit status 1")
    assert task.results["return-code"] == 1


def test_an_unknown_parameter_is_refused_before_anything_runs(world: World):
    world.settle()
    task = world.act("say", waht="x")
    assert task.status == "error"
    assert "waht" in task.message


@pytest.mark.deep
def test_the_environment_is_built_from_scratch(world: World):
    world.settle()
    os.environ["LEAK"] = "yes"
    try:
        task = world.act("environment")
    finally:
        del os.environ["LEAK"]
    seen = json.loads(task.results["environment"])
    places = world.host.places.unit("tiny/0")
    assert "LEAK" not in seen
    assert "HOME" not in seen
    assert seen["JUJU_ACTION_UUID"] == str(task.id)
    assert seen["JUJU_ACTION_TAG"] == f"action-{task.id}"
    assert seen["JUJU_DISPATCH_PATH"] == "actions/environment"
    assert seen["JUJU_HOOK_NAME"] == ""
    assert seen["JUJU_UNIT_NAME"] == "tiny/0"
    assert seen["JUJU_MODEL_UUID"] == world.model.uuid
    assert seen["JUJU_API_ADDRESSES"] == "127.0.0.1:17070"
    assert seen["JUJU_AVAILABILITY_ZONE"] == "zone-1"
    assert seen["JUJU_CHARM_DIR"] == task.results["cwd"] == str(places.charm)
    assert seen["PATH"].startswith(f"{places.tools}:")
    assert seen["PYTHONPATH"].split(":")[:2] == [f"{places.charm}/lib", f"{places.charm}/src"]


@pytest.mark.deep
def test_agent_conf_is_for_root_only_and_names_controller_and_model(world: World):
    world.settle()
    conf = world.host.places.unit("tiny/0").conf
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600
    first, _, rest = conf.read_text().partition("\n")
    assert first == "# format 2.0"
    content = yaml.safe_load(rest)
    assert content["tag"] == "unit-tiny-0"
    assert content["model"] == f"model-{world.model.uuid}"
    assert content["controller"] == f"controller-{world.surroundings.controller_uuid}"
    assert content["apiaddresses"] == ["127.0.0.1:17070"]
    assert content["cacert"] == "PEM"


@pytest.mark.deep
def test_agents_learn_where_the_controller_has_moved(world: World):
    world.settle()
    world.host.learn_addresses(("127.0.0.1:17071", "127.0.0.1:17072"))
    content = yaml.safe_load(world.host.places.unit("tiny/0").conf.read_text())
    assert content["apiaddresses"] == ["127.0.0.1:17071", "127.0.0.1:17072"]
    seen = json.loads(world.act("environment").results["environment"])
    assert seen["JUJU_API_ADDRESSES"] == "127.0.0.1:17071 127.0.0.1:17072"


def test_a_changed_option_runs_config_changed_once_and_an_equal_value_nothing(world: World):
    world.settle()
    before = len(world.hooks())
    world.model.set_config("tiny", {"count": "7"}, "admin")
    world.until(lambda: len(world.hooks()) == before + 1)
    world.settle()
    world.model.set_config("tiny", {"count": "7"}, "admin")
    world.act("say")
    assert world.hooks()[before:] == ["config-changed"]


def test_a_secret_is_denied_until_granted_and_its_update_fires_secret_changed(world: World):
    world.settle()
    unit = world.model.units["tiny/0"]
    uri = world.model.add_secret("login", {"password": "one"}, "admin")
    world.model.set_config("tiny", {"login": uri}, "admin")
    world.until(lambda: unit.workload.message == "secret not granted")
    world.model.grant_secret("login", "tiny", "admin")
    world.act("say")  # any dispatch looks again
    world.until(lambda: unit.workload.message == "hello 3 one")
    world.model.update_secret("login", {"password": "two"}, "admin")
    world.until(lambda: "secret-changed" in world.hooks())
    world.until(lambda: unit.workload.message == "hello 3 two")


@pytest.mark.deep
def test_a_secret_that_does_not_exist_is_not_found(world: World):
    world.settle()
    world.model.set_config("tiny", {"login": "secret:nonesuch"}, "admin")
    world.until(lambda: world.model.units["tiny/0"].workload.message == "no such secret")


@pytest.mark.deep
def test_a_cancelled_action_is_killed_alone_and_loses_its_results(world: World):
    world.settle()
    task = world.begin("sleep", seconds=60, child=True)
    world.until(lambda: task.log)
    killed = world.host.children["tiny/0"].pid
    # The hook tool that has told us may be about to end.
    world.until(lambda: len(world.left()) == 2)
    (left,) = set(world.left()) - {killed}
    world.model.cancel(task.id, "admin")
    world.until(lambda: task.completed is not None)
    assert task.status == "aborted"
    assert "was" not in task.results
    world.settle()
    assert world.act("say").status == "completed"
    assert world.left() == [left]


@pytest.mark.deep
def test_an_action_whose_process_is_killed_fails_and_loses_its_results(world: World):
    world.settle()
    task = world.begin("sleep", seconds=60)
    world.until(lambda: task.log)
    os.kill(world.host.children["tiny/0"].pid, signal.SIGKILL)
    world.until(lambda: task.completed is not None)
    assert (task.status, task.message) == ("failed", "signal: killed")
    assert "was" not in task.results


@pytest.mark.deep
def test_a_second_action_waits_for_the_first_even_if_it_is_parallel(world: World):
    world.settle()
    long = world.begin("sleep", seconds=1)
    spawn = world.begin("spawn")
    world.until(lambda: spawn.completed is not None)
    assert long.status == spawn.status == "completed"
    assert long.completed <= spawn.started


@pytest.mark.deep
def test_a_process_of_its_own_session_survives_hook_end_and_agent_restart(world: World):
    world.settle()
    own = int(world.act("spawn", session=True).results["pid"])
    plain = int(world.act("spawn", session=False).results["pid"])
    assert {own, plain} <= set(world.left())
    world.inside(world.host.restart_agent, "tiny/0")
    world.settle()
    assert own in world.left()
    assert plain not in world.left()
    world.inside(world.host.reboot, "0")
    world.until(lambda: world.hooks()[-1] == "start" and world.hooks().count("start") == 2)
    assert own not in world.left()


@pytest.mark.deep
def test_an_agent_restart_fails_the_running_task_and_nothing_runs_it_again(world: World):
    world.settle()
    task = world.begin("sleep", seconds=60)
    waiting = world.begin("say")
    world.until(lambda: task.log)
    world.inside(world.host.restart_agent, "tiny/0")
    world.until(lambda: waiting.completed is not None)
    assert (task.status, task.message) == ("failed", "action terminated")
    assert waiting.status == "completed"
    assert len(task.log) == 1


def test_a_refresh_replaces_the_files_in_place_and_keeps_the_charm_s_own(world: World):
    world.settle()
    charm = world.host.places.unit("tiny/0").charm
    (charm / "mine").write_text("kept")
    folder, opened = charm.stat().st_ino, (charm / "lib/words.py").open()
    (world.source / "lib/words.py").write_text('VERSION = "2.0"\n')
    (world.source / "lib/more.py").write_text("")
    before = len(world.hooks())
    revision = world.store.add(world.source, "jammy")
    assert revision.url == "local:jammy/tiny-1"
    origin = {"source": "local", "revision": 1}
    world.model.set_charm("tiny", revision, origin, "", "admin")
    world.until(lambda: len(world.hooks()) == before + 2)
    assert world.hooks()[before:] == ["upgrade-charm", "config-changed"]
    assert world.model.units["tiny/0"].workload_version == "2.0"
    assert (charm / "mine").read_text() == "kept"
    assert (charm / "lib/more.py").exists()
    assert charm.stat().st_ino == folder
    with opened:  # whoever has an old file open keeps it
        assert "1.0" in opened.read()
    (world.source / "lib/more.py").unlink()
    world.model.set_charm("tiny", world.store.add(world.source, "jammy"), origin, "", "admin")
    world.until(lambda: world.hooks()[before:].count("upgrade-charm") == 2)
    world.settle()
    assert not (charm / "lib/more.py").exists()


@pytest.mark.deep
def test_only_what_an_archive_holds_is_deployed(world: World):
    world.settle()
    (world.source / ".git").mkdir()
    (world.source / ".git/config").write_text("x")
    (world.source / "tests").mkdir()
    (world.source / "tests/test_it.py").write_text("x")
    revision = world.store.add(world.source, "jammy")
    packed = world.host.places.archives / f"tiny-{revision.revision}"
    names = {path.name for path in packed.iterdir()}
    assert {"src", "lib", "dispatch", "metadata.yaml", "actions.yaml", "config.yaml"} <= names
    assert not names & {".git", "tests"}


def _exec(world: World, *arguments: str, **extra: str) -> asyncio.subprocess.Process:
    tools = world.host.places.unit("tiny/0").tools
    return world.run(
        asyncio.create_subprocess_exec(
            str(tools / "juju-exec"),
            *arguments,
            env={"PATH": "/usr/bin:/bin", **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    )


def test_juju_exec_emits_a_custom_event_through_dispatch(world: World):
    world.settle()
    command = "JUJU_DISPATCH_PATH=hooks/poked ./dispatch"
    process = _exec(world, "-u", "tiny/0", "--", command)
    world.run(process.communicate())
    assert process.returncode == 0
    assert world.hooks()[-1] == "poked"


@pytest.mark.deep
def test_juju_exec_gives_output_and_exit_code_and_quotes_several_arguments(world: World):
    world.settle()
    process = _exec(world, "tiny/0", "echo out; echo err >&2; exit 3")
    assert world.run(process.communicate()) == (b"out\n", b"err\n")
    assert process.returncode == 3
    process = _exec(world, "-u", "unit-tiny-0", "--", "echo", "$HOME a  b")
    assert world.run(process.communicate())[0] == b"$HOME a  b\n"


def test_juju_exec_has_hook_tools_and_a_context(world: World):
    world.settle()
    process = _exec(world, "tiny/0", "is-leader; echo $JUJU_DISPATCH_PATH; pwd; config-get count")
    out, _ = world.run(process.communicate())
    assert out.decode().split() == ["True", str(world.host.places.unit("tiny/0").charm), "3"]


@pytest.mark.deep
def test_juju_exec_refuses_inside_a_hook(world: World):
    world.settle()
    process = _exec(world, "tiny/0", "true", JUJU_CONTEXT_ID="tiny/0-x-1")
    _, error = world.run(process.communicate())
    assert b'cannot be called from within a hook, have context "tiny/0-x-1"' in error
    assert process.returncode != 0
    # The context that the agent itself gives; without the refusal this would wait for itself.
    process = _exec(world, "tiny/0", "timeout 30 juju-exec tiny/0 true")
    _, error = world.run(process.communicate())
    assert b'cannot be called from within a hook, have context "tiny/0-' in error
    assert process.returncode == 2


@pytest.mark.deep
def test_juju_exec_waits_for_the_running_action_and_for_whoever_holds_its_streams(world: World):
    world.settle()
    task = world.begin("sleep", seconds=1)
    world.until(lambda: task.log)
    process = _exec(world, "tiny/0", "(sleep 1; echo late) & echo early")
    started = time.monotonic()
    out, _ = world.run(process.communicate())
    assert task.status == "completed"
    assert out == b"early\nlate\n"
    assert time.monotonic() - started >= 1.0


@pytest.mark.deep
def test_a_context_id_is_worthless_once_its_hook_has_ended(world: World):
    world.settle()
    seen = json.loads(world.act("environment").results["environment"])
    tools = world.host.places.unit("tiny/0").tools
    process = world.run(
        asyncio.create_subprocess_exec(
            str(tools / "config-get"), env=seen, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    out, error = world.run(process.communicate())
    assert (out, process.returncode) == (b"", 1)
    assert b"unknown context" in error


@pytest.mark.deep
def test_exec_out_of_time_fails_and_its_group_is_terminated(world: World):
    world.settle()
    operation = world.model.run("sleep 60 & sleep 60", ["tiny/0"], 0.5, "admin")
    task = world.model.tasks[operation.tasks[0]]
    world.until(lambda: task.completed is not None)
    assert (task.status, task.message) == ("failed", "command cancelled")
    world.until(lambda: world.left() == [], 30)  # neither sleeps on


def test_a_second_unit_joins_the_peer_relation_and_the_data_travels(world: World):
    world.settle()
    world.model.add_machine("1", "jammy")
    world.inside(world.model.add_unit, "tiny", "1", settled=False)
    world.settle("tiny/1")
    world.until(lambda: "cluster-relation-changed" in world.hooks("tiny/0"))
    world.until(lambda: "cluster-relation-changed" in world.hooks("tiny/1"))
    process = _exec(
        world, "tiny/0", 'relation-get -r "$(relation-ids cluster)" name tiny/1; is-leader'
    )
    assert world.run(process.communicate())[0] == b"tiny/1\nTrue\n"
