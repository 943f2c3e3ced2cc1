"""Options, annotations and errors to resolve."""

from __future__ import annotations

import asyncio

import pytest
from cou.errors import JujuError
from cou.juju.client import Client
from cou.juju.port import ConfigValue

from .controller import Application, Controller
from .inprocess import UUID, InProcess, ask


def test_options_tell_whether_somebody_set_them():
    found = ask(Controller(), lambda juju: juju.config(["keystone"]))["keystone"]
    assert found == {
        "openstack-origin": ConfigValue("distro", False),
        "region": ConfigValue("RegionOne", True),
        "vip": ConfigValue(None, False),
    }


def test_options_of_many_applications_come_under_the_right_names():
    controller = Controller()
    names = [f"app-{number}" for number in range(40)]
    for name in names:
        controller.applications[name] = Application(config={"name": {"value": name}})
    found = ask(controller, lambda juju: juju.config(names))
    assert {name: found[name]["name"].value for name in names} == {name: name for name in names}


async def test_one_application_that_is_gone_fails_the_reading_and_leaves_nothing_under_way():
    with pytest.raises(JujuError) as caught:
        await Client(InProcess(Controller()), pauses_s=()).config(["keystone", "gone", "keystone"])
    assert caught.value.code == "not-found"
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_an_option_is_set():
    controller = Controller()
    ask(controller, lambda juju: juju.set_config("keystone", {"openstack-origin": "cloud:x"}))
    found = ask(controller, lambda juju: juju.config(["keystone"]))["keystone"]
    assert found["openstack-origin"] == ConfigValue("cloud:x", True)


def test_an_option_that_the_charm_lacks_was_not_set():
    with pytest.raises(JujuError) as caught:
        ask(Controller(), lambda juju: juju.set_config("keystone", {"colour": "red"}))
    assert caught.value.sent is False
    assert "colour" in caught.value.seen


def test_the_models_options_are_plain_values():
    found = ask(Controller(), lambda juju: juju.model_config())
    assert found == {"automatically-retry-hooks": True}


@pytest.mark.parametrize(
    ("model", "over", "expected"),
    [("write", "login", "write"), ("", "superuser", "admin"), ("", "login", "")],
)
def test_access_is_that_of_the_model_or_of_a_superuser(model: str, over: str, expected: str):
    transport = InProcess(Controller(), model, over)
    assert asyncio.run(Client(transport, pauses_s=()).model_access()) == expected


def test_annotations_are_kept_and_an_empty_value_removes_one():
    controller = Controller()
    tag = f"model-{UUID}"
    assert ask(controller, lambda juju: juju.annotations(tag)) == {}
    ask(controller, lambda juju: juju.set_annotations(tag, {"cou-run": "7", "cou-token": "3"}))
    ask(controller, lambda juju: juju.set_annotations(tag, {"cou-token": ""}))
    assert ask(controller, lambda juju: juju.annotations(tag)) == {"cou-run": "7"}
