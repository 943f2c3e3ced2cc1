"""Addresses, CA, model and account come from the unit's own surroundings."""

from __future__ import annotations

from pathlib import Path

import ops
import pytest
from cou.control import unit_environment
from cou.errors import BadInput
from ops import testing

import credentials

from .conftest import AGENT_CONF, House

UUID = "f3a1c9d2-0000-4000-8000-00000000beef"


@pytest.fixture
def charm_dir(tmp_path: Path) -> Path:
    (tmp_path / "agent.conf").write_text(AGENT_CONF)
    return tmp_path / "charm"


def test_the_hooks_addresses_come_before_the_agents_and_none_twice(charm_dir: Path):
    found = unit_environment.read(
        charm_dir, {"JUJU_API_ADDRESSES": "10.0.0.9:17070 10.0.0.2:17070"}
    )
    assert found.addresses == ("10.0.0.9:17070", "10.0.0.2:17070", "10.0.0.1:17070")


def test_the_agents_file_alone_is_enough(charm_dir: Path):
    found = unit_environment.read(charm_dir, {})
    assert found.addresses == ("10.0.0.1:17070", "10.0.0.2:17070")
    assert found.model_uuid == UUID
    assert "agent" in found.cacert


def test_the_hook_names_the_model(charm_dir: Path):
    found = unit_environment.read(
        charm_dir, {"JUJU_MODEL_NAME": "openstack", "JUJU_MODEL_UUID": "u"}
    )
    assert (found.model, found.model_uuid) == ("openstack", "u")


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("- a list", "not a map"),
        ("model: [", "cannot be read"),
        (AGENT_CONF.replace("cacert:", "other:"), "no cacert"),
        (AGENT_CONF.replace("apiaddresses:", "other:"), "no apiaddresses"),
        (AGENT_CONF.replace("model:", "other:"), "no model"),
    ],
)
def test_a_file_that_lacks_something_is_named(charm_dir: Path, text: str, lacks: str):
    (charm_dir.parent / "agent.conf").write_text(text)
    with pytest.raises(BadInput, match=lacks) as refusal:
        unit_environment.read(charm_dir, {})
    assert str(charm_dir.parent / "agent.conf") in str(refusal.value)


def test_a_broken_file_never_shows_the_agents_password(charm_dir: Path):
    (charm_dir.parent / "agent.conf").write_text("apipassword: of-the-agent\n  broken: [")
    with pytest.raises(BadInput) as refusal:
        unit_environment.read(charm_dir, {})
    assert "of-the-agent" not in str(refusal.value)


def test_a_missing_file_blocks_the_unit(house: House):
    house.agent_conf.unlink()
    status = house.fire("update_status").unit_status
    assert status.name == "blocked"
    # The path is cut from its middle where it is long; the question stays whole.
    assert status.message.endswith("Is the Juju agent healthy?")


def test_the_account_goes_to_the_engine_with_where_to_log_in(house: House):
    house.act("plan")
    (access,) = house.control.accesses
    assert (access.username, access.password) == ("cou", "of-the-user")
    assert (access.model, access.model_uuid) == ("openstack", UUID)
    assert access.addresses == ("10.0.0.1:17070", "10.0.0.2:17070")
    assert "agent" in access.cacert
    assert "of-the-user" not in repr(access)


def test_the_newest_password_is_used(house: House):
    house.secret = testing.Secret(
        {"username": "cou", "password": "first"},
        latest_content={"username": "cou", "password": "second"},
    )
    house.act("plan")
    assert house.control.accesses[-1].password == "second"


def test_a_ca_in_the_secret_replaces_the_agents(house: House):
    house.secret = testing.Secret({"username": "cou", "password": "x" * 8, "ca-cert": "PEM"})
    house.act("plan")
    assert house.control.accesses[-1].cacert == "PEM"


def test_no_secret_blocks_and_names_the_command(house: House):
    house.secret = None
    status = house.fire("config_changed").unit_status
    assert status == testing.BlockedStatus(
        "No credentials are set. Run: juju config cou credentials=SECRET-URI"
    )


def test_a_secret_that_is_gone_blocks_and_names_it(house: House):
    house.secret = None
    house.config = {"credentials": "secret:d0h5v1nmp25c7b2u8h5g"}
    status = house.fire("config_changed").unit_status
    assert status.name == "blocked"
    assert "secret:d0h5v1nmp25c7b2u8h5g is not found" in status.message
    assert "juju config cou credentials=" in status.message


@pytest.mark.parametrize(
    ("content", "lacks"),
    [
        ({"username": "cou"}, "lack password"),
        ({"password": "secret-word"}, "lack username"),
        ({"username": " ", "password": " "}, "lack username and password"),
    ],
)
def test_a_secret_without_its_keys_blocks_and_names_them(
    house: House, content: dict[str, str], lacks: str
):
    house.secret = testing.Secret(content)
    status = house.fire("config_changed").unit_status
    assert status.name == "blocked"
    assert lacks in status.message
    assert "juju update-secret secret:" in status.message
    assert "secret-word" not in status.message


def test_an_account_from_elsewhere_blocks(house: House):
    house.secret = testing.Secret({"username": "ann@idm", "password": "secret-word"})
    status = house.fire("config_changed").unit_status
    assert status.name == "blocked"
    assert "ann@idm" in status.message
    house.secret = testing.Secret({"username": "cou@local", "password": "secret-word"})
    assert house.fire("config_changed").unit_status.name == "active"


def test_every_action_that_needs_the_account_refuses_without_it(house: House):
    house.secret = None
    for action in ("plan", "upgrade", "upgrade-step", "abandon", "restore"):
        message, found = house.refused(action)
        assert found["code"] == "credentials-not-set", action
        assert "juju config cou credentials=" in message, action
    assert house.control.calls == []
    assert not list(house.root.glob("**/access.json"))


def test_cancel_and_status_need_no_account(house: House):
    house.secret = None
    house.act("status")
    house.act("cancel")
    house.act("cancel", force=True)
    assert house.control.calls == ["cancel", "force"]


class Secrets:
    """A model that answers as Juju does when a secret cannot be read."""

    def __init__(self, error: str):
        self._error = error

    def get_secret(self, *, id: str) -> ops.Secret:
        if "not found" in self._error:
            raise ops.SecretNotFoundError(self._error)
        raise ops.ModelError(self._error)


@pytest.mark.parametrize(
    ("said", "code", "remedy"),
    [
        ("ERROR permission denied", "credentials-not-granted", "juju grant-secret secret:abc cou"),
        ('ERROR secret "abc" not found', "credentials-not-found", "juju config cou credentials="),
        ('ERROR secret URI "abc" not valid', "credentials-unreadable", ""),
    ],
)
def test_each_way_of_not_reading_the_secret_has_its_own_text(said: str, code: str, remedy: str):
    with pytest.raises(BadInput) as refusal:
        credentials.read(Secrets(said), "secret:abc", "cou")  # pyright: ignore[reportArgumentType]
    assert refusal.value.code == code
    assert remedy in refusal.value.remedy
    assert "None" not in str(refusal.value)
