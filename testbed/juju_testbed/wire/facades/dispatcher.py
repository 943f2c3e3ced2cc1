"""Finds the method that a request names, checks who asks, and calls it."""

from __future__ import annotations

import json
from typing import Any

from ...model.access import User, permission_denied
from ...model.controller import Controller
from ...model.errors import ModelError
from ...model.model import Model
from ..errors import WireError
from . import (
    action,
    admin,
    annotations,
    application,
    block,
    charms,
    client,
    controllers,
    deploying,
    model_config,
    model_manager,
    releases,
    resources,
    secrets,
    testbed,
    user_manager,
    watchers,
)
from .facade import Call, Facade, Handler, Method

_ = deploying  # adds its methods to the Application facade
FACADES: dict[str, Facade] = {
    facade.name: facade
    for facade in (
        action.FACADE,
        admin.FACADE,
        admin.PINGER,
        annotations.FACADE,
        application.FACADE,
        block.FACADE,
        charms.FACADE,
        client.FACADE,
        controllers.FACADE,
        model_config.FACADE,
        model_manager.FACADE,
        resources.FACADE,
        secrets.FACADE,
        testbed.FACADE,
        user_manager.FACADE,
        watchers.ALL,
        watchers.STRINGS,
    )
}


class Dispatcher:
    """One session: a connection's calls, over the wire or in process.

    Args:
        controller: whose API it is.
        model_uuid: the model of a ``/model/<uuid>/api`` connection, None for ``/api``.
        user: who has logged in, by name; None until `Admin.Login` is called.

    Raises:
        ModelError: there is no such model or user.
    """

    def __init__(self, controller: Controller, model_uuid: str | None, user: str | None = None):
        self.controller = controller
        self.model: Model | None = controller.model(model_uuid) if model_uuid else None
        self.user: User | None = controller.user(user) if user else None
        self.watchers: dict[str, Any] = {}

    def extend(self, name: str, handler: Handler) -> None:
        """Give the ``Testbed`` facade a method, on every session of this controller."""
        self.controller.extensions[name] = handler

    def facades(self) -> list[dict[str, Any]]:
        """Return what Login announces for this kind of connection.

        `Testbed` is served but not announced: clients would warn of a facade they do not know.
        """
        kind = "model" if self.model else "controller"
        versions = releases.served(self.controller.version)
        return [
            {"name": facade.name, "versions": list(versions[facade.name])}
            for facade in sorted(FACADES.values(), key=lambda facade: facade.name)
            if facade.scope in (kind, "both")
            and facade.name not in ("Admin", "Testbed")
            and versions[facade.name]
        ]

    async def call(
        self,
        facade: str,
        version: int,
        object_id: str,
        method: str,
        params: dict[str, Any] | None,
    ) -> dict[str, Any]:
        """Call a method; the reply, and parameters of what does more than read, are copies.

        Raises:
            WireError: the call failed as a whole.
        """
        found = self._find(facade, version, method)
        user = self.user
        if facade == "Admin" and method == "Login":
            user = user or User("", "")
        elif user is None:
            raise WireError("not logged in", "unauthorized access")
        params = params or {}
        if found.level != "read":
            params = json.loads(json.dumps(params))
        call = Call(self.controller, user, params, version, object_id or "", self)
        try:
            self._check(found.level, user)
            if found.changes and self.model is not None:
                _check_blocks(self.model)
            reply = await found.handler(call)
            self._refused_elements(facade, method, user, found.changes, reply)
        except ModelError as error:
            self._refused(facade, method, user, error, found.changes, params)
            raise WireError(error.message, error.code, error.info) from error
        except WireError as error:
            self._refused(facade, method, user, error, found.changes, params)
            raise
        # A copy of a large status costs as much as the status itself.
        return reply if found.fresh else json.loads(json.dumps(reply))

    def _find(self, name: str, version: int, method: str) -> Method:
        """Find a method; the texts are those of Juju 3 (juju rpc/rpcreflect/value.go)."""
        facade = FACADES.get(name)
        kind = "model" if self.model else "controller"
        if facade is None or facade.scope not in (kind, "both"):
            raise WireError(f'unknown object type "{name}"', "not implemented")
        if version not in releases.served(self.controller.version)[name]:
            raise WireError(
                f'unknown version ({version}) of interface "{name}"', "not implemented"
            )
        found = facade.methods.get(method)
        if found is not None and version >= found.since:
            return found
        if facade is testbed.FACADE and method in self.controller.extensions:
            return testbed.extension(self.controller.extensions[method])
        raise WireError(
            f"no such request - method {name}({version}).{method} is not implemented",
            "not implemented",
        )

    def _check(self, level: str, user: User) -> None:
        """Check the access that a method needs."""
        if level == "superuser" or (level == "admin" and self.model is None):
            if user.controller_access != "superuser":
                raise permission_denied()
        elif level and self.model is not None and not user.may(self.model.uuid, level):
            raise permission_denied()

    def _refused(
        self,
        facade: str,
        method: str,
        user: User,
        error: ModelError | WireError,
        changes: bool,
        params: dict[str, Any],
    ) -> None:
        """Write a refused change to the log of operations; never what a secret holds."""
        if changes and self.model is not None:
            shown = {} if facade == "Secrets" else params
            self.model.asked(f"{facade}.{method}", user.name, error.message, params=shown)

    def _refused_elements(
        self, facade: str, method: str, user: User, changes: bool, reply: dict[str, Any]
    ) -> None:
        """Write the refused elements of a bulk change; actions are written by the model."""
        if not changes or self.model is None:
            return
        for index, one in enumerate(reply.get("results", [])):
            if isinstance(one, dict) and "error" in one and "action" not in one:
                text = one["error"]["message"]
                self.model.asked(f"{facade}.{method}", user.name, text, element=index)


def _check_blocks(model: Model) -> None:
    """Refuse a change that the model's blocks forbid (juju disable-command)."""
    if "all-changes" in model.blocks or "BlockChange" in model.blocks:
        text = model.blocks.get("all-changes") or model.blocks.get("BlockChange") or ""
        raise ModelError(text or "the operation has been blocked", "operation is blocked")
