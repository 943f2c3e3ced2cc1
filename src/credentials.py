"""The Juju account that the operator gave the charm, from a user secret."""

from __future__ import annotations

import dataclasses
import hashlib
import os

import ops
from cou.errors import BadInput
from cou.ours import PLAN, say
from cou.run.access import Access

OPTION = "credentials"

# Codes by which the controller says that it does not take the account, or is none for us.
REFUSALS = frozenset(
    (
        "login-refused",
        "permission-denied",
        "certificate-refused",
        "bad-ca-certificate",
        "juju-unsupported",
    )
)


@dataclasses.dataclass(frozen=True)
class Credentials:
    """A Juju user's name and password; `cacert` replaces the agent's CA where it is not empty."""

    username: str
    password: str = dataclasses.field(repr=False)
    cacert: str = ""


def read(model: ops.Model, uri: str, application: str) -> Credentials:
    """Read the newest content of the secret.

    Granting a secret fires no hook, so this is called by every event that needs
    the account, not only when the option changes.

    Args:
        model: where the secret is read; needs a hook's context.
        uri: value of the option `credentials`, ``secret:<id>``.
        application: name of this application, for the command that mends a failure.

    Raises:
        BadInput: with its own code for: not set, not granted, not found, keys missing or wrong.
    """
    setting = f"Run: juju config {application} {OPTION}=<secret URI>"
    if not uri:
        raise BadInput("credentials-not-set", "No credentials are set.", setting)
    try:
        # Reading with `refresh` is what makes Juju tell of the next update.
        content = model.get_secret(id=uri).get_content(refresh=True)
    except ops.SecretNotFoundError:
        raise BadInput(
            "credentials-not-found", f"The secret {uri} is not found.", setting
        ) from None
    except ops.ModelError as error:
        raise _unreadable(uri, application, str(error)) from None
    return _checked(uri, content)


def fingerprint(access: Access, salt: str = "") -> str:
    """Return what tells an account from another one, and does not give it away.

    Args:
        access: with the account: its name, its password, and the CA that it is trusted to.
        salt: that of an earlier fingerprint, to compare with it; a new one where empty.

    Returns:
        ``<salt>:<scrypt>``, both in hexadecimal digits.
    """
    salt = salt or os.urandom(16).hex()
    text = "\0".join((access.username, access.password, access.cacert)).encode()
    found = hashlib.scrypt(text, salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32)
    return f"{salt}:{found.hex()}"


def is_fingerprint_of(mark: str, access: Access) -> bool:
    """Tell whether a fingerprint is this account's."""
    return mark == fingerprint(access, mark.partition(":")[0])


def not_granted(uri: str, application: str) -> BadInput:
    """Say that the secret was not granted.

    Juju tells no charm of a grant: for a while the charm has itself looked at again.
    """
    return BadInput(
        "credentials-not-granted",
        "The credentials are not granted.",
        say(f"Run: juju grant-secret {uri} {application}, then: ", PLAN),
    )


def _unreadable(uri: str, application: str, text: str) -> BadInput:
    if "permission denied" in text.lower():
        return not_granted(uri, application)
    # Juju's text first: it may be a bad URI, or a controller that does not answer.
    return BadInput(
        "credentials-unreadable",
        f"The secret {uri} cannot be read: {text.strip()}.",
        say("Mend that, then: ", PLAN),
    )


def _checked(uri: str, content: dict[str, str]) -> Credentials:
    missing = [key for key in ("username", "password") if not content.get(key, "").strip()]
    if missing:
        raise BadInput(
            "credentials-incomplete",
            f"The credentials lack {' and '.join(missing)}.",
            f"Run: juju update-secret {uri} --file=<login.yaml>",
        )
    username = content["username"].strip()
    if "@" in username and not username.endswith("@local"):
        raise BadInput(
            "credentials-external",
            f"The account {username} is not a user of the controller itself.",
            "Use one made with: juju add-user",
        )
    return Credentials(username, content["password"], content.get("ca-cert", "").strip())
