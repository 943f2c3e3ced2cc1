"""add-user, change-user-password, grant, revoke, users, whoami."""

from __future__ import annotations

import base64
import getpass
import sys
from typing import Any

from . import output
from .command import Command, Context, Parser
from .errors import CommandError, RPCError

MODEL_LEVELS = ("read", "write", "admin")
CONTROLLER_LEVELS = ("login", "superuser")


def _add_arguments(parser: Parser) -> None:
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("user")
    parser.add_argument("display_name", nargs="?", default="")


def add_user(context: Context) -> int:
    """Add a user, who has no password yet."""
    name = context.options.user
    request = {"username": name, "display-name": context.options.display_name, "password": ""}
    result = context.controller_api.one("UserManager", "AddUser", {"users": [request]})
    secret = bytes(result.get("secret-key") or b"")
    addresses = ",".join(context.controller.endpoints)
    token = base64.b64encode(f"{name} {addresses} ".encode() + secret).decode()
    print(f'User "{name}" added')
    print(f"Please send this command to {name}:\n    juju register {token}\n")
    print(
        f'"{name}" has not been granted access to any models. '
        'You can use "juju grant" to grant access.'
    )
    return 0


def _password_arguments(parser: Parser) -> None:
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("--no-prompt", action="store_true")
    parser.add_argument("--reset", action="store_true")
    parser.add_argument("user", nargs="?", default="")


def change_user_password(context: Context) -> int:
    """Set a password: one's own by default; with --no-prompt the first line of stdin."""
    if context.options.reset:
        raise CommandError("change-user-password --reset is not supported by this testbed")
    controller = context.controller
    own = context.store.account(controller.name).user
    user = context.options.user or own
    if context.options.no_prompt:
        output.info("reading password from stdin...")
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("new password: ")
        if getpass.getpass("type new password again: ") != password:
            raise CommandError("Passwords do not match.")
    if not password:
        raise CommandError("you must enter a password")
    change = {"tag": f"user-{user}", "password": password}
    context.controller_api.one("UserManager", "SetPassword", {"changes": [change]})
    if user == own:
        context.store.set_password(controller.name, password)
        output.info("Your password has been changed.")
    else:
        output.info(f'Password for "{user}" has been changed.')
    return 0


def _access_arguments(parser: Parser) -> None:
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("user")
    parser.add_argument("access")
    parser.add_argument("models", nargs="*")


def _change_access(context: Context, action: str) -> int:
    options = context.options
    user = f"user-{options.user}"
    if not options.models:
        if options.access not in CONTROLLER_LEVELS:
            raise CommandError(
                f'You have specified a model access permission "{options.access}", '
                "but no model was named."
            )
        change = {"user-tag": user, "action": action, "access": options.access}
        context.controller_api.one("Controller", "ModifyControllerAccess", {"changes": [change]})
        return 0
    if options.access not in MODEL_LEVELS:
        raise CommandError(f'"{options.access}" is not a valid model access level')
    for name in options.models:
        _, model = context.store.model(name)
        change = {
            "user-tag": user,
            "action": action,
            "access": options.access,
            "model-tag": f"model-{model.uuid}",
        }
        try:
            context.controller_api.one("ModelManager", "ModifyModelAccess", {"changes": [change]})
        except RPCError as error:
            if action == "grant" and "already has" in str(error):
                raise CommandError(f"could not grant model access: {error}") from error
            raise
    return 0


def grant(context: Context) -> int:
    """Give a user access to models, or to the controller."""
    return _change_access(context, "grant")


def revoke(context: Context) -> int:
    """Take access away."""
    return _change_access(context, "revoke")


def _controller_argument(parser: Parser) -> None:
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("--all", action="store_true")


def users(context: Context) -> int:
    """List the controller's users."""
    params = {"entities": [], "include-disabled": context.options.all}
    found = context.controller_api.call("UserManager", "UserInfo", params)["results"]
    shown: list[dict[str, Any]] = []
    for result in found:
        user = result["result"]
        shown.append(
            {
                "user-name": user["username"],
                "display-name": user.get("display-name", ""),
                "access": user["access"],
                "date-created": (user.get("date-created") or "")[:10],
                "last-connection": output.since(context, user.get("last-connection"))
                or "never connected",
            }
        )
    output.write(context, shown, lambda value: _table(context, value))
    return 0


def _table(context: Context, shown: list[dict[str, Any]]) -> str:
    own = context.store.account(context.controller.name).user
    rows = [["Name", "Display name", "Access", "Date created", "Last connection"]]
    for user in shown:
        name = user["user-name"] + ("*" if user["user-name"] == own else "")
        rest = [user[k] for k in ("display-name", "access", "date-created", "last-connection")]
        rows.append([name, *rest])
    return f"Controller: {context.controller.name}\n\n" + output.table(rows)


def whoami(context: Context) -> int:
    """Say who is logged in where."""
    controller = context.controller
    shown = {
        "controller": controller.name,
        "model": context.store.current_model(controller.name),
        "user": context.store.account(controller.name).user,
    }
    output.write(
        context,
        shown,
        lambda value: output.table([[f"{k.capitalize()}:", v] for k, v in value.items()]),
    )
    return 0


COMMANDS = {
    "add-user": Command(
        "Adds a Juju user to a controller.", add_user, _add_arguments, of_model=False
    ),
    "change-user-password": Command(
        "Changes the password for the current or specified Juju user.",
        change_user_password,
        _password_arguments,
        of_model=False,
    ),
    "grant": Command(
        "Grants access level to a Juju user for a model or controller.",
        grant,
        _access_arguments,
        of_model=False,
    ),
    "revoke": Command(
        "Revokes access from a Juju user for a model or controller.",
        revoke,
        _access_arguments,
        of_model=False,
    ),
    "users": Command(
        "Lists Juju users allowed to connect to a controller or model.",
        users,
        _controller_argument,
        ("tabular", "json", "yaml"),
        of_model=False,
    ),
    "whoami": Command(
        "Print current login details.",
        whoami,
        _controller_argument,
        ("tabular", "json", "yaml"),
        of_model=False,
    ),
}
