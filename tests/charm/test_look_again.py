"""Which statuses the charm itself looks at again, since Juju will not tell that they are over."""

from __future__ import annotations

import dataclasses

import ops
import pytest
from cou.errors import CouError, JujuError
from cou.journal.records import RunState
from ops import testing

from charm import CouCharm

from .conftest import House
from .fakes import View


@dataclasses.dataclass
class Launcher:
    """What looks again, if anything does; `begun` counts how often it was begun."""

    looks: bool = False
    begun: int = 0
    removed: bool = False

    def prepare(self) -> None:
        """Need nothing."""

    def look_again(self, *, anew: bool) -> None:
        assert not self.removed
        if not self.looks or anew:
            self.begun += 1
        self.looks = True

    def look_no_more(self) -> None:
        self.looks = False

    def remove(self) -> None:
        self.removed = True


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> Launcher:
    made = Launcher()
    monkeypatch.setattr(CouCharm, "make_launcher", staticmethod(lambda _: made))
    return made


class Juju:
    """Refuses the secret until it is granted, as Juju does and Scenario does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.refusal = "permission denied"
        readable = ops.Model.get_secret

        def get_secret(model: ops.Model, *, id: str) -> ops.Secret:
            if self.refusal:
                raise ops.ModelError(f"ERROR {self.refusal}")
            return readable(model, id=id)

        monkeypatch.setattr(ops.Model, "get_secret", get_secret)


@pytest.fixture
def juju(monkeypatch: pytest.MonkeyPatch) -> Juju:
    return Juju(monkeypatch)


@pytest.mark.parametrize("refusal", ["permission denied", "cannot reach the controller"])
def test_a_refused_secret_is_read_again_until_it_is_not(
    house: House, launcher: Launcher, juju: Juju, refusal: str
):
    juju.refusal = refusal
    assert house.fire("config_changed").unit_status.name == "blocked"
    assert (launcher.looks, launcher.begun) == (True, 1)
    for _ in range(3):  # by itself it does not go on for ever
        house.supervisor_tells()
        house.fire("update_status")
    assert (launcher.looks, launcher.begun) == (True, 1)
    juju.refusal = ""
    assert house.fire("update_status").unit_status == testing.ActiveStatus("ready")
    assert not launcher.looks


def test_who_tries_something_in_vain_has_it_looked_at_from_the_beginning(
    house: House, launcher: Launcher, juju: Juju
):
    house.fire("update_status")
    assert launcher.begun == 1
    house.refused("plan")
    assert launcher.begun == 2
    house.fire("start")  # after a boot nothing is left of it
    assert launcher.begun == 3
    house.act("status")  # somebody who polls prolongs nothing
    house.act("cancel")
    assert launcher.begun == 3


def test_what_a_mended_file_ends_is_looked_at_again(house: House, launcher: Launcher):
    text = house.agent_conf.read_text()
    house.agent_conf.unlink()
    told = house.fire("config_changed").unit_status.message
    assert told.endswith("Is the Juju agent healthy?")
    assert launcher.looks
    house.agent_conf.write_text(text)
    house.fire("update_status")
    assert not launcher.looks


def test_a_journal_that_cannot_be_read_is_looked_at_again(house: House, launcher: Launcher):
    house.control.broken = CouError("foreign-file", "It belongs to nobody.", "Move it away.")
    assert house.fire("config_changed").unit_status.name == "blocked"
    assert launcher.looks
    house.control.broken = None
    house.fire("update_status")
    assert not launcher.looks


def test_what_juju_tells_of_is_not_looked_at(house: House, launcher: Launcher):
    secret = house.secret
    house.secret = None
    assert "No credentials" in house.fire("config_changed").unit_status.message
    house.config = {"credentials": "secret:d5k3mrad0nkc77u8i1g0"}
    assert "not found" in house.fire("config_changed").unit_status.message
    house.secret, house.config = testing.Secret({"username": "cou"}), {}
    assert "lack password" in house.fire("config_changed").unit_status.message
    house.secret = testing.Secret({"username": "cou@else", "password": "of-the-user"})
    assert "not a user" in house.fire("config_changed").unit_status.message
    house.secret, house.config = secret, {"quiet-period": -1}
    assert house.fire("config_changed").unit_status.name == "blocked"
    assert launcher.begun == 0


def test_an_account_that_was_not_taken_is_for_plan_to_try_again(house: House, launcher: Launcher):
    house.control.broken_calls["plan"] = JujuError("permission-denied", "Not its model.")
    house.refused("plan")
    assert "then: juju run cou/0 plan" in house.fire("update_status").unit_status.message
    assert launcher.begun == 0


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.STOPPED, RunState.FAILED])
def test_a_run_ends_the_looking(house: House, launcher: Launcher, juju: Juju, state: RunState):
    house.fire("config_changed")
    assert launcher.looks
    house.control.seen = View("r1", state, number=1, total=2)
    house.supervisor_tells()
    assert not launcher.looks


def test_a_removed_charm_does_not_look(house: House, launcher: Launcher, juju: Juju):
    house.fire("config_changed")
    house.fire("stop")
    house.fire("remove")
    assert not launcher.looks
    assert launcher.removed


def test_where_it_cannot_be_begun_the_status_is_told_all_the_same(
    house: House, launcher: Launcher, juju: Juju, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*, anew: bool) -> None:
        raise CouError("systemd", "systemctl restart: no answer")

    monkeypatch.setattr(launcher, "look_again", refuse)
    assert "not granted" in house.fire("config_changed").unit_status.message
    assert "The status follows with the next event only: systemctl restart" in house.log
