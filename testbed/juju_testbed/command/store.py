"""The client's own files: which controllers, models and accounts it knows.

Read from and written to ``$JUJU_DATA`` only; without it the command refuses to work, so that a
user's real Juju client is never touched. They are written in the part of YAML that JSON is, which
loads at once; YAML of any other kind is read too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from .errors import CommandError, usage


class Controller(NamedTuple):
    """A controller as ``controllers.yaml`` knows it."""

    name: str
    uuid: str
    endpoints: tuple[str, ...]
    ca_cert: str


class Account(NamedTuple):
    """Who logs in."""

    user: str
    password: str


class ModelRef(NamedTuple):
    """A model as ``models.yaml`` knows it; `name` is qualified: ``admin/openstack``."""

    name: str
    uuid: str

    @property
    def short_name(self) -> str:
        """The name without its owner."""
        return self.name.rpartition("/")[2]


class ClientStore:
    """The files below one folder."""

    def __init__(self, folder: str | os.PathLike[str]):
        self._folder = folder

    @classmethod
    def from_environment(cls) -> ClientStore:
        """Use ``$JUJU_DATA``.

        Raises:
            CommandError: it is not set.
        """
        folder = os.environ.get("JUJU_DATA", "")
        if not folder:
            raise CommandError("JUJU_DATA is not set; this juju works on a testbed only")
        return cls(folder)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            with open(os.path.join(self._folder, name), encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return {}
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            import yaml  # somebody else has written it

            found = yaml.safe_load(text)
        return found or {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        os.makedirs(self._folder, exist_ok=True)
        path = os.path.join(self._folder, name)
        new = f"{path}.{os.getpid()}.new"  # others write too, each its own
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        os.replace(new, path)

    def controller(self, name: str = "") -> Controller:
        """Return a controller, the current one by default.

        Raises:
            CommandError: it is not known.
        """
        known = self._read("controllers.yaml")
        name = name or known.get("current-controller", "")
        entry = known.get("controllers", {}).get(name)
        if entry is None:
            raise CommandError(
                f"controller {name} not found" if name else "No controllers registered."
            )
        return Controller(name, entry["uuid"], tuple(entry["api-endpoints"]), entry["ca-cert"])

    def set_endpoints(self, controller: str, endpoints: Sequence[str]) -> None:
        """Remember where a controller is, as a client does with what a login tells it."""
        content = self._read("controllers.yaml")
        content["controllers"][controller]["api-endpoints"] = list(endpoints)
        self._write("controllers.yaml", content)

    def account(self, controller: str) -> Account:
        """Return who logs in to a controller.

        Raises:
            CommandError: nobody does.
        """
        entry = self._read("accounts.yaml").get("controllers", {}).get(controller)
        if entry is None:
            raise CommandError(f"account details for controller {controller} not found")
        return Account(entry["user"], entry.get("password", ""))

    def set_password(self, controller: str, password: str) -> None:
        """Remember a new password."""
        content = self._read("accounts.yaml")
        content["controllers"][controller]["password"] = password
        self._write("accounts.yaml", content)

    def models(self, controller: str) -> list[ModelRef]:
        """Return the known models of a controller."""
        entries = self._read("models.yaml").get("controllers", {}).get(controller, {})
        return [ModelRef(name, entry["uuid"]) for name, entry in entries.get("models", {}).items()]

    def current_model(self, controller: str) -> str:
        """Return the qualified name of the current model, empty if there is none."""
        entries = self._read("models.yaml").get("controllers", {}).get(controller, {})
        return str(entries.get("current-model", ""))

    def model(self, text: str = "") -> tuple[Controller, ModelRef]:
        """Find a model: ``[controller:][owner/]name`` or its uuid, else the current one.

        Raises:
            CommandError: there is no such model, or none is current.
        """
        text = text or os.environ.get("JUJU_MODEL", "")
        prefix, colon, name = text.rpartition(":")
        controller = self.controller(prefix if colon else "")
        name = name or self.current_model(controller.name)
        if not name:
            raise usage("No model selected.")
        for model in self.models(controller.name):
            if name in (model.name, model.short_name, model.uuid):
                return controller, model
        owner = "" if "/" in name else f"{self.account(controller.name).user}/"
        raise CommandError(f"model {controller.name}:{owner}{name} not found")

    def add_model(self, controller: str, model: ModelRef) -> None:
        """Remember a model."""
        content = self._read("models.yaml")
        entries = content["controllers"][controller].setdefault("models", {})
        entries[model.name] = {"uuid": model.uuid, "type": "iaas"}
        self._write("models.yaml", content)

    def remove_model(self, controller: str, name: str) -> None:
        """Forget a model; if it was the current one, none is."""
        content = self._read("models.yaml")
        entry = content["controllers"][controller]
        entry["models"].pop(name, None)
        if entry.get("current-model") == name:
            del entry["current-model"]
        self._write("models.yaml", content)

    def set_current(self, controller: str, model: str) -> None:
        """Make a model the current one."""
        content = self._read("controllers.yaml")
        content["current-controller"] = controller
        self._write("controllers.yaml", content)
        models = self._read("models.yaml")
        models["controllers"][controller]["current-model"] = model
        self._write("models.yaml", models)

    def write(self, controller: Controller, account: Account, models: list[ModelRef]) -> None:
        """Write all three files for one controller; its first model becomes the current one."""
        self._write(
            "controllers.yaml",
            {
                "controllers": {
                    controller.name: {
                        "uuid": controller.uuid,
                        "api-endpoints": list(controller.endpoints),
                        "ca-cert": controller.ca_cert,
                        "cloud": "testbed",
                        "type": "manual",
                        "controller-machine-count": 1,
                        "active-controller-machine-count": 1,
                    }
                },
                "current-controller": controller.name,
            },
        )
        entries = {model.name: {"uuid": model.uuid, "type": "iaas"} for model in models}
        current = {"current-model": models[0].name} if models else {}
        self._write(
            "models.yaml", {"controllers": {controller.name: {"models": entries, **current}}}
        )
        entry = {"user": account.user, "password": account.password}
        entry["last-known-access"] = "superuser"
        self._write("accounts.yaml", {"controllers": {controller.name: entry}})
