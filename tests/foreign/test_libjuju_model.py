"""python-libjuju's high-level Model, as its users write it; nothing here knows of a testbed."""

from __future__ import annotations

import asyncio
import subprocess
import warnings

import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libjuju imports deprecated modules
    from juju.model import Model

from .conftest import BUNDLE, TINY

pytestmark = [
    pytest.mark.deep,
    pytest.mark.integration,
    pytest.mark.slow,
    # Of libjuju and what it imports, not of ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


@pytest.fixture(scope="module")
def login(bed):
    """What Model.connect needs; the cloud is deployed with the juju command."""
    bundle = bed.folder / "bundle.yaml"
    bundle.write_text(BUNDLE)
    for path in (bundle, TINY):
        subprocess.run([str(bed.juju), "deploy", str(path)], check=True, capture_output=True)
    read = {
        name: yaml.safe_load((bed.juju_data / f"{name}.yaml").read_text())["controllers"]
        for name in ("controllers", "accounts", "models")
    }
    (controller,) = read["controllers"].values()
    (account,) = read["accounts"].values()
    (models,) = read["models"].values()
    (model,) = models["models"].values()
    return {
        "endpoint": controller["api-endpoints"][0],
        "cacert": controller["ca-cert"],
        "uuid": model["uuid"],
        "username": account["user"],
        "password": account["password"],
    }


def with_model(login, work):
    """Connect, do something, disconnect."""

    async def main():
        model = Model()
        await model.connect(**login)
        try:
            return await asyncio.wait_for(work(model), 90)
        finally:
            await model.disconnect()

    return asyncio.run(main())


def test_connect_gives_the_whole_model(login):
    async def work(model):
        units = {name: unit.workload_status for name, unit in model.units.items()}
        return model.name, sorted(model.applications), sorted(model.machines), units

    name, applications, machines, units = with_model(login, work)
    assert name == "openstack"
    assert applications == ["nova-compute", "ntp", "tiny"]
    assert machines[:2] == ["0", "1"]
    assert units["nova-compute/0"] == "active"
    assert set(units) >= {"nova-compute/0", "nova-compute/1", "ntp/0", "ntp/1", "tiny/0"}


def test_relations_are_those_of_the_model(login):
    async def work(model):
        return [relation.key for relation in model.relations]

    assert with_model(login, work) == ["ntp:juju-info nova-compute:juju-info"]


def test_status_is_read(login):
    async def work(model):
        return await model.get_status()

    status = with_model(login, work)
    assert status.applications["nova-compute"].charm_channel == "yoga/stable"
    assert set(status.machines) >= {"0", "1"}


def test_wait_for_idle_returns_when_all_are(login):
    async def work(model):
        await model.wait_for_idle(
            apps=["nova-compute", "ntp"], status="active", idle_period=1, timeout=60
        )
        return model.applications["nova-compute"].units[0].agent_status

    assert with_model(login, work) == "idle"


def test_an_action_is_run_and_waited_for(login):
    async def work(model):
        action = await model.units["nova-compute/0"].run_action("pause")
        action = await action.wait()
        again = await (await model.units["nova-compute/0"].run_action("resume")).wait()
        return action.status, again.status

    assert with_model(login, work) == ("completed", "completed")


def test_a_command_is_run_on_a_unit(login):
    async def work(model):
        action = await model.units["tiny/0"].run("echo hello", timeout=30, block=True)
        return action.results

    results = with_model(login, work)
    assert (results["return-code"], results["stdout"]) == (0, "hello\n")


def test_options_are_set_and_read(login):
    async def work(model):
        app = model.applications["nova-compute"]
        await app.set_config({"debug": "true"})
        return (await app.get_config())["debug"]

    assert with_model(login, work)["value"] is True


@pytest.mark.parametrize(
    ("name", "channel"), [("ntp", "latest/edge"), ("nova-compute", "zed/stable")]
)
def test_refresh_follows_a_channel_and_keeps_the_revision_as_libjuju_asks(login, name, channel):
    """libjuju since 3.5 pins the old revision: its defect shows here as on a real Juju."""

    async def work(model):
        app = model.applications[name]
        before = app.charm_url
        await asyncio.wait_for(app.refresh(channel=channel), 60)
        status = await model.get_status([name])
        return before, app.charm_url, status.applications[name].charm_channel

    before, after, told = with_model(login, work)
    assert (before, channel) == (after, told)


def test_refresh_to_a_revision_takes_that_one(login):
    async def work(model):
        app = model.applications["nova-compute"]
        revision = int(app.charm_url.rpartition("-")[2]) - 1
        await asyncio.wait_for(app.refresh(revision=revision), 60)
        status = await model.get_status(["nova-compute"])
        return revision, status.applications["nova-compute"].charm_rev

    wanted, found = with_model(login, work)
    assert found == wanted


def test_changes_are_watched(login):
    async def work(model):
        app = model.applications["tiny"]
        seen = asyncio.get_running_loop().create_future()

        async def changed(delta, old, new, watched):
            if new is not None and new.config.get("greeting") == "seen":
                seen.done() or seen.set_result(delta.entity)

        app.on_change(changed)
        await app.set_config({"greeting": "seen"})
        return await asyncio.wait_for(seen, 30)

    assert with_model(login, work) == "application"


def test_an_action_that_is_not_there_is_refused_in_juju_s_words(login):
    async def work(model):
        await model.units["nova-compute/0"].run_action("dance")

    # libjuju raises the base class here.
    with pytest.raises(Exception, match='action "dance" not defined on unit'):
        with_model(login, work)
