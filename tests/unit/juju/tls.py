"""The small controller behind a TLS websocket, which misbehaves on request."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import functools
import ipaddress
import json
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import Server, ServerConnection, serve

from .controller import FACADES, Controller, Refused
from .inprocess import UUID

PASSWORD = "correct horse"


@dataclasses.dataclass(frozen=True)
class Authority:
    """A CA and one certificate of it for the loopback address."""

    pem: str
    context: ssl.SSLContext


@functools.cache
def authority(name: str = "juju-ca") -> Authority:
    """Make a CA, once per name."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, ca=True)
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "juju-apiserver")])
    leaf = _certificate(leaf_name, ca_name, key, ca_key, ca=False)
    pem = serialization.Encoding.PEM
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(private + leaf.public_bytes(pem))
        context.load_cert_chain(chain)
    return Authority(ca.public_bytes(pem).decode(), context)


def _certificate(subject: Any, issuer: Any, key: Any, signer: Any, ca: bool) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=not ca,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if not ca:
        names = [
            x509.DNSName("juju-apiserver"),
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return builder.sign(signer, hashes.SHA256())


class Daemon:
    """Serves a controller; each fault is a plain attribute.

    Attributes:
        drop_before: methods at whose request the connection breaks, before anything is done.
        drop_after: methods that are done, and whose reply is lost with the connection.
        slow: method -> seconds until it is done and answered.
        silent: methods that are never answered; nothing is done.
        frozen: nothing is answered at all, not even a login.
        refuse: method -> (message, code) of an error reply; `repeat` times, then it is done.
        garbage: methods answered with what is no message.
        instead: method -> answers in place of its own, one after another; a text is a message,
            bytes go out as they are, in place of a frame.
        login: method that returns the reply to a login.
        passwords: passwords tried.
        asked: methods that were asked for.
        version: what it says of itself.
    """

    def __init__(self, controller: Controller, ca: Authority | None = None):
        self.controller = controller
        self.ca = ca or authority()
        self.port = 0
        self.drop_before: list[str] = []
        self.drop_after: list[str] = []
        self.slow: dict[str, float] = {}
        self.silent: list[str] = []
        self.frozen = False
        self.refuse: dict[str, tuple[str, str]] = {}
        self.repeat = 1_000_000
        self.garbage: list[str] = []
        self.instead: dict[str, list[str | bytes]] = {}
        self.password = PASSWORD
        self.passwords: list[str] = []
        self.servers: list[list[dict[str, Any]]] = []
        self.redirect: dict[str, Any] | None = None
        self.facades = dict(FACADES)
        self.version = "3.6.8"
        self.logins = 0
        self.asked: list[str] = []
        self.paths: list[str] = []
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await serve(
            self._session,
            "127.0.0.1",
            self.port,
            ssl=self.ca.context,
            compression=None,
            close_timeout=0.2,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _session(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        try:
            await self._requests(socket)
        finally:
            if sys.version_info < (3, 11):
                # It complains of a TLS transport that the peer has closed.
                socket.transport.close()

    async def _requests(self, socket: ServerConnection) -> None:
        async for text in socket:
            request = json.loads(text)
            method = f"{request['type']}.{request['request']}"
            self.asked.append(method)
            if method in self.slow:
                # Requests are served concurrently; the answer finds its request by number.
                task = asyncio.create_task(self._later(self.slow[method], socket, request))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                await self._serve(socket, request)

    async def _later(self, delay: float, socket: ServerConnection, request: Any) -> None:
        await asyncio.sleep(delay)
        await self._serve(socket, request)

    async def _serve(self, socket: ServerConnection, request: dict[str, Any]) -> None:
        reply = await self._reply(socket, request)
        if reply is not None:
            await socket.send(reply)

    async def _reply(self, socket: ServerConnection, request: dict[str, Any]) -> str | None:
        method = f"{request['type']}.{request['request']}"
        number = request["request-id"]
        if self.frozen or method in self.silent:
            return None
        if method in self.drop_before:
            self.drop_before.remove(method)
            socket.transport.abort()
            return None
        if method in self.garbage:
            return "[] this is no message"
        if self.instead.get(method):
            answer = self.instead[method].pop(0)
            if isinstance(answer, str):
                return answer.replace("NUMBER", str(number))
            socket.transport.write(answer)
            await asyncio.sleep(0.05)
            socket.transport.abort()
            return None
        try:
            response = self._answer(method, request)
        except Refused as refused:
            reply = {
                "request-id": number,
                "error": refused.message,
                "response": {},
                "error-code": refused.code,
            }
            if self.redirect is not None and method == "Admin.Login":
                reply["error-info"] = self.redirect
            return json.dumps(reply)
        if method in self.drop_after:
            self.drop_after.remove(method)
            socket.transport.abort()
            return None
        return json.dumps({"request-id": number, "response": response})

    def _answer(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        if method in self.refuse and self.repeat > 0:
            self.repeat -= 1
            raise Refused(*self.refuse[method])
        if method == "Admin.Login":
            return self._login(request["params"])
        return self.controller.handle(request["type"], request["request"], request["params"])

    def _login(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.redirect is not None:
            raise Refused("redirection to alternative server required", "redirection required")
        self.passwords.append(params["credentials"])
        if params["credentials"] != self.password:
            raise Refused("invalid entity name or password", "unauthorized access")
        self.logins += 1
        return {
            "servers": self.servers,
            "model-tag": f"model-{UUID}",
            "controller-tag": "controller-1",
            "user-info": {
                "identity": params["auth-tag"],
                "controller-access": "login",
                "model-access": "write",
            },
            "facades": [
                {"name": name, "versions": versions} for name, versions in self.facades.items()
            ],
            "server-version": self.version,
        }


@contextlib.asynccontextmanager
async def served(*daemons: Daemon) -> AsyncIterator[None]:
    """Serve for the length of a block, and let the sockets end afterwards."""
    for daemon in daemons:
        await daemon.start()
    try:
        yield
    finally:
        for daemon in daemons:
            await daemon.stop()
        await asyncio.sleep(0)
