"""One login to a controller: facade calls over a TLS websocket, in turn."""

from __future__ import annotations

import json
import ssl
from typing import Any

from .errors import CommandError, RPCError
from .store import Account, Controller
from .websocket import WebSocket

VERSION = "3.6.14"
# The newest version of each facade that this client can speak; the server may offer less.
FACADES = {
    "Action": 7,
    "Annotations": 2,
    "Application": 19,
    "Charms": 6,
    "Client": 6,
    "ModelConfig": 3,
    "ModelManager": 9,
    "Secrets": 2,
    "Testbed": 1,
    "UserManager": 3,
}
OPEN_TIMEOUT_S = 20.0
# The certificate of every controller bears this name; addresses change.
SERVER_NAME = "juju-apiserver"


def tls(ca_cert: str) -> ssl.SSLContext:
    """Return a context that trusts the controller's own CA and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_cert)
    return context


def connect(controller: Controller, path: str) -> WebSocket:
    """Open a websocket to the first address that answers.

    Raises:
        CommandError: none does.
    """
    failure: Exception | None = None
    for endpoint in controller.endpoints:
        try:
            return WebSocket(endpoint, path, tls(controller.ca_cert), SERVER_NAME, OPEN_TIMEOUT_S)
        except OSError as error:
            failure = error
    addresses = ", ".join(controller.endpoints)
    raise CommandError(f"unable to connect to API: {addresses}: {failure}")


class Connection:
    """A logged-in connection; `model_uuid` empty means the controller itself.

    Raises:
        CommandError: nobody answers, or the login fails.
    """

    def __init__(
        self,
        controller: Controller,
        account: Account,
        model_uuid: str = "",
    ):
        path = f"/model/{model_uuid}/api" if model_uuid else "/api"
        self._last_id = 0
        self._socket = connect(controller, path)
        self._offered: dict[str, list[int]] = {}
        try:
            login = self._login(account)
        except CommandError:
            self.close()
            raise
        self.user = account.user
        self.model_uuid = model_uuid
        self.server_version: str = login.get("server-version", "")
        self._offered = {facade["name"]: facade["versions"] for facade in login["facades"]}

    def _login(self, account: Account) -> dict[str, Any]:
        params = {
            "auth-tag": f"user-{account.user}",
            "credentials": account.password,
            "client-version": VERSION,
            "user-data": "",
        }
        answer: dict[str, Any] = self.request("Admin", 3, "Login", params)
        return answer

    def call(self, facade: str, method: str, params: dict[str, Any] | None = None) -> Any:
        """Call a facade in the newest version that both sides speak; return the response.

        Raises:
            RPCError: with the controller's text.
        """
        if facade == "Testbed":  # served but not announced, so that other clients do not warn
            return self.request(facade, FACADES[facade], method, params or {})
        common = [v for v in self._offered.get(facade, []) if v <= FACADES[facade]]
        if not common:
            raise RPCError(f'facade "{facade}" not supported', "not supported")
        return self.request(facade, max(common), method, params or {})

    def request(self, facade: str, version: int, method: str, params: dict[str, Any]) -> Any:
        """Send one request and wait for its answer."""
        self._last_id += 1
        message = {
            "request-id": self._last_id,
            "type": facade,
            "version": version,
            "request": method,
            "params": params,
        }
        try:
            reply = self._exchange(message)
        except OSError as error:
            raise RPCError("connection is shut down") from error
        if reply.get("error"):
            raise RPCError(reply["error"], reply.get("error-code", ""))
        return reply.get("response") or {}

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        self._socket.send(json.dumps(message))
        while True:
            reply: dict[str, Any] = json.loads(self._socket.receive())
            if reply.get("request-id") == message["request-id"]:
                return reply

    def one(self, facade: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call a bulk method for one entity; return its element.

        Raises:
            RPCError: the call or the element failed.
        """
        return checked(self.call(facade, method, params).get("results") or [{}])[0]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def checked(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the elements of a bulk answer.

    Raises:
        RPCError: one of them is an error.
    """
    for result in results:
        error = result.get("error")
        if error:
            raise RPCError(error.get("message", ""), error.get("code", ""))
    return results
