"""From addresses and an account to a connection that is logged in."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .. import audit
from ..errors import BadInput, CouError, JujuError
from . import addresses, error_replies
from .account import Account, Redirect

if TYPE_CHECKING:
    from .libjuju import LibjujuConnection

_MOVES = 3  # from controller to controller, before it counts as a circle


class Connector:
    """Knows the addresses of the controllers, and tries them one after another.

    The list begins with what worked last, goes on with what the controller itself named at the
    login (it grows and moves with high availability), and keeps what was given at first.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        cacert: str,
        model_uuid: str,
        account: Callable[[], Account],
        connect_s: float,
    ):
        if not endpoints:
            raise BadInput("no-controller-address/init")
        _check_certificate(cacert)
        self._given = tuple(endpoints)
        self._cacert = cacert
        self._model_uuid = model_uuid
        self._account = account
        self._connect_s = connect_s
        self.addresses = self._given

    async def connect(self) -> LibjujuConnection:
        """Try each address once; follow the model where it has moved.

        Raises:
            JujuError: the most telling error of all addresses: one that no other address would
                put right at once, a refused certificate only where no address was just dead.
        """
        for _ in range(_MOVES):
            found = await self._round()
            if not isinstance(found, Redirect):
                return found
            # Told over a connection that the old CA vouched for.
            self._given = self.addresses = found.addresses
            self._cacert = found.cacert
        raise JujuError("model-moved", model_uuid=self._model_uuid)

    async def _round(self) -> LibjujuConnection | Redirect:
        # Imported late: python-libjuju takes half a second, which hooks need not spend.
        from . import libjuju

        account = self._read_account()
        if not account.username or not account.password:
            raise JujuError("login-refused/round")
        errors: list[JujuError] = []
        for address in await self._in_order():
            try:
                found = await libjuju.open_connection(
                    address, self._cacert, self._model_uuid, account, self._connect_s
                )
            except JujuError as error:
                if error.code in ("login-refused", "certificate-refused"):
                    audit.log_event(
                        audit.Event.LOGIN_FAIL, account.username, description=error.seen
                    )
                if error.code not in ("controller-unreachable", "certificate-refused"):
                    raise
                errors.append(error)
                continue
            if not isinstance(found, Redirect):
                self._remember(address, found.servers)
                text = f"Logged in at {address}, to model {self._model_uuid}."
                audit.log_event(audit.Event.LOGIN, account.username, description=text)
            return found
        dead = [error for error in errors if error.code == "controller-unreachable"]
        raise _all_of(dead or errors)

    async def _in_order(self) -> Sequence[str]:
        """Return the addresses with one first that opens.

        Raises:
            JujuError: none does.
        """
        if len(self.addresses) == 1:
            return self.addresses
        reachable = await addresses.find_open(self.addresses, self._connect_s)
        if not reachable.order:
            raise _all_of([error_replies.unreachable(*each) for each in reachable.closed])
        return reachable.order

    def _read_account(self) -> Account:
        """Read the account anew: its secret may have changed since the last login.

        Raises:
            JujuError: with the code of what kept it from being read; nothing was sent.
        """
        try:
            return self._account()
        except CouError as error:
            raise JujuError(error.code, error.seen, error.remedy) from error

    def _remember(self, worked: str, servers: Iterable[str]) -> None:
        # dict.fromkeys keeps the first of each, in order.
        self.addresses = tuple(dict.fromkeys((worked, *servers, *self._given)))


def _all_of(errors: Sequence[JujuError]) -> JujuError:
    """Return one error that tells of all addresses."""
    if len(errors) == 1:
        return errors[0]
    seen = " ".join(error.seen for error in errors)
    return JujuError(errors[0].code, seen, errors[0].remedy)


def _check_certificate(cacert: str) -> None:
    if not cacert:
        return
    try:
        ssl.create_default_context(cadata=cacert)
    except (ssl.SSLError, ValueError) as error:
        raise BadInput("bad-ca-certificate", error=error) from None
