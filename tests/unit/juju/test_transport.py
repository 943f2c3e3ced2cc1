"""What a caller can rely on when the network, the controller or the account fails."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest
from cou.errors import BadInput, JujuError
from cou.juju.account import Account
from cou.juju.client import Client
from cou.juju.transport import LibjujuTransport, Timing

from .controller import Controller
from .inprocess import UUID
from .tls import PASSWORD, Daemon, authority, served

# Nothing comes to these limits, however slow the machine is: what must end in time has its own.
QUICK = Timing(call_s=60.0, connect_s=60.0, window_s=60.0, pause_s=0.05, longest_pause_s=0.2)
ONCE = Timing(call_s=0.3, connect_s=0.5, window_s=0.0, pause_s=0.05)
PATIENT = Timing(call_s=30.0, connect_s=30.0, window_s=0.0, pause_s=0.05)
ACCOUNT = Account("cou", PASSWORD)
# Where nobody listens, and no server that takes any free port ever will.
DEAD, DEAD_TOO = "127.0.0.1:1", "127.0.0.1:2"


def transport(*daemons: Daemon, timing: Timing = QUICK, **more: Any) -> LibjujuTransport:
    given: dict[str, Any] = {
        "endpoints": [daemon.address for daemon in daemons],
        "cacert": daemons[0].ca.pem if daemons else authority().pem,
        "model_uuid": UUID,
        "account": ACCOUNT,
        "timing": timing,
    }
    return LibjujuTransport(**(given | more))


async def status_of(link: LibjujuTransport) -> dict[str, Any]:
    return await link.call("Client", "FullStatus", {"patterns": []}, changes=False)


async def pause_unit(link: LibjujuTransport) -> int:
    return await Client(link).enqueue("keystone/0", "pause", {})


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what this end logged with a traceback; the controller of these tests may."""
    return [one for one in caplog.records if one.exc_info and one.name != "websockets.server"]


async def error_of(call: Coroutine[Any, Any, Any]) -> JujuError:
    with pytest.raises(JujuError) as caught:
        await call
    return caught.value


@contextlib.asynccontextmanager
async def linked(daemon: Daemon, **more: Any) -> AsyncIterator[LibjujuTransport]:
    """Serve a daemon, and yield a transport that is closed in the end."""
    async with served(daemon):
        link = transport(daemon, **more)
        try:
            yield link
        finally:
            await link.close()


async def test_a_call_goes_to_the_model_in_the_highest_version_both_know():
    daemon = Daemon(Controller())

    async with linked(daemon) as link:
        assert link.facades == {}
        await status_of(link)
        assert dict(link.facades) == {
            "Action": 7,
            "Annotations": 2,
            "Application": 20,
            "Charms": 7,
            "Client": 8,
            "ModelConfig": 3,
            "Resources": 3,
        }
    assert daemon.paths == [f"/model/{UUID}/api"]


async def test_the_login_tells_the_model_and_the_access():
    daemon = Daemon(Controller())

    async with linked(daemon) as link:
        session = await link.session()
        assert (session.model_uuid, session.model_access) == (UUID, "write")
        assert await Client(link).model_access() == "write"
    assert daemon.logins == 1


async def test_a_facade_that_the_controller_lacks_is_named():
    daemon = Daemon(Controller())
    daemon.facades["Action"] = [2]
    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
    assert error.code == "facade-missing"
    assert "Action" in error.seen
    assert error.sent is False


async def test_a_read_survives_a_dropped_connection():
    daemon = Daemon(Controller())
    daemon.drop_before = ["Client.FullStatus"]

    async with linked(daemon) as link:
        assert "controller-timestamp" in await status_of(link)
    assert daemon.logins == 2


async def test_a_read_survives_a_restart_of_the_controller_that_takes_a_while():
    daemon = Daemon(Controller())

    async with linked(daemon) as link:
        await status_of(link)
        await daemon.stop()
        later = asyncio.create_task(_after(0.6, daemon.start()))
        assert "controller-timestamp" in await status_of(link)
        await later
    assert daemon.logins == 2


