"""The Juju account that the charm was given in a user secret: what may be wrong with it.

The charm's actions and the command on the unit read the secret in ways of their own, and refuse
the same with the same words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..errors import BadInput
from ..process.access import Access
from .unit_environment import UnitEnvironment

OPTION = "credentials"


@dataclasses.dataclass(frozen=True)
class Credentials:
    """A Juju user's name and password; `cacert` replaces the agent's CA where it is not empty."""

    username: str
    password: str = dataclasses.field(repr=False)
    cacert: str = ""

    def at(self, around: UnitEnvironment) -> Access:
        """Return how to log in with it from a unit."""
        return Access(
            addresses=around.addresses,
            cacert=self.cacert or around.cacert,
            model_uuid=around.model_uuid,
            model=around.model,
            username=self.username,
            password=self.password,
        )


def checked(uri: str, content: Mapping[str, str]) -> Credentials:
    """Return the account that a secret holds.

    Raises:
        BadInput: keys are missing, or it is no user of the controller.
    """
    missing = [key for key in ("username", "password") if not content.get(key, "").strip()]
    if missing:
        raise BadInput("credentials-incomplete", missing=" and ".join(missing), uri=uri)
    username = content["username"].strip()
    if "@" in username and not username.endswith("@local"):
        raise BadInput("credentials-external", username=username)
    return Credentials(username, content["password"], content.get("ca-cert", "").strip())


def not_set(application: str) -> BadInput:
    """Say that the charm was given no secret."""
    return BadInput("credentials-not-set", "No credentials are set.", _setting(application))


def not_found(uri: str, application: str) -> BadInput:
    """Say that there is no such secret."""
    return BadInput(
        "credentials-not-found", f"The secret {uri} is not found.", _setting(application)
    )


def not_granted(uri: str, application: str) -> BadInput:
    """Say that the secret was not granted.

    Juju tells no charm of a grant: for a while the charm has itself looked at again.
    """
    return BadInput("credentials-not-granted", uri=uri, application=application)


def unreadable(uri: str, application: str, text: str) -> BadInput:
    """Say why Juju does not give the secret, by what it says."""
    if "permission denied" in text.lower():
        return not_granted(uri, application)
    if "not found" in text.lower():
        return not_found(uri, application)
    # Juju's text first: it may be a bad URI, or a controller that does not answer.
    return BadInput("credentials-unreadable", uri=uri, strip=text.strip())


def _setting(application: str) -> str:
    return f"Run: juju config {application} {OPTION}=SECRET-URI"
