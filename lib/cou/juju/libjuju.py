"""One connection of python-libjuju, tamed: the only module that imports it, itself imported late.

Only ``juju.client.connection`` is used: no model, no watcher, one socket (reference E.1). Some of
its private methods are replaced here, so its version is pinned exactly.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
import sys
import warnings
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from .. import concurrency, untyped
from ..errors import JujuError
from . import error_replies, sockets
from .account import Account, Redirect
from .reply import Reply

with warnings.catch_warnings():
    # Its type hints touch websockets' old client, which warns.
    warnings.simplefilter("ignore", DeprecationWarning)
    from juju import errors as juju_errors
    from juju.client import connection as juju_connection

_CLOSE_S = 1.0  # for the goodbye of a peer that may be dead
_PING_S = 10.0
# What each end of a socket raises when it breaks; asyncio's own TimeoutError is separate on 3.10.
_BROKEN = (OSError, WebSocketException, EOFError, asyncio.TimeoutError)
# Scopes of addresses that mean nothing on another machine.
_LOCAL = ("local-machine", "link-local")


def _quiet(name: str, level: int) -> logging.Logger:
    """Drop a logger's records below a level, whatever its own level is set to later."""
    logger = logging.getLogger(name)
    logger.addFilter(lambda record: record.levelno >= level)
    return logger


# Both write whole messages at DEBUG, and the login's holds the password. libjuju's warnings tell
# of reconnects that are not made here.
_quiet("juju.client.connection", logging.ERROR)
_SOCKET_LOG = _quiet("cou.juju.websocket", logging.INFO)


class _NotOpenedError(Exception):
    """The socket did not open.

    Not an OSError: libjuju logs those to the root logger, which sets that up as a side effect.
    """


class _MalformedError(Exception):
    """What came is no message of Juju's, so nothing that follows on this socket can be trusted."""


class _NoMacaroons:
    """Stands in for the bakery client: we log in with a password, and never ask a browser."""

    cookies: tuple[()] = ()