async def _after(seconds: float, what: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await what


async def test_a_change_after_a_restart_is_sent_once_over_the_new_connection():
    daemon = Daemon(Controller())

    async with linked(daemon) as link:
        await status_of(link)
        await daemon.stop()
        await daemon.start()
        while link._current.open:  # pyright: ignore
            await asyncio.sleep(0.01)
        assert await pause_unit(link) == 2
    assert len(daemon.controller.operations) == 1


async def test_a_change_whose_reply_is_lost_is_unknown_and_never_sent_again():
    daemon = Daemon(Controller())
    daemon.drop_after = ["Action.EnqueueOperation"]
    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
        await asyncio.sleep(0.3)
    assert (error.code, error.sent) == ("connection-lost", None)
    assert len(daemon.controller.operations) == 1


async def test_a_change_whose_request_is_lost_is_unknown_too():
    daemon = Daemon(Controller())
    daemon.drop_before = ["Action.EnqueueOperation"]
    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
    assert (error.code, error.sent) == ("connection-lost", None)
    assert daemon.controller.operations == []


async def test_a_change_that_is_not_answered_ends_in_time_and_is_unknown():
    daemon = Daemon(Controller())
    daemon.silent = ["Action.EnqueueOperation"]

    async with linked(daemon, timing=dataclasses.replace(QUICK, call_s=1.0)) as link:
        await link.session()
        error = await asyncio.wait_for(error_of(pause_unit(link)), 120.0)
    assert (error.code, error.sent) == ("timeout", None)


async def test_a_read_of_a_frozen_controller_ends_in_time():
    daemon = Daemon(Controller())
    daemon.frozen = True

    async with served(daemon):
        call = status_of(transport(daemon, timing=ONCE))
        error = await asyncio.wait_for(error_of(call), 120.0)
    assert error.code == "controller-unreachable"


@pytest.mark.slow
async def test_a_read_goes_on_when_a_frozen_controller_thaws():
    daemon = Daemon(Controller())

    async with linked(daemon, timing=Timing(0.5, 3.0, 120.0, 0.05, 0.1)) as link:
        await link.session()
        daemon.frozen = True
        asyncio.get_running_loop().call_later(0.8, setattr, daemon, "frozen", False)
        assert "controller-timestamp" in await status_of(link)


async def test_a_call_without_an_answer_does_not_cost_the_slow_one_beside_it():
    daemon = Daemon(Controller())
    daemon.slow = {"Action.EnqueueOperation": 0.5}
    daemon.silent = ["ModelConfig.ModelGet"]

    async with linked(daemon, timing=Timing(60.0, 60.0, 0.0, 0.05)) as link:
        await link.session()
        change = asyncio.create_task(pause_unit(link))
        silent = [
            link.call("ModelConfig", "ModelGet", {}, changes=False, timeout_s=limit)
            for limit in (0.1, 0.2)
        ]
        ends = await asyncio.gather(*silent, return_exceptions=True)
        assert [getattr(end, "code", "") for end in ends] == ["timeout", "timeout"]
        await status_of(link)
        assert daemon.logins == 2, "the silent connection is used no more"
        assert await change == 2, "and yet it brings the answer that it owes"


async def test_a_wrong_password_is_refused_at_once_and_says_what_to_do():
    daemon = Daemon(Controller())
    async with served(daemon):
        error = await error_of(status_of(transport(daemon, account=Account("cou", "wrong"))))
    assert (error.code, error.sent) == ("login-refused", False)
    assert "secret" in error.remedy
    assert daemon.passwords == ["wrong"]


async def test_no_password_is_refused_before_anything_is_sent():
    error = await error_of(
        status_of(transport(endpoints=["127.0.0.1:1"], account=Account("cou", "")))
    )
    assert error.code == "login-refused"


async def test_an_account_that_cannot_be_read_is_an_error_before_anything_is_sent():
    def account() -> Account:
        raise BadInput("credential-file", "The file is gone.", "Run upgrade again.")

    error = await error_of(status_of(transport(endpoints=["127.0.0.1:1"], account=account)))
    assert (error.code, error.sent) == ("credential-file", False)
    assert error.remedy == "Run upgrade again."


async def test_the_password_is_read_again_at_each_login():
    daemon = Daemon(Controller())
    accounts = iter([ACCOUNT, Account("cou", "changed")])

    async with linked(daemon, account=lambda: next(accounts)) as link:
        await status_of(link)
        daemon.password = "changed"
        await link.close()
        await status_of(link)
    assert daemon.passwords == [PASSWORD, "changed"]


async def test_a_password_appears_in_no_text(caplog: pytest.LogCaptureFixture):
    daemon = Daemon(Controller())
    caplog.set_level(logging.DEBUG)
    for name in ("juju.client.connection", "websockets.client", "websockets"):
        caplog.set_level(logging.DEBUG, logger=name)

    async with linked(daemon) as link:
        await status_of(link)
    # The daemon shares the process and its server's own log is not ours to silence.
    ours = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert not [text for text in ours if PASSWORD in text]
    assert PASSWORD not in repr(ACCOUNT)


async def test_a_dead_first_address_does_not_matter():
    daemon = Daemon(Controller())

    async with served(daemon):
        link = transport(daemon, endpoints=[DEAD, daemon.address], timing=PATIENT)
        await status_of(link)
        assert link.addresses[0] == daemon.address
        await link.close()


@contextlib.contextmanager
def filtered_address() -> Iterator[str]:
    """Yield an address that answers nothing at all, as behind a firewall: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_addresses_behind_a_firewall_cost_next_to_nothing():
    daemon = Daemon(Controller())

    async with served(daemon):
        with filtered_address() as one, filtered_address() as other:
            link = transport(daemon, endpoints=[one, other, daemon.address], timing=PATIENT)
            begun = time.monotonic()
            await status_of(link)
            assert time.monotonic() - begun < 25, "two of them took 60 s one after another"
            assert link.addresses[0] == daemon.address
            await link.close()
    assert daemon.logins == 1


async def test_addresses_that_the_controller_named_are_used_when_the_given_one_dies():
    first, second = Daemon(Controller()), Daemon(Controller())

    async with served(first, second):
        first.servers = [
            [{"value": "127.0.0.1", "port": second.port, "type": "ipv4", "scope": "public"}],
            [{"value": "fe80::1", "port": 17070, "type": "ipv6", "scope": "link-local"}],
            [{"value": "2001:db8::1", "port": 17070, "type": "ipv6", "scope": "public"}],
        ]
        link = transport(first)
        await status_of(link)
        assert link.addresses == (first.address, second.address, "[2001:db8::1]:17070")
        await first.stop()
        await status_of(link)
        assert link.addresses[0] == second.address
        await link.close()
    assert second.logins == 1


async def test_no_controller_anywhere_is_one_clear_error():
    addresses = [DEAD, DEAD_TOO]
    error = await error_of(status_of(transport(endpoints=addresses, timing=ONCE)))
    assert (error.code, error.sent) == ("controller-unreachable", False)
    assert all(address in error.seen for address in addresses)


async def test_a_stranger_at_one_address_does_not_hide_that_the_other_is_dead():
    stranger = Daemon(Controller(), authority("somebody-else"))
    async with served(stranger):
        addresses = [stranger.address, DEAD]
        error = await error_of(
            status_of(transport(endpoints=addresses, cacert=authority().pem, timing=ONCE))
        )
    assert error.code == "controller-unreachable", "which goes away; so it is tried on"
    assert DEAD in error.seen


async def test_many_callers_knock_no_more_often_than_one():
    knocks = 0

    def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        writer.close()

    listener = await asyncio.start_server(knocked, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    timing = Timing(call_s=1.0, connect_s=1.0, window_s=0.6, pause_s=0.2)
    link = transport(endpoints=[f"127.0.0.1:{port}"], timing=timing)
    while knocks < 2:  # a machine that stands still may miss the window
        calls = [status_of(link) for _ in range(30)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert {getattr(end, "code", "") for end in ends} == {"controller-unreachable"}
    listener.close()
    await listener.wait_closed()
    assert 2 <= knocks <= 8


async def test_a_controller_of_another_authority_is_refused():
    daemon = Daemon(Controller(), authority("somebody-else"))
    async with served(daemon):
        error = await error_of(status_of(transport(daemon, cacert=authority().pem)))
    assert (error.code, error.sent) == ("certificate-refused", False)
    assert daemon.passwords == []


def test_a_certificate_that_is_none_is_refused_before_anything_is_sent():
    with pytest.raises(BadInput) as caught:
        transport(endpoints=["127.0.0.1:1"], cacert="no certificate")
    assert caught.value.code == "bad-ca-certificate"


def test_no_address_is_refused():
    with pytest.raises(BadInput) as caught:
        transport(endpoints=[])
    assert caught.value.code == "no-controller-address"


@pytest.mark.parametrize(
    ("message", "juju_code", "code"),
    [
        ("permission denied", "unauthorized access", "permission-denied"),
        ("permission denied", "", "permission-denied"),
        ("the operation has been blocked", "operation is blocked", "operation-blocked"),
        ("upgrade in progress", "upgrade in progress", "upgrade-in-progress"),
        ("model migration in progress", "model migration in progress", "migration-in-progress"),
        ("state changing too quickly", "excessive contention", "try-again"),
        ("something odd", "", "juju-refused"),
    ],
)
async def test_a_refused_change_was_not_done_and_is_not_repeated(
    message: str, juju_code: str, code: str
):
    daemon = Daemon(Controller())
    daemon.refuse = {"Action.EnqueueOperation": (message, juju_code)}
    daemon.repeat = 1
    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
    assert (error.code, error.sent) == (code, False)
    assert message in error.seen
    assert daemon.controller.operations == []


async def test_a_change_that_the_controller_broke_off_is_unknown():
    daemon = Daemon(Controller())
    daemon.refuse = {"Action.EnqueueOperation": ("context deadline exceeded", "deadline exceeded")}
    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
    assert error.sent is None


async def test_a_read_waits_until_the_controller_is_upgraded():
    daemon = Daemon(Controller())
    daemon.refuse = {"Client.FullStatus": ("upgrade in progress", "upgrade in progress")}
    daemon.repeat = 2

    async with linked(daemon) as link:
        assert "controller-timestamp" in await status_of(link)


async def test_a_model_that_is_gone_is_said_so_at_once():
    daemon = Daemon(Controller())
    daemon.refuse = {"Admin.Login": (f'unknown model: "{UUID}"', "model not found")}
    async with served(daemon):
        error = await error_of(status_of(transport(daemon)))
    assert error.code == "model-gone"
    assert len(daemon.paths) == 1


async def test_a_migrated_model_is_followed_to_its_new_controller():
    old, new = Daemon(Controller()), Daemon(Controller(), authority("new-home"))

    async with served(old, new):
        server = {"value": "127.0.0.1", "port": new.port, "scope": "public", "type": "ipv4"}
        old.redirect = {"servers": [[server]], "ca-cert": new.ca.pem}
        link = transport(old)
        await status_of(link)
        assert link.addresses == (new.address,)
        await link.close()
    assert (old.passwords, new.logins) == ([], 1)


async def test_a_migrated_model_without_a_new_address_is_a_clear_error():
    daemon = Daemon(Controller())
    daemon.redirect = {"servers": [], "ca-cert": ""}
    async with served(daemon):
        error = await error_of(status_of(transport(daemon)))
    assert error.code == "model-moved"


async def test_a_model_sent_in_circles_is_given_up():
    daemon = Daemon(Controller())
    async with served(daemon):
        server = {"value": "127.0.0.1", "port": daemon.port, "scope": "public"}
        daemon.redirect = {"servers": [[server]], "ca-cert": daemon.ca.pem}
        error = await error_of(status_of(transport(daemon)))
    assert error.code == "model-moved"


async def test_what_is_no_message_is_a_lost_answer():
    daemon = Daemon(Controller())
    daemon.garbage = ["Client.FullStatus"]

    async with linked(daemon, timing=dataclasses.replace(QUICK, window_s=0.5)) as link:
        with pytest.raises(JujuError, match="the reply is no message") as caught:
            await status_of(link)
        assert (caught.value.code, caught.value.sent) == ("connection-lost", None)
        daemon.garbage = []
        await status_of(link)


# Texts are messages, NUMBER is the request's; bytes go out in place of a frame (RFC 6455).
MALFORMED: dict[str, str | bytes] = {
    "no JSON": "<html>502 Bad Gateway</html>",
    "cut off": '{"request-id": NUMBER, "response": {"tas',
    "empty": "",
    "a list": "[1, 2]",
    "a text": '"request-id"',
    "null": "null",
    "no number": '{"response": {}}',
    "a number that is none": '{"request-id": {}, "response": {}}',
    "too deep": "[" * 200_000,
    "a number too long to read": '{"request-id": NUMBER, "response": {"a": ' + "9" * 5000 + "}}",
    "half a character": '{"request-id": NUMBER, "response": {"a": "\\uD83D"}}',
    "not UTF-8": b"\x81\x02\xff\xfe",
    "a frame cut off": b"\x81\x7e\x10\x00{",
    "a huge frame": b"\x81\x7f" + (1 << 40).to_bytes(8, "big"),
    "a frame of no kind": b"\xff\x00",
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_read_is_repeated_where_its_answer_is_malformed(
    kind: str, caplog: pytest.LogCaptureFixture
):
    daemon = Daemon(Controller())
    daemon.instead = {"Client.FullStatus": [MALFORMED[kind]]}

    async with linked(daemon) as link:
        assert await status_of(link)
        assert daemon.logins == 2
    assert daemon.asked.count("Client.FullStatus") == 2
    assert not tracebacks(caplog)


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_change_whose_answer_is_malformed_is_unknown_and_not_sent_again(kind: str):
    daemon = Daemon(Controller())
    daemon.instead = {"Action.EnqueueOperation": [MALFORMED[kind]]}

    async with linked(daemon) as link:
        error = await error_of(pause_unit(link))
        assert (error.code, error.sent) == ("connection-lost", None)
        assert daemon.asked.count("Action.EnqueueOperation") == 1
        await status_of(link)


ODD_LOGINS = (
    '{"request-id": NUMBER}',
    '{"request-id": NUMBER, "response": null}',
    '{"request-id": NUMBER, "response": [1]}',
    '{"request-id": NUMBER, "response": {"facades": 5}}',
    '{"request-id": NUMBER, "response": {"facades": [{"name": [], "versions": [1]}]}}',
    '{"request-id": NUMBER, "response": {"facades": [{"name": "Client", "versions": ["a", {}]}]}}',
    '{"request-id": NUMBER, "response": {"facades": [], "servers": [[{"value": 7}]]}}',
    '{"request-id": NUMBER, "response": {"user-info": "x"}}',
    '{"request-id": NUMBER, "response": {"discharge-required": null, "model-tag": 3}}',
    '{"request-id": NUMBER, "error": "moved", "error-code": "redirection required",'
    ' "error-info": {"servers": 5}}',
)


@pytest.mark.parametrize("answer", [*MALFORMED.values(), *ODD_LOGINS])
async def test_a_login_is_repeated_where_its_answer_is_malformed(
    answer: str | bytes, caplog: pytest.LogCaptureFixture
):
    daemon = Daemon(Controller())
    daemon.instead = {"Admin.Login": [answer]}

    async with linked(daemon) as link:
        assert await status_of(link)
    assert daemon.asked.count("Admin.Login") == 2
    assert not tracebacks(caplog)


@pytest.mark.parametrize("answer", [*MALFORMED.values(), *ODD_LOGINS])
async def test_what_is_no_controller_is_one_clear_error(answer: str | bytes):
    daemon = Daemon(Controller())
    daemon.instead = {"Admin.Login": [answer]}
    async with served(daemon):
        link = transport(daemon, timing=PATIENT)
        error = await error_of(status_of(link))
    assert error.code == "controller-unreachable"


async def test_an_external_login_is_refused_whatever_it_brings():
    daemon = Daemon(Controller())
    odd = '{"request-id": NUMBER, "response": {"discharge-required": {"caveats": 5}}}'
    daemon.instead = {"Admin.Login": [odd]}
    async with served(daemon):
        error = await error_of(status_of(transport(daemon, timing=PATIENT)))
    assert error.code == "login-refused"


ODD_STATUS = '{"request-id": NUMBER, "response": {"controller-timestamp": [], "applications": 3}}'


async def test_a_read_is_repeated_where_a_field_of_its_answer_is_of_another_type():
    daemon = Daemon(Controller())
    daemon.instead = {"Client.FullStatus": [ODD_STATUS, ODD_STATUS]}

    async with served(daemon):
        juju = Client(transport(daemon), pauses_s=(0.0, 0.0))
        assert (await juju.full_status()).uuid == UUID
        await juju.close()
    assert daemon.asked.count("Client.FullStatus") == 3
    assert daemon.logins == 1


async def test_a_read_whose_answers_stay_odd_is_an_error_that_names_the_field():
    daemon = Daemon(Controller())
    daemon.instead = {"Client.FullStatus": [ODD_STATUS] * 9}
    async with served(daemon):
        juju = Client(transport(daemon), pauses_s=(0.0, 0.0))
        error = await error_of(juju.full_status())
        await juju.close()
    assert (error.code, error.sent) == ("bad-reply", False)
    assert "controller-timestamp is not a text" in error.seen
    assert daemon.asked.count("Client.FullStatus") == 3


async def test_a_proxy_for_the_internet_does_not_catch_the_controller(
    monkeypatch: pytest.MonkeyPatch,
):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "wss_proxy"):
        monkeypatch.setenv(name, f"http://{DEAD}")
    daemon = Daemon(Controller())

    async with linked(daemon, timing=PATIENT) as link:
        await status_of(link)


async def test_callers_share_one_connection():
    daemon = Daemon(Controller())

    async with linked(daemon) as link:
        await asyncio.gather(*(status_of(link) for _ in range(20)))
    assert daemon.logins == 1


async def assert_it_ends_a_change_under_way(
    happens: Callable[[LibjujuTransport], Coroutine[Any, Any, None]],
) -> None:
    daemon = Daemon(Controller())
    daemon.silent = ["Action.EnqueueOperation"]

    async with linked(daemon, timing=Timing(call_s=300.0)) as link:
        change = asyncio.create_task(pause_unit(link))
        while "Action.EnqueueOperation" not in daemon.asked:
            await asyncio.sleep(0.01)
        await happens(link)
        error = await error_of(asyncio.wait_for(change, 120.0))
    assert (error.code, error.sent) == ("connection-lost", None)


async def test_closing_ends_the_calls_under_way():
    async def close(link: LibjujuTransport) -> None:
        await link.close()

    await assert_it_ends_a_change_under_way(close)


@pytest.mark.slow
async def test_a_connection_found_dead_between_two_messages_ends_the_calls_under_way():
    # After a pause of the machine, the socket's own ping is overdue before answers are read.
    async def fail(link: LibjujuTransport) -> None:
        await status_of(link)
        socket: Any = link._current._connection._ws  # pyright: ignore
        receive = socket.recv

        async def received() -> Any:
            message = await receive()
            socket.protocol.fail(1011, "keepalive ping timeout")
            return message

        socket.recv = received
        for _ in range(2):  # one is received already
            await status_of(link)

    await assert_it_ends_a_change_under_way(fail)
