"""Commands on machines, options as YAML, relations in the watcher, histories of all kinds."""

from __future__ import annotations

import pytest
from juju_testbed.model import virtual
from juju_testbed.wire.errors import WireError
from juju_testbed.wire.facades.watchers import AllWatcher


def run_until_done(cloud, method, **params):
    async def story():
        cloud.model.start()
        operation = await cloud.ask("Action", method, **params)
        await cloud.clock.sleep(30)
        entities = [{"tag": one["action"]["tag"]} for one in operation["actions"]]
        tasks = await cloud.ask("Action", "Actions", entities=entities)
        await cloud.model.stop()
        return tasks["results"]

    return virtual.run(story())


def test_a_command_runs_on_machines_beside_units(cloud):
    tasks = run_until_done(cloud, "Run", commands="date", machines=["0"], units=["glance/0"])
    shown = [(one["action"]["receiver"], one["status"], one["output"]["stdout"]) for one in tasks]
    assert shown == [
        ("unit-glance-0", "completed", "date\n"),
        ("machine-0", "completed", "date\n"),
    ]


def test_a_command_on_all_machines_reaches_containers_too(cloud):
    tasks = run_until_done(cloud, "RunOnAllMachines", commands="exit 3")
    assert [one["action"]["receiver"] for one in tasks] == ["machine-0", "machine-0-lxd-0"]
    assert {one["output"]["return-code"] for one in tasks} == {3}


async def test_a_command_on_a_machine_does_not_wait_for_its_units(cloud):
    cloud.model.start()
    cloud.model.enqueue([("keystone/0", "work", {"for": 100})], "admin")
    await cloud.clock.sleep(5)
    operation = await cloud.ask("Action", "Run", commands="date", machines=["0"])
    await cloud.clock.sleep(5)
    task = cloud.model.tasks[int(operation["actions"][0]["action"]["tag"].split("-")[1])]
    await cloud.model.stop()
    assert task.status == "completed"


def test_a_command_on_a_machine_ends_with_its_time(cloud):
    (task,) = run_until_done(
        cloud, "Run", commands="sleep 20", machines=["0"], timeout=2_000_000_000
    )
    assert (task["status"], task["message"]) == ("failed", "command cancelled")


def test_a_machine_that_is_not_there_is_not_found(cloud):
    with pytest.raises(WireError, match='machine "7" not found'):
        virtual.run(cloud.ask("Action", "Run", commands="date", machines=["7"]))


def set_yaml(cloud, text):
    args = [{"application": "keystone", "config-yaml": text, "config": {"colour": "blue"}}]
    return virtual.run(cloud.ask("Application", "SetConfigs", Args=args))["results"][0]


def test_options_come_as_yaml_and_single_ones_win(cloud):
    assert set_yaml(cloud, "keystone: {size: 7, loud: true, colour: red}") == {}
    config = cloud.model.application("keystone").config
    assert config == {"size": 7, "loud": True, "colour": "blue"}


@pytest.mark.parametrize("text", ["{", "glance: {size: 7}", "5"])
def test_a_yaml_that_does_not_name_the_application_changes_nothing(cloud, text):
    assert set_yaml(cloud, text)["error"]["code"] == "not valid"
    assert cloud.model.application("keystone").config == {}


async def test_relations_come_and_go_in_the_watcher(cloud):
    watcher = AllWatcher(cloud.model)
    first = await watcher.next()
    cloud.model.relations.clear()
    second = await watcher.next()
    (relation,) = [data for kind, _, data in first if kind == "relation"]
    assert relation["key"] == "keystone:identity-service glance:identity-service"
    ends = [end["application-name"] for end in relation["endpoints"]]
    assert ends == ["keystone", "glance"]
    assert second == [["relation", "remove", {"key": relation["key"]}]]


def history(cloud, kind, tag):
    requests = [{"historyKind": kind, "tag": tag, "filter": {"size": 10}}]
    answer = virtual.run(cloud.ask("Client", "StatusHistory", requests=requests))
    one = answer["results"][0]
    if "error" in one:
        return one["error"]["code"]
    return [entry["status"] for entry in one["history"]["statuses"]]


def test_machines_models_and_applications_have_a_history(cloud):
    cloud.model.set_application_status("keystone", "maintenance", "working")
    cloud.model.set_application_status("keystone", "active")
    cloud.model.set_application_status("keystone", "active")
    assert history(cloud, "application", "application-keystone") == ["maintenance", "active"]
    assert history(cloud, "application", "application-glance") == ["active"]
    assert history(cloud, "juju-machine", "machine-0-lxd-0") == ["started"]
    assert history(cloud, "machine", "machine-0") == ["running"]
    assert history(cloud, "machine", "machine-7") == "not found"
    assert history(cloud, "model", f"model-{cloud.model.uuid}") == ["available"]
    assert history(cloud, "weather", "machine-0") == "not valid"


@pytest.mark.parametrize(
    "params",
    [
        {"endpoints": ["keystone", "glance"]},
        {"endpoints": ["glance:identity-service", "keystone:identity-service"]},
        {"relation-id": 0},
    ],
)
def test_a_relation_is_removed_at_both_ends(cloud, params):
    virtual.run(cloud.ask("Application", "DestroyRelation", **params))
    assert cloud.model.relations == []
    assert cloud.model.application("keystone").relations == {}
    assert cloud.model.application("glance").relations == {}


@pytest.mark.parametrize("ends", [["keystone", "ntp"], ["keystone:shared-db", "glance"]])
def test_a_relation_that_is_not_there_is_not_found(cloud, ends):
    with pytest.raises(WireError, match="not found"):
        virtual.run(cloud.ask("Application", "DestroyRelation", endpoints=ends))
    assert len(cloud.model.relations) == 1
