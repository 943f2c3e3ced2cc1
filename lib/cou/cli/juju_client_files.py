"""The Juju client's own files: which controllers, models and accounts it knows.

They lie in ``$JUJU_DATA``, else in ``$XDG_DATA_HOME/juju``, else in ``~/.local/share/juju``:
controllers.yaml, models.yaml, accounts.yaml (Juju jujuclient/file.go). They are only read.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any, cast

import yaml

from ..errors import BadInput
from ..juju.account import Account
from ..process.access import Access

_OWN_ACCOUNT = (
    "Make an account with `juju add-user`, `juju change-user-password` and "
    "`juju grant USER admin MODEL`, and give it with --login FILE."
)


def folder(environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Return the client's folder."""
    if given := environ.get("JUJU_DATA"):
        return pathlib.Path(given)
    data = environ.get("XDG_DATA_HOME") or str(pathlib.Path.home() / ".local" / "share")
    return pathlib.Path(data) / "juju"


def find(
    wanted: str, login: pathlib.Path | None = None, environ: Mapping[str, str] = os.environ
) -> Access:
    """Return how to reach a model.

    Args:
        wanted: ``[controller:][owner/]model`` or the model's UUID; empty for ``$JUJU_MODEL``, else
            the model that the client is switched to.
        login: a YAML file with username and password, instead of the client's account.

    Returns:
        Where the model is and the account, which may lack a password (`checked`).

    Raises:
        BadInput: no such controller or model; it says which command helps.
    """
    data = _Data(folder(environ))
    controller, _, name = (wanted or environ.get("JUJU_MODEL", "")).rpartition(":")
    controller = controller or environ.get("JUJU_CONTROLLER", "") or data.current_controller()
    endpoints, cacert = data.controller(controller)
    user, password = data.account(controller)
    title, uuid = data.model(controller, name, user)
    chosen = read_login(login) if login else Account(user, password)
    return Access(endpoints, cacert, uuid, title, chosen.username, chosen.password)


def checked(access: Access) -> Access:
    """Return how to reach a model if one can log in with it; a journal is found without.

    Raises:
        BadInput: there is no password; it says where to get one.
    """
    if not access.addresses:
        raise BadInput("no-controller-address/checked")
    if not access.username:
        raise BadInput("no-account", browser=_OWN_ACCOUNT)
    if not access.password:
        raise BadInput("account-without-password", username=access.username)
    return access


def names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return all models that the client knows, as ``controller:owner/model``."""
    data = _Data(folder(environ))
    found = _map(data.models.get("controllers"))
    return sorted(
        f"{controller}:{model}"
        for controller, entry in found.items()
        for model in _map(_map(entry).get("models"))
    )


def read_login(path: pathlib.Path) -> Account:
    """Read a YAML file with ``username`` and ``password``, as the charm's secret has them.

    Raises:
        BadInput: it cannot be read or lacks one of them.
    """
    content = _load(path)
    username, password = content.get("username"), content.get("password")
    if not isinstance(username, str) or not isinstance(password, str) or not password:
        raise BadInput("login-file", path=path)
    return Account(username, password)


class _Data:
    """The three files of one folder."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._controllers = _load(folder / "controllers.yaml")
        self.models = _load(folder / "models.yaml")
        self._accounts = _load(folder / "accounts.yaml")

    def current_controller(self) -> str:
        name = str(self._controllers.get("current-controller") or "")
        if name:
            return name
        known = ", ".join(sorted(_map(self._controllers.get("controllers"))))
        if known:
            raise BadInput("no-controller-selected", known=known)
        raise BadInput("no-juju-client-data", folder=self._folder)

    def controller(self, name: str) -> tuple[tuple[str, ...], str]:
        """Return the addresses and the CA of a controller."""
        known = _map(self._controllers.get("controllers"))
        if name not in known:
            raise BadInput(
                "controller-unknown", name=f"{name!r}", known=", ".join(sorted(known)) or "none"
            )
        entry = _map(known[name])
        listed = entry.get("api-endpoints")
        endpoints = [str(one) for one in cast("list[Any]", listed)] if listed else []
        return tuple(endpoints), str(entry.get("ca-cert") or "")

    def account(self, controller: str) -> tuple[str, str]:
        """Return user and password; either may be empty."""
        entry = _map(_map(self._accounts.get("controllers")).get(controller))
        return str(entry.get("user") or ""), str(entry.get("password") or "")

    def model(self, controller: str, wanted: str, user: str) -> tuple[str, str]:
        """Return a model's name, without its owner, and its UUID."""
        entry = _map(_map(self.models.get("controllers")).get(controller))
        known = {
            name: str(_map(one).get("uuid")) for name, one in _map(entry.get("models")).items()
        }
        name = wanted or str(entry.get("current-model") or "")
        if not name:
            raise BadInput("no-model-selected", controller=f"{controller!r}")
        found = _matching(known, name, user)
        if len(found) != 1:
            raise _no_model(controller, name, sorted(found or known), ambiguous=bool(found))
        return found[0].rpartition("/")[2], known[found[0]]


def _matching(known: Mapping[str, str], name: str, user: str) -> list[str]:
    """Return the qualified names that a name may mean; one's own model comes before others'."""
    if name in known:
        return [name]
    if f"{user}/{name}" in known:
        return [f"{user}/{name}"]
    return [one for one, uuid in known.items() if name in (one.rpartition("/")[2], uuid)]


def _no_model(controller: str, name: str, known: list[str], *, ambiguous: bool) -> BadInput:
    what = "more than one model" if ambiguous else "no model"
    listed = ", ".join(known) or "none"
    return BadInput(
        "model-ambiguous" if ambiguous else "model-unknown",
        f"The Juju client knows {what} {name!r} on the controller {controller!r}: {listed}.",
        "Run `juju models` (it also brings the client up to date), then give its full name with "
        "--model.",
    )


def _load(path: pathlib.Path) -> Mapping[str, Any]:
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # The accounts hold passwords, and an error of YAML quotes the line: only its class.
        raise BadInput("juju-client-data/load-2", path=path, error=type(error).__name__) from None
    if isinstance(content, dict):
        return cast("dict[str, Any]", content)
    if content is None:
        return {}
    raise BadInput("juju-client-data/load", path=path)


def _map(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
