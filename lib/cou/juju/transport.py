"""How facade calls travel: a protocol, and the one over python-libjuju.

The simulated cloud implements the same protocol within its own process.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import JujuError
from . import error_replies, versions
from .account import Account
from .login import Connector

if TYPE_CHECKING:
    from .libjuju import LibjujuConnection


@dataclasses.dataclass(frozen=True)
class Session:
    """What a login told.

    Attributes:
        model_uuid: the model's UUID, without ``model-``.
        model_access: read, write or admin; empty for none of its own.
        controller_access: login or superuser.
        facades: name -> version chosen.
    """

    model_uuid: str
    model_access: str
    controller_access: str
    facades: Mapping[str, int]


class Transport(Protocol):
    """Carries facade calls to one model."""

    @property
    def facades(self) -> Mapping[str, int]:
        """Facade -> version chosen; empty before the first login."""
        ...

    async def session(self) -> Session:
        """Log in if need be and return what the login told."""
        ...

    async def call(
        self,
        facade: str,
        method: str,
        params: dict[str, Any],
        *,
        changes: bool,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Call a method of a facade and return the reply's ``response``, as it came.

        Errors of single elements of a bulk call are left in the response.

        Args:
            changes: the call changes something, so it is never sent a second time.
            timeout_s: how long to wait for the answer; None for the transport's own limit.

        Raises:
            JujuError: `sent` is False where nothing was done, None where that is not known.
        """
        ...

    async def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        ...


@dataclasses.dataclass(frozen=True)
class Timing:
    """Limits in seconds.

    Attributes:
        call_s: for the answer to one request.
        connect_s: for one address, from the first packet to the end of the login.
        window_s: how long a read is repeated, and a connection tried, before giving up; 0 for
            one attempt.
        pause_s: first pause between attempts; it doubles, with jitter.
        longest_pause_s: where the doubling ends.
    """

    call_s: float = 60.0
    connect_s: float = 15.0
    window_s: float = 30.0
    pause_s: float = 0.5
    longest_pause_s: float = 15.0


class LibjujuTransport:
    """Facade calls over python-libjuju's connection; for one event loop at a time.

    libjuju has no time limits, tries each address once, and a connection whose own reconnect
    failed stays dead (reference E.3). So each call is bounded here, a connection that broke or did
    not answer is thrown away, and a new one is made over all addresses that are known.

    Args:
        endpoints: ``host:port`` of the controllers.
        cacert: the controller's CA certificate (PEM); empty for those of the system.
        account: user name and password, or what reads them, called at each login.
        any_version: use a controller of whatever version: to end what was begun before it was
            upgraded. Else one that is not supported is left at the login, with nothing sent.

    Raises:
        BadInput: no address, or the certificate is none.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        cacert: str,
        model_uuid: str,
        account: Account | Callable[[], Account],
        timing: Timing | None = None,
        *,
        any_version: bool = False,
    ):
        self._timing = timing or Timing()
        self._any_version = any_version
        read = account if callable(account) else lambda: account
        self._dialler = Connector(endpoints, cacert, model_uuid, read, self._timing.connect_s)
        self._lock = asyncio.Lock()
        self._current: LibjujuConnection | None = None
        self._retired: set[LibjujuConnection] = set()  # may still bring answers
        self._facades: Mapping[str, int] = {}
        self._failed: JujuError | None = None
        self._failures = 0
        self._not_before = 0.0

    @property
    def facades(self) -> Mapping[str, int]:
        """Facade -> version chosen; empty before the first login."""
        return self._facades

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses in the order in which they are tried next."""
        return self._dialler.addresses

    async def session(self) -> Session:
        """Log in if need be and return what the login told.

        Raises:
            JujuError: ``controller-unreachable``, ``login-refused``, ``certificate-refused``,
                ``juju-unsupported``, ``model-gone``, ``model-moved``...; nothing was sent.
        """
        link = await self._link(time.monotonic() + self._timing.window_s)
        return Session(link.model_uuid, link.model_access, link.controller_access, self._facades)

    async def call(
        self,
        facade: str,
        method: str,
        params: dict[str, Any],
        *,
        changes: bool,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Call a method of a facade; see `Transport.call`.

        A read is repeated within the window when what went wrong goes away by itself. A change is
        sent at most once: only the connection before it is tried repeatedly.
        """
        deadline = time.monotonic() + self._timing.window_s
        attempt = 0
        while True:
            link = await self._link(deadline)
            number = versions.facade(self._facades, facade)
            try:
                return await self._exchange(
                    link, (facade, number, method), params, changes, timeout_s
                )
            except JujuError as error:
                never_left = error.code == "connection-lost" and error.sent is False
                again = never_left if changes else error.code in error_replies.TEMPORARY
                pause = self._pause(attempt)
                if not again or time.monotonic() + pause > deadline:
                    raise
            attempt += 1
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Drop the connection; calls under way end with ``connection-lost``."""
        links = [*self._retired, *([self._current] if self._current is not None else [])]
        self._current = None
        for link in links:
            await link.close()
        self._retired.clear()

    async def _exchange(
        self,
        link: LibjujuConnection,
        method: tuple[str, int, str],
        params: dict[str, Any],
        changes: bool,
        timeout_s: float | None,
    ) -> dict[str, Any]:
        limit = self._timing.call_s if timeout_s is None else timeout_s
        try:
            return await link.call(*method, params, changes=changes, timeout_s=limit)
        except JujuError as error:
            if error.code in ("timeout", "connection-lost"):
                await self._retire(link)
            raise

    async def _retire(self, link: LibjujuConnection) -> None:
        """Use a link no more; other calls on it may still end."""
        if self._current is link:
            self._current = None
        self._retired = {old for old in self._retired if not old.closed} | {link}
        await link.retire()

    async def _link(self, deadline: float) -> LibjujuConnection:
        """Return a connection that is logged in, trying until the deadline."""
        while True:
            try:
                async with self._lock:
                    return await self._usable()
            except JujuError as error:
                wait = max(self._not_before - time.monotonic(), 0.0)
                if error.code not in error_replies.TEMPORARY or time.monotonic() + wait > deadline:
                    raise
            await asyncio.sleep(wait)

    async def _usable(self) -> LibjujuConnection:
        """Return the connection or make one; callers take turns, and share a failure's pause."""
        if self._current is not None and self._current.open:
            return self._current
        if self._current is not None:
            await self._retire(self._current)
        if self._failed is not None and time.monotonic() < self._not_before:
            raise self._failed
        try:
            link = await self._dialler.connect()
            await self._accept(link)
        except JujuError as error:
            self._failed = error
            self._not_before = time.monotonic() + self._pause(self._failures)
            self._failures += 1
            raise
        self._failed, self._failures = None, 0
        self._facades = versions.choose(link.facades)
        self._current = link
        return link

    async def _accept(self, link: LibjujuConnection) -> None:
        """Leave a controller whose answers would be misunderstood.

        Raises:
            JujuError: ``juju-unsupported``; nothing but the login was sent.
        """
        try:
            versions.check(link.version)
        except JujuError:
            if not self._any_version:
                await link.close()
                raise

    def _pause(self, attempt: int) -> float:
        full = min(self._timing.pause_s * 2.0 ** min(attempt, 30), self._timing.longest_pause_s)
        return full * random.uniform(0.5, 1.0)
