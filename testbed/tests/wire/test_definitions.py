"""Every request and reply, field by field, against python-libjuju's generated definitions."""

from __future__ import annotations

import contextlib
import json

import pytest
from juju_testbed.model import virtual
from juju_testbed.model.model import Model
from juju_testbed.wire.errors import WireError
from juju_testbed.wire.facades import facade as facades
from juju_testbed.wire.facades import releases
from juju_testbed.wire.facades.dispatcher import FACADES, Dispatcher

from . import deltas
from .calls import URL, calls
from .definitions import facade, fields, parameters, problems, result

# What libjuju cannot be asked about: facades and versions that it does not generate.
UNKNOWN_TO_LIBJUJU = {
    ("Application", 15),
    ("Application", 16),
    ("Application", 18),
    ("Charms", 5),
    ("StringsWatcher", 1),
    ("Testbed", 1),
}
# Older and passed-over versions are compared with the nearest that is generated.
NEAREST = {("Application", 15): 17, ("Application", 16): 17, ("Application", 18): 17,
           ("Charms", 5): 6}  # fmt: skip
# libjuju replaces the first by hand, and its generator lost one of the lists of the second.
NOT_COMPARABLE = {("Resources", "AddPendingResources"), ("Charms", "ListCharmResources")}


def _served():
    for name, versions in sorted(releases.RELEASES["3.6"].items()):
        for version in versions:
            if (name, version) in UNKNOWN_TO_LIBJUJU and (name, version) not in NEAREST:
                continue
            for method, found in sorted(FACADES[name].methods.items()):
                if version >= found.since and (name, method) not in NOT_COMPARABLE:
                    yield name, version, method


SERVED = list(_served())


def test_libjuju_generates_all_that_is_served_but_a_named_few():
    every = {(name, v) for name, vs in releases.RELEASES["3.6"].items() for v in vs}
    assert {pair for pair in every if facade(*pair) is None} == UNKNOWN_TO_LIBJUJU


def described(name, version):
    """Return libjuju's facade that a version is compared with."""
    return facade(name, NEAREST.get((name, version), version))


def prepared(cloud):
    """Give the cloud a task, a secret, blocks and a hook error, so that replies have content."""
    cloud.model.enqueue([("keystone/0", "quick", {})], "admin")

    async def make_model(name, config):
        return cloud.controller.add_model(Model(name, store=cloud.store, clock=cloud.clock))

    cloud.controller.make_model = make_model
    cloud.model.add_charm(URL, "admin")
    cloud.model.blocks["BlockDestroy"] = "keep it"
    secret = cloud.model.add_secret("login", {"password": "hello"}, "admin")
    cloud.model.set_agent("glance/0", "error", 'hook failed: "start"', {"hook": "start"})
    return secret


async def reply_to(cloud, name, version, method, params):
    """Call a method in process; a watcher is made first where the method is one's."""
    on_model = FACADES[name].scope in ("model", "both")
    session = Dispatcher(
        cloud.controller,
        cloud.model.uuid if on_model else None,
        None if method == "Login" else "admin",
    )
    object_id = ""
    if name == "AllWatcher":
        object_id = (await session.call("Client", 6, "", "WatchAll", {}))["watcher-id"]
    return await session.call(name, version, object_id, method, params)


@pytest.mark.parametrize(("name", "version", "method"), SERVED)
def test_a_request_has_the_fields_that_libjuju_sends_and_no_others_are_read(
    cloud, monkeypatch, name, version, method
):
    generated = parameters(described(name, version), method)
    params = calls(cloud.model.uuid, prepared(cloud))[name, method]
    for key, value in params.items():
        assert problems(value, generated[key], key) == []
    read = set()
    original = facades.Call.get

    def get(call, key, default=None):
        read.add(key.lower())
        return original(call, key, default)

    monkeypatch.setattr(facades.Call, "get", get)
    with contextlib.suppress(WireError):
        virtual.run(reply_to(cloud, name, version, method, params))
    assert read <= {key.lower() for key in generated} | {"id"}


@pytest.mark.parametrize(("name", "version", "method"), SERVED)
def test_a_reply_has_only_fields_that_libjuju_knows_each_of_its_type(cloud, name, version, method):
    params = calls(cloud.model.uuid, prepared(cloud))[name, method]
    reply = virtual.run(reply_to(cloud, name, version, method, params))
    kind = result(described(name, version), method)
    if kind == "None":
        assert reply == {}
    elif (name, method) == ("AllWatcher", "Next"):
        assert {change for _, change, _ in reply["deltas"]} == {"change"}
    else:
        assert problems(_as_generated(method, version, reply), kind) == []


def _as_generated(method, version, reply):
    """Bend two replies to what libjuju's generator made of their definitions."""
    if method == "Login":  # it lost the outer of two lists: one per controller
        return reply | {"servers": [one for host in reply["servers"] for one in host]}
    if method == "ResolveCharms" and version < 7:  # it knows the newest version's result only
        assert reply["Results"][0].pop("supported-series") == ["focal"]
    return reply


