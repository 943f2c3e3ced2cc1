"""The Juju account that the operator gave the charm, from a user secret."""

from __future__ import annotations

import hashlib
import os

import ops
from cou.control import account_secret
from cou.control.account_secret import Credentials
from cou.process.access import Access

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
    if not uri:
        raise account_secret.not_set(application)
    try:
        # Reading with `refresh` is what makes Juju tell of the next update.
        content = model.get_secret(id=uri).get_content(refresh=True)
    except ops.SecretNotFoundError:
        raise account_secret.not_found(uri, application) from None
    except ops.ModelError as error:
        raise account_secret.unreadable(uri, application, str(error)) from None
    return account_secret.checked(uri, content)


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
