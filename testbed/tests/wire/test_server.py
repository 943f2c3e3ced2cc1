"""The wire itself: TLS, websockets, python-libjuju as it is, and faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as socketlib
import ssl
import warnings

import pytest
import websockets
from juju_testbed.wire import certificates
from juju_testbed.wire.faults import Faults, Verdict
from juju_testbed.wire.server import serve

with warnings.catch_warnings():
    # libjuju imports the legacy module of websockets, which warns.
    warnings.simplefilter("ignore")
    from juju.client import client as facades
    from juju.client.connection import Connection
    from juju.errors import JujuAPIError

CERTS = certificates.make()


class TidyConnection(Connection):
    async def close(self, to_reconnect=False):
        """Close, and let go of the transport, which Python 3.10 keeps half open."""
        socket = self._ws
        await super().close(to_reconnect)
        if socket is not None:
            let_go(socket.transport)


def let_go(transport):
    """Close a transport that nobody has closed: a second time would break it from 3.11 on."""
    if not transport.is_closing():
        transport.close()


async def connect(server, cloud, user="admin", password="admin-secret", model=True):
    return await TidyConnection.connect(
        endpoint=server.address,
        uuid=cloud.model.uuid if model else None,
        username=user,
        password=password,
        cacert=cloud.controller.ca,
        retries=0,
    )


def on_the_wire(cloud, test, **options):
    """Serve the cloud on a free port, run a test against it, leave nothing behind."""

    async def main():
        cloud.model.start()
        server = await serve(cloud.controller, certs=CERTS, **options)
        try:
            return await asyncio.wait_for(test(server), 120)
        finally:
            await server.close()
            await cloud.model.stop()

    return asyncio.run(main())


def test_libjuju_logs_in_and_calls_raw_rpc(cloud):
    async def test(server):
        connection = await connect(server, cloud)
        reply = await connection.rpc(
            {"type": "Action", "version": 7, "request": "ListOperations", "params": {}}
        )
        await connection.close()
        return connection.info, reply

    info, reply = on_the_wire(cloud, test)
    assert info["model-tag"] == f"model-{cloud.model.uuid}"
    assert info["servers"][0][0]["port"] == int(cloud.controller.addresses[0].split(":")[1])
    assert reply["response"] == {"results": [], "truncated": False}


def test_libjuju_logs_in_to_the_controller(cloud):
    async def test(server):
        connection = await connect(server, cloud, model=False)
        manager = facades.ModelManagerFacade.from_connection(connection)
        answer = await manager.ModelInfo(entities=[{"tag": f"model-{cloud.model.uuid}"}])
        await connection.close()
        return answer.results[0].result

    info = on_the_wire(cloud, test)
    assert (info.name, info.uuid) == ("openstack", cloud.model.uuid)
    assert info.users[0].access == "admin"


def test_a_wrong_password_is_libjujus_api_error(cloud):
    async def test(server):
        with pytest.raises(JujuAPIError) as refused:
            await connect(server, cloud, password="nonsense")
        return refused.value

    error = on_the_wire(cloud, test)
    assert (error.message, error.error_code) == (
        "invalid entity name or password",
        "unauthorized access",
    )


def test_an_unknown_model_is_refused_at_login(cloud):
    async def test(server):
        with pytest.raises(JujuAPIError) as refused:
            await TidyConnection.connect(
                endpoint=server.address,
                uuid="00000000-0000-4000-8000-000000000000",
                username="admin",
                password="admin-secret",
                cacert=cloud.controller.ca,
                retries=0,
            )
        return refused.value.error_code

    assert on_the_wire(cloud, test) == "model not found"


def test_generated_definitions_accept_the_whole_status(cloud):
    async def test(server):
        connection = await connect(server, cloud)
        status = await facades.ClientFacade.from_connection(connection).FullStatus(
            patterns=None, include_storage=False
        )
        await connection.close()
        return status

    status = on_the_wire(cloud, test)
    unit = status.applications["keystone"].units["keystone/0"]
    assert (unit.agent_status.status, unit.machine, unit.leader) == ("idle", "0", True)
    assert status.machines["0"].containers["0/lxd/0"].base.channel == "20.04"
    assert status.applications["glance"].charm_rev == 5
    assert unknown_fields_of(status) == []


def unknown_fields_of(value, path="status"):
    """Return the paths of fields that libjuju's definitions do not know."""
    found = [f"{path}.{name}" for name in getattr(value, "unknown_fields", {}) or {}]
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        parts = vars(value).items() if hasattr(value, "unknown_fields") else ()
    for name, part in parts:
        if name != "unknown_fields":
            found += unknown_fields_of(part, f"{path}.{name}")
    return found


