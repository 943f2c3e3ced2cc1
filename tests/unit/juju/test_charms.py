"""A refresh moves the charm, and says where it is then."""

from __future__ import annotations

from typing import Any

import pytest
from cou.errors import BadInput, JujuError

from .controller import Application, Controller, Refused
from .inprocess import ask


def test_a_refresh_moves_the_revision_not_just_the_channel():
    controller = Controller()
    url = ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    assert url == "ch:amd64/focal/keystone-501"
    assert controller.applications["keystone"].url == url
    assert controller.applications["keystone"].channel == "victoria/stable"


def test_the_origin_sent_names_no_revision_and_no_id():
    controller = Controller()
    ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    (asked,) = controller.asked("Charms.ResolveCharms")
    (question,) = asked["resolve"]
    assert question["reference"] == "ch:keystone"
    assert question["switch-charm"] is False
    assert question["charm-origin"] == {
        "source": "charm-hub",
        "track": "victoria",
        "risk": "stable",
        "architecture": "amd64",
        "base": {"name": "ubuntu", "channel": "20.04/stable"},
    }


def test_the_charm_is_set_with_the_origin_under_which_it_was_stored():
    controller = Controller()
    ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    (asked,) = controller.asked("Application.SetCharm")
    assert asked["charm-origin"]["id"] == "new-id"
    assert (asked["force"], asked["force-units"]) == (False, False)


def test_a_refresh_within_the_channel_takes_its_newest_revision():
    url = ask(Controller(), lambda juju: juju.refresh("keystone", "ussuri/stable"))
    assert url == "ch:amd64/focal/keystone-412"


def test_a_charm_of_the_old_store_can_be_switched_to_charmhub():
    controller = Controller()
    controller.applications["ha"] = Application("cs:~openstack-charmers/hacluster-81")
    controller.store["hacluster", "2.0.3/stable"] = 101
    url = ask(controller, lambda juju: juju.refresh("ha", "2.0.3/stable", "ch:hacluster"))
    assert url == "ch:amd64/focal/hacluster-101"
    (asked,) = controller.asked("Charms.ResolveCharms")
    assert asked["resolve"][0]["switch-charm"] is True


def test_a_local_charm_has_no_channel():
    controller = Controller()
    controller.applications["keystone"].url = "local:focal/keystone-0"
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    assert caught.value.code == "local-charm"
    assert controller.asked("Application.SetCharm") == []


def test_a_channel_that_the_store_lacks_changes_nothing():
    controller = Controller()
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.refresh("keystone", "wallaby/stable"))
    assert (caught.value.code, caught.value.sent) == ("not-found", False)
    assert controller.asked("Charms.AddCharm") == []


def test_a_text_that_is_no_channel_asks_nothing():
    controller = Controller()
    with pytest.raises(BadInput):
        ask(controller, lambda juju: juju.refresh("keystone", "victoria/often"))
    assert controller.calls == []


def test_resources_move_with_the_charm_but_for_uploaded_ones():
    controller = Controller()
    controller.charm_resources = {
        "policyd-override": {"name": "policyd-override", "type": "file", "path": "policy.zip"},
        "licence": {"name": "licence", "type": "file", "path": "licence"},
    }
    controller.applications["keystone"].resources = [
        {"name": "policyd-override", "origin": "upload"},
        {"name": "licence", "origin": "store"},
    ]
    ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    (asked,) = controller.asked("Resources.AddPendingResources")
    assert [(each["name"], each["revision"]) for each in asked["resources"]] == [("licence", -1)]
    assert asked["tag"] == "application-keystone"
    assert controller.applications["keystone"].resource_ids == {"licence": "pending-licence"}


def test_a_charm_without_resources_asks_for_none():
    controller = Controller()
    ask(controller, lambda juju: juju.refresh("keystone", "victoria/stable"))
    assert controller.asked("Resources.ListResources") == []
    assert controller.applications["keystone"].resource_ids is None


class Forgetful(Controller):
    """A controller that fails to tell the URL after the change."""

    def Application_GetCharmURLOrigin(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.asked("Application.SetCharm"):
            raise Refused("model is being read by too many", "try again")
        return super().Application_GetCharmURLOrigin(params)


def test_a_failed_reading_back_does_not_say_that_nothing_was_done():
    with pytest.raises(JujuError) as caught:
        ask(Forgetful(), lambda juju: juju.refresh("keystone", "victoria/stable"))
    assert (caught.value.code, caught.value.sent) == ("try-again", None)


def test_the_actions_of_applications_are_read_in_one_call():
    controller = Controller()
    controller.applications["glance"] = Application()
    found = ask(controller, lambda juju: juju.actions(["keystone", "glance"]))
    assert found == {name: frozenset({"pause", "resume"}) for name in ("keystone", "glance")}
    assert len(controller.calls) == 1


def test_an_application_that_is_gone_is_named():
    with pytest.raises(JujuError) as caught:
        ask(Controller(), lambda juju: juju.actions(["keystone", "gone"]))
    assert caught.value.code == "not-found"
    assert "of gone" in caught.value.seen