class _Connection(juju_connection.Connection):
    """libjuju's connection without reconnect and pinger of its own, and with our own call."""

    _ws: Any

    async def reconnect(self) -> None:
        """Do nothing: a reconnect within libjuju's `rpc` would send the request a second time."""

    async def _pinger(self) -> None:
        """Do nothing: pings of the websocket itself notice a dead peer, also between calls."""

    async def _receiver(self) -> None:
        """Receive; at its end, however it came, every call that waits hears why.

        libjuju's says nothing to them if it finds the socket closed between two messages, as it is
        where the machine stood still for longer than a ping may take; and it ends with whatever
        error a message that it cannot read makes.
        """
        why: Exception = ConnectionResetError("the connection has ended")
        try:
            while True:
                message = _message(await self._ws.recv())
                await self.messages.put(message["request-id"], message)
        except (*_BROKEN, _MalformedError) as error:
            why = error
        finally:
            await self.messages.put_all(why)

    async def login(self) -> Any:
        """Log in; whatever is in the answer, only an error of `open_connection` comes of it."""
        result: Any = await super().login()
        response = result.get("response")
        if not isinstance(response, dict):
            raise _MalformedError("the response is not an object")
        if response.get("discharge-required") is not None:  # pyright: ignore[reportUnknownMemberType]
            raise juju_errors.JujuAuthError("the controller asks for an external login")
        return result

    def _build_facades(self, facades_from_connection: Any) -> None:
        """Do nothing: which version is asked of each facade, we choose ourselves."""

    async def _open(self, endpoint: str, cacert: str) -> tuple[Any, str, str, str]:
        url = f"wss://{endpoint}/model/{self.uuid}/api"
        host, _, port = endpoint.rpartition(":")
        try:
            opened = await sockets.connect(host.strip("[]"), int(port))
        except OSError as error:
            raise _NotOpenedError from error
        try:
            socket = await connect(
                url,
                sock=opened,
                ssl=self._get_ssl(cacert),
                max_size=self.max_frame_size,
                proxy=None,  # HTTPS_PROXY is meant for the internet, not for the controller
                compression=None,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                close_timeout=_CLOSE_S,
                logger=_SOCKET_LOG,
            )
        except _BROKEN as error:
            raise _NotOpenedError from error
        return socket, url, endpoint, cacert

    async def close(self, to_reconnect: bool = False) -> None:
        """Close, and let go of the socket too.

        Only 3.10 needs that: it complains of a TLS transport that the peer has closed. Later ones
        take a second `close` amiss.
        """
        try:
            await super().close(to_reconnect)
        finally:
            if sys.version_info < (3, 11) and self._ws is not None:
                self._ws.transport.close()

    def say_goodbye(self) -> None:
        """Have the socket deliver what is still sent: no request is under way."""
        opened = self._ws.transport.get_extra_info("socket") if self._ws is not None else None
        if opened is not None:
            sockets.deliver(opened)

    async def exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the whole reply.

        libjuju's `rpc` sends again when sending failed, and throws away a bulk answer of which one
        element is an error.
        """
        self.__request_id__ += 1
        number = self.__request_id__
        await self._ws.send(json.dumps({"request-id": number, **message}))
        return await self._recv(number)


class LibjujuConnection:
    """A connection that is logged in, until it breaks.

    Attributes:
        facades: name -> versions that the controller offers.
        servers: addresses that the controller named.
        version: the controller's, ``3.6.14``.
    """

    def __init__(self, connection: _Connection, login: Reply):
        self._connection = connection
        self._calls = 0
        self._retired = False
        self._closing: asyncio.Event | None = None
        user = login.at("user-info")
        self.model_uuid = login.text("model-tag").removeprefix("model-")
        self.version = login.text("server-version")
        self.model_access = user.text("model-access")
        self.controller_access = user.text("controller-access")
        self.facades: Mapping[str, tuple[int, ...]] = {
            each.text("name"): _numbers(each) for each in login.each("facades")
        }
        self.servers = _servers(login)

    @property
    def open(self) -> bool:
        """Whether it can carry a call, as far as this end knows."""
        return not self._retired and bool(self._connection.is_open)

    @property
    def closed(self) -> bool:
        """Whether its socket is gone."""
        return self._closing is not None and self._closing.is_set()

    async def call(
        self,
        facade: str,
        version: int,
        method: str,
        params: Mapping[str, Any],
        *,
        changes: bool,
        timeout_s: float,
    ) -> dict[str, Any]:
        """Send one request and return its response.

        Raises:
            JujuError: see `failure` for `sent`.
        """
        where = f"{facade}.{method}"
        if not self.open:
            raise error_replies.lost(where, "closed", sent=False, changes=changes)
        message = {"type": facade, "version": version, "request": method, "params": params}
        self._calls += 1
        try:
            raw = await concurrency.with_timeout(self._connection.exchange(message), timeout_s)
        except asyncio.TimeoutError:
            raise error_replies.timed_out(where, timeout_s, changes=changes) from None
        except _BROKEN as error:
            raise error_replies.lost(where, _why(error), sent=True, changes=changes) from error
        except _MalformedError as error:
            # Like an answer that was lost: nothing that follows on this socket can be trusted.
            raise error_replies.lost(where, str(error), sent=True, changes=changes) from error
        finally:
            self._calls -= 1
            if self._retired and not self._calls:
                await self.close()
        return _response(where, raw, changes)

    async def retire(self) -> None:
        """Take no more calls, and close when those under way have ended."""
        self._retired = True
        if not self._calls:
            await self.close()

    async def close(self) -> None:
        """Close now; calls under way end at once. Several may ask, and all wait for its end."""
        if self._closing is not None:
            await self._closing.wait()
            return
        self._retired = True
        self._closing = asyncio.Event()
        try:
            await self._close()
        finally:
            self._closing.set()

    async def _close(self) -> None:
        if not self._calls:
            self._connection.say_goodbye()
        try:
            await self._connection.messages.put_all(ConnectionResetError("closed here"))
            await self._connection.close()
        except _BROKEN:
            return


async def open_connection(
    address: str, cacert: str, model_uuid: str, account: Account, timeout_s: float
) -> LibjujuConnection | Redirect:
    """Connect to one address and log in.

    Raises:
        JujuError: nothing was sent but the login.
    """
    # libjuju's signatures are half typed.
    libjuju: Any = _Connection
    opening = libjuju.connect(
        endpoint=address,
        uuid=model_uuid,
        username=account.username,
        password=account.password,
        cacert=cacert,
        bakery_client=_NoMacaroons(),
        retries=0,
    )
    try:
        connection = await concurrency.with_timeout(opening, timeout_s)
    except juju_errors.JujuRedirectException as moved:
        return _moved(address, moved)
    except (juju_errors.JujuAPIError, juju_errors.JujuAuthError) as error:
        juju_code = str(getattr(error, "error_code", None) or "")
        raise error_replies.login_refused(address, str(error), juju_code) from None
    except _NotOpenedError as error:
        raise _not_opened(address, error.__cause__) from error
    except asyncio.TimeoutError:
        raise error_replies.unreachable(address, f"no login within {timeout_s:g} s") from None
    except _BROKEN as error:
        raise error_replies.unreachable(address, _why(error)) from error
    # Whatever libjuju stumbles over in an answer that is not of the form it knows.
    except (
        _MalformedError,
        juju_errors.JujuError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise error_replies.no_login(address, _why(error)) from error
    try:
        return LibjujuConnection(connection, Reply(connection.info, "Admin.Login"))
    except JujuError as error:
        with contextlib.suppress(*_BROKEN):
            await connection.close()
        raise error_replies.no_login(address, error.seen.rstrip(".")) from error


def _message(text: str | bytes) -> dict[str, Any]:
    """Read one frame.

    Raises:
        _MalformedError: it is not one JSON object with the number of a request.
    """
    try:
        found: Any = json.loads(text)
        if "\\ud" in (text if isinstance(text, str) else text.decode()).lower():
            # Half a character: neither the journal nor a terminal can take it.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _MalformedError(f"the reply is no message ({type(error).__name__})") from error
    reply = untyped.as_object(found)
    if reply is None or type(reply.get("request-id")) is not int:
        raise _MalformedError("the reply is no message: it is no answer to a request")
    return reply


def _moved(address: str, moved: Any) -> Redirect:
    info = Reply(moved.redirect_info, "Admin.Login")
    addresses = _servers(info)
    if not addresses or not info.text("ca-cert"):
        raise error_replies.refused(
            f"Login at {address}",
            "the model has moved, and the controller does not say where",
            "redirection required",
            changes=False,
        )
    return Redirect(addresses, info.text("ca-cert"))


def _not_opened(address: str, cause: BaseException | None) -> JujuError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return error_replies.certificate_refused(address, cause.verify_message)
    return error_replies.unreachable(address, _why(cause))


def _why(error: BaseException | None) -> str:
    return str(error) or type(error).__name__


def _response(where: str, raw: Any, changes: bool) -> dict[str, Any]:
    """Return the response in a message, or raise its error."""
    reply = Reply(raw, where, changes=changes)
    message = reply.text("error")
    if message:
        raise error_replies.refused(where, message, reply.text("error-code"), changes=changes)
    return reply.plain("response")


def _numbers(facade: Reply) -> tuple[int, ...]:
    found = [each.value for each in facade.each("versions")]
    if not all(isinstance(number, int) for number in found):
        raise facade.wrong("versions", "a list of numbers")
    return tuple(found)


def _servers(reply: Reply) -> tuple[str, ...]:
    """Return ``host:port`` of a reply's servers: a list of lists, one per controller machine."""
    found: list[str] = []
    for machine in reply.each("servers"):
        for server in Reply({"servers": machine.value}, reply.where, machine.path).each("servers"):
            host, port = server.text("value"), server.field("port")
            if not host or not port or server.text("scope") in _LOCAL:
                continue
            found.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return tuple(found)