def test_libjujus_facades_drive_a_change_to_its_end(fast_cloud):
    cloud = fast_cloud

    async def test(server):
        connection = await connect(server, cloud)
        application = facades.ApplicationFacade.from_connection(connection)
        action = facades.ActionFacade.from_connection(connection)
        await application.SetConfigs(
            args=[{"application": "keystone", "config": {"colour": "blue"}}]
        )
        queued = await action.EnqueueOperation(
            actions=[{"receiver": "unit-keystone-0", "name": "work", "parameters": {}}]
        )
        tag = queued.actions[0].action.tag
        while True:
            (result,) = (await action.Actions(entities=[{"tag": tag}])).results
            if result.status == "completed":
                break
            await asyncio.sleep(0.05)
        history = await facades.ClientFacade.from_connection(connection).StatusHistory(
            requests=[
                {"historyKind": "juju-unit", "tag": "unit-keystone-0", "filter": {"size": 9}}
            ]
        )
        config = await application.Get(application="keystone", branch=None)
        await connection.close()
        return result, history.results[0].history.statuses, config

    result, statuses, config = on_the_wire(cloud, test)
    assert result.output == {"said": "done", "return-code": 0}
    assert "running action work" in [one.info for one in statuses]
    assert config.config["colour"]["value"] == "blue"


def context(cloud, check_hostname=True):
    made = ssl.create_default_context(cadata=cloud.controller.ca)
    made.check_hostname = check_hostname
    return made


@pytest.mark.parametrize("name", ["juju-apiserver", "localhost", "127.0.0.1"])
def test_the_certificate_verifies_strictly_under_its_names(cloud, name):
    async def test(server):
        strict = context(cloud)
        strict.verify_flags |= getattr(ssl, "VERIFY_X509_STRICT", 0)
        async with raw(cloud, server, ssl=strict, server_hostname=name) as socket:
            return socket.subprotocol

    assert on_the_wire(cloud, test) is None


def test_another_ca_is_not_trusted(cloud):
    async def test(server):
        other = ssl.create_default_context(cadata=certificates.make().ca)
        with pytest.raises(ssl.SSLCertVerificationError):
            async with raw(cloud, server, ssl=other):
                pass

    on_the_wire(cloud, test)


@contextlib.asynccontextmanager
async def raw(cloud, server, path="/api", **options):
    """A bare websocket; options as of `websockets.connect`."""
    options.setdefault("ssl", context(cloud))
    async with websockets.connect(
        f"wss://{server.address}{path}", proxy=None, **options
    ) as socket:
        try:
            yield socket
        finally:
            await socket.close()
            let_go(socket.transport)


def test_an_error_has_an_empty_response_too(cloud):
    async def test(server):
        async with raw(cloud, server) as socket:
            await socket.send(json.dumps({"request-id": 1, "type": "Pinger", "request": "Ping"}))
            return json.loads(await socket.recv())

    reply = on_the_wire(cloud, test)
    assert reply["response"] == {}
    assert reply["request-id"] == 1
    assert {"error", "error-code"} <= reply.keys()


@pytest.mark.parametrize("text", ["no json", "[1]", '{"type": "Admin"}', '{"request-id": 0}'])
def test_nonsense_ends_the_connection(cloud, text):
    async def test(server):
        async with raw(cloud, server) as socket:
            await socket.send(text)
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()

    on_the_wire(cloud, test)


def test_another_path_is_not_found(cloud):
    async def test(server):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with raw(cloud, server, "/charms"):
                pass
        return refused.value.response.status_code

    assert on_the_wire(cloud, test) == 404


class SlowFirst(Faults):
    """Holds the first Get back until another has been answered."""

    def __init__(self):
        self.release = asyncio.Event()

    async def before(self, seen):
        if seen.params.get("application") == "keystone":
            await self.release.wait()
        return Verdict.PASS

    async def after(self, seen):
        if seen.params.get("application") == "glance":
            self.release.set()
        return Verdict.PASS


def test_replies_come_as_they_are_ready(cloud):
    async def test(server):
        server.faults = SlowFirst()
        connection = await connect(server, cloud)
        application = facades.ApplicationFacade.from_connection(connection)
        first, second = await asyncio.gather(
            application.Get(application="keystone", branch=None),
            application.Get(application="glance", branch=None),
        )
        await connection.close()
        return first.application, second.application

    assert on_the_wire(cloud, test) == ("keystone", "glance")


