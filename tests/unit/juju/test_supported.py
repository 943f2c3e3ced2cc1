"""A Juju that is not supported is left at the login, before anything is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml
from cou.control import stop
from cou.control.control import Control
from cou.errors import JujuError
from cou.journal.records import RunState
from cou.juju import versions
from cou.juju.client import Client
from cou.options.options import Options
from cou.options.settings import Settings
from cou.process.access import Access
from cou.process.paths import RunPaths

from .controller import Controller
from .inprocess import UUID
from .test_transport import ACCOUNT, error_of, linked, transport
from .tls import Daemon, served

TOP = Path(__file__).parents[3]


@pytest.mark.parametrize("version", ["3.3", "3.3.0", "3.4.6", "3.6.14", "3.6-rc1", "3.9.1"])
def test_juju_from_3_3_on_and_before_4_is_taken(version: str):
    versions.check(version)


@pytest.mark.parametrize(
    "version", ["2.9.50", "3.1.8", "3.2.4", "4.0.15", "4.0-beta1", "4.1", "10.0.1", "", "x", "3"]
)
def test_any_other_is_refused_with_what_was_seen_and_what_is_supported(version: str):
    with pytest.raises(JujuError) as caught:
        versions.check(version)
    error = caught.value
    assert (error.code, error.sent) == ("juju-unsupported", False)
    assert f"Juju {version}" in error.seen
    assert "3.3 to 3.6" in error.seen
    assert error.remedy


def test_juju_itself_is_told_the_same():
    charm = yaml.safe_load((TOP / "charmcraft.yaml").read_text())
    # A list is all-of (charmcraft's reference of the file).
    assert charm["assumes"] == ["juju >= 3.3", "juju < 4.0"]


def juju_4() -> Daemon:
    daemon = Daemon(Controller())
    daemon.version = "4.0.15"
    daemon.facades = {"Action": [7], "Annotations": [2], "Application": [19, 20, 21, 22]}
    daemon.facades |= {"Charms": [7], "Client": [8], "ModelConfig": [3, 4], "Resources": [3]}
    return daemon


@pytest.mark.parametrize("version", ["4.0.15", "3.2.4"])
@pytest.mark.parametrize("changes", [True, False])
async def test_nothing_but_the_login_reaches_it(version: str, changes: bool):
    daemon = juju_4()
    daemon.version = version

    async with served(daemon):
        link = transport(daemon)  # whose window would let it try again for a minute
        call = link.call("Client", "FullStatus", {"patterns": []}, changes=changes)
        error = await error_of(call)
    assert (error.code, error.sent) == ("juju-unsupported", False)
    assert version in error.seen
    assert daemon.asked == ["Admin.Login"]


async def test_what_ends_a_run_may_ask_it():
    daemon = juju_4()

    async with linked(daemon, any_version=True) as link:
        assert (await Client(link).full_status()).uuid == UUID
    assert daemon.asked == ["Admin.Login", "Client.FullStatus"]


def access_to(daemon: Daemon) -> Access:
    return Access(
        (daemon.address,), daemon.ca.pem, UUID, "openstack", ACCOUNT.username, ACCOUNT.password
    )


async def test_a_plan_is_refused(tmp_path: Path):
    daemon = juju_4()
    control = Control(RunPaths(tmp_path / "home", tmp_path / "run", ""))

    async with served(daemon):
        planned = asyncio.to_thread(control.plan, access_to(daemon), Settings(), Options())
        error = await error_of(planned)
    assert error.code == "juju-unsupported"
    assert daemon.asked == ["Admin.Login"]
    assert control.view() is None


async def test_a_forced_cancel_looks_after_its_tasks():
    daemon = juju_4()

    async with linked(daemon, any_version=True) as link:
        task = await Client(link).enqueue("keystone/0", "pause", {})
        access = access_to(daemon)
        _, found = await stop._after_kill(access, [task], None, RunState.KILLED)
    assert not isinstance(found, Exception)
    taken, left = found
    assert len(taken) + len(left) == 1