def test_deltas_of_each_kind_have_the_fields_of_their_kind_each_of_its_type(cloud):
    prepared(cloud)
    cloud.model.unit("keystone/0").open_ports += ["80/tcp", "8000-8010/udp", "icmp"]
    reply = virtual.run(reply_to(cloud, "AllWatcher", 3, "Next", {}))
    assert {kind for kind, _, _ in reply["deltas"]} == {*deltas.KINDS}
    assert [found for delta in reply["deltas"] for found in deltas.problems(delta)] == []


async def test_what_is_gone_is_named_as_libjuju_looks_it_up(cloud):
    session = Dispatcher(cloud.controller, cloud.model.uuid, "admin")
    watcher = (await session.call("Client", 6, "", "WatchAll", {}))["watcher-id"]
    await session.call("AllWatcher", 3, watcher, "Next", {})
    cloud.model.start()
    cloud.model.remove_unit("glance/0", "admin")
    gone = []
    while not any(kind == "unit" for kind, _, _ in gone):
        reply = await session.call("AllWatcher", 3, watcher, "Next", {})
        gone += [delta for delta in reply["deltas"] if delta[1] == "remove"]
    await cloud.model.stop()
    (unit,) = [data for kind, _, data in gone if kind == "unit"]
    assert unit["name"] == "glance/0"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"subordinate": "no"}, "unit.subordinate: 'no' is no bool"),
        ({"colour": "red"}, "unit.colour: no such field"),
        ({"ports": [{"number": "80"}]}, "unit.ports[0].number: '80' is no int"),
        ({"agent-status": {"current": "idle"}}, "unit.agent-status.message: missing"),
    ],
)
def test_the_comparison_of_deltas_finds_what_does_not_fit(cloud, change, text):
    reply = virtual.run(reply_to(cloud, "AllWatcher", 3, "Next", {}))
    data = next(data for kind, _, data in reply["deltas"] if kind == "unit")
    assert text in deltas.problems(["unit", "change", {**data, **change}])


async def test_progress_comes_as_a_strings_watcher_gives_it(cloud):
    cloud.model.start()
    task = cloud.model.enqueue([("keystone/0", "quick", {})], "admin")
    number = cloud.model.operations[task.id].tasks[0]
    session = Dispatcher(cloud.controller, cloud.model.uuid, "admin")
    params = {"entities": [{"tag": f"action-{number}"}]}
    made = await session.call("Action", 7, "", "WatchActionsProgress", params)
    id = made["results"][0]["watcher-id"]
    cloud.model.tasks[number].log.append((cloud.clock.now(), "half way"))
    reply = await session.call("StringsWatcher", 1, id, "Next", {})
    await cloud.model.stop()
    assert problems(reply, "StringsWatchResult", "Next") == []
    assert [json.loads(one)["message"] for one in reply["changes"]] == ["half way"]


def test_the_comparison_finds_what_does_not_fit():
    found = problems({"tag": 5, "colour": "red"}, "Entity", "entity")
    assert found == ["entity.tag: 5 is no str", "entity.colour: Entity has no such field"]
    assert problems(True, "int", "n") == ["n: True is no int"]
    assert problems(None, "typing.Sequence[str]", "list") == ["list: None is no list"]
    assert fields("Error").keys() == {"code", "info", "message"}


@pytest.mark.parametrize("release", sorted(releases.RELEASES))
def test_a_release_serves_its_own_versions_and_refuses_others(cloud, release):
    cloud.controller.version = releases.AGENTS[release]
    served = {one["name"]: one["versions"] for one in cloud.session().facades()}
    assert served["Client"] == list(releases.RELEASES[release]["Client"])
    oldest = served["Client"][0]
    assert virtual.run(cloud.ask("Client", "FullStatus", version=oldest))["model"]["version"]
    if 8 not in served["Client"]:
        with pytest.raises(WireError, match=r'unknown version \(8\) of interface "Client"'):
            virtual.run(cloud.ask("Client", "FullStatus", version=8))


def test_juju_4_announces_what_a_running_one_did(cloud):
    cloud.controller.version = releases.AGENTS["4.0"]
    served = {one["name"]: one["versions"] for one in cloud.session().facades()}
    told = {
        "Action": [7],
        "Annotations": [2],
        "Application": [19, 20, 21, 22],
        "Block": [2],
        "Charms": [7],
        "Client": [8],
        "ModelConfig": [3, 4],
        "Resources": [3],
        "Secrets": [1, 2],
    }
    assert {name: served.get(name) for name in told} == told
    assert "AllWatcher" not in served
    with pytest.raises(WireError, match="unknown version"):
        virtual.run(cloud.ask("Client", "FullStatus", version=6))


def test_secrets_of_users_came_with_version_2(cloud):
    with pytest.raises(WireError, match=r"no such request - method Secrets\(1\)\.CreateSecrets"):
        virtual.run(cloud.ask("Secrets", "CreateSecrets", version=1, args=[]))