class Once(Faults):
    """Gives one verdict before or after the first call of a method."""

    def __init__(self, method, verdict, moment):
        self.method, self.verdict, self.moment = method, verdict, moment

    async def before(self, seen):
        return self._judge(seen, "before")

    async def after(self, seen):
        return self._judge(seen, "after")

    def _judge(self, seen, moment):
        if (seen.method, moment) != (self.method, self.moment):
            return Verdict.PASS
        self.method = ""
        return self.verdict


@pytest.mark.parametrize(("moment", "colour"), [("before", "red"), ("after", "blue")])
@pytest.mark.parametrize("verdict", [Verdict.DROP, Verdict.SILENCE])
def test_a_lost_reply_leaves_the_change_made_and_a_lost_request_does_not(
    cloud, moment, colour, verdict
):
    change = {"application": "keystone", "config": {"colour": "blue"}}
    call = {"type": "Application", "version": 20, "request": "SetConfigs"}

    async def test(server):
        server.faults = Once("SetConfigs", verdict, moment)
        async with raw(cloud, server, f"/model/{cloud.model.uuid}/api") as socket:
            login = {"auth-tag": "user-admin", "credentials": "admin-secret"}
            admin = {"request-id": 1, "type": "Admin", "version": 3, "request": "Login"}
            await socket.send(json.dumps(admin | {"params": login}))
            await socket.recv()
            await socket.send(json.dumps(call | {"request-id": 2, "params": {"Args": [change]}}))
            with pytest.raises((websockets.ConnectionClosed, asyncio.TimeoutError)) as seen:
                await asyncio.wait_for(socket.recv(), 0.5 if verdict is Verdict.SILENCE else 60)
        return seen.type

    seen = on_the_wire(cloud, test)
    assert (seen is asyncio.TimeoutError) is (verdict is Verdict.SILENCE)
    shown = {**{"colour": "red"}, **cloud.model.applications["keystone"].config}
    assert shown["colour"] == colour


def test_a_controller_that_refuses_accepts_again_on_the_same_port(cloud):
    async def test(server):
        before = server.address
        await server.refuse()
        with pytest.raises(OSError, match="Connect"):
            async with raw(cloud, server):
                pass
        await server.accept()
        async with raw(cloud, server):
            return before == server.address

    assert on_the_wire(cloud, test)


def test_nobody_else_is_given_the_port_of_a_controller_that_refuses(cloud):
    async def test(server):
        await server.refuse()
        with socketlib.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((server.host, server.port))

    on_the_wire(cloud, test)


class Freezer(Faults):
    """Freezes the link at the first request."""

    def __init__(self):
        self.links = []

    async def before(self, seen):
        if not self.links:
            self.links.append(seen.link)
            seen.link.freeze()
        return Verdict.PASS


def test_a_frozen_connection_answers_no_pings_until_it_thaws(cloud):
    async def test(server):
        server.faults = Freezer()
        async with raw(cloud, server) as socket:
            await socket.send(json.dumps({"request-id": 1, "type": "Pinger", "request": "Ping"}))
            await socket.recv()  # what was under way is still answered
            pong = await socket.ping()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(pong), 0.3)
            server.faults.links[0].thaw()
            await asyncio.wait_for(pong, 60)

    on_the_wire(cloud, test)


def test_the_all_watcher_gives_the_whole_model_and_then_what_changes(cloud):
    async def test(server):
        connection = await connect(server, cloud)
        watch = {"type": "Client", "version": 6, "request": "WatchAll", "params": {}}
        watcher = (await connection.rpc(watch))["response"]["watcher-id"]
        # libjuju sends the id as "Id".
        call = {"type": "AllWatcher", "version": 3, "request": "Next", "Id": watcher}
        first = (await connection.rpc(dict(call)))["response"]["deltas"]
        waiting = asyncio.ensure_future(connection.rpc(dict(call)))
        await asyncio.sleep(0.2)
        cloud.model.set_workload("keystone/0", "blocked", "vault is sealed")
        second = (await waiting)["response"]["deltas"]
        await connection.close()
        return first, second

    first, second = on_the_wire(cloud, test)
    assert {kind for kind, _, _ in first} == {
        "model",
        "machine",
        "application",
        "unit",
        "relation",
    }
    changed = {(kind, data["name"]) for kind, _, data in second}
    assert changed == {("unit", "keystone/0"), ("application", "keystone")}


def test_latency_delays_every_request(cloud):
    async def test(server):
        loop = asyncio.get_running_loop()
        async with raw(cloud, server) as socket:
            began = loop.time()
            await socket.send(json.dumps({"request-id": 1, "type": "Pinger", "request": "Ping"}))
            await socket.recv()
            return loop.time() - began

    assert on_the_wire(cloud, test, latency_s=0.2) >= 0.2
