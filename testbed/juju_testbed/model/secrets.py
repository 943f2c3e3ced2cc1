"""User secrets: content by revision, grants to applications, what each unit has read."""

from __future__ import annotations

import dataclasses
import datetime
import random
import re
import string

from .applications import Applications
from .clock import whole_seconds
from .errors import ModelError

_KEY = re.compile(r"^[a-z](?:-?[a-z0-9]){2,}$")  # docs/reference/secret.md: 3 characters or more
_MAX_BYTES = 1024 * 1024


@dataclasses.dataclass
class Secret:
    """A user secret of the model; times have whole seconds."""

    id: str
    name: str
    owner: str
    revisions: list[dict[str, str]]
    created: datetime.datetime
    updated: datetime.datetime
    grants: set[str] = dataclasses.field(default_factory=set)  # application names
    read: dict[str, int] = dataclasses.field(default_factory=dict)  # unit -> revision tracked

    @property
    def uri(self) -> str:
        """The secret's URI, ``secret:<id>``."""
        return f"secret:{self.id}"


class Secrets(Applications):
    """What `juju add-secret` and `secret-get` do."""

    def add_secret(self, name: str, content: dict[str, str], by: str) -> str:
        """Add a user secret; return its URI.

        Raises:
            ModelError: the name is taken, or a key or the size is not allowed.
        """
        if name and any(secret.name == name for secret in self.secrets.values()):
            raise ModelError(f'secret with name "{name}" already exists', "already exists")
        _check(content)
        draw = random.Random(f"{self.uuid}-{self.next_id('secret')}")
        id = "".join(draw.choices(string.ascii_lowercase[:22] + string.digits[:10], k=20))
        now = whole_seconds(self.clock.now())
        self.secrets[id] = Secret(id, name, by, [dict(content)], now, now)
        self.asked("Secrets.CreateSecrets", by, secret=id, name=name)  # never the content
        return self.secrets[id].uri

    def update_secret(self, name: str, content: dict[str, str], by: str) -> None:
        """Add a revision; units that have read an older one get secret-changed."""
        secret = self.find_secret(name)
        _check(content)
        secret.revisions.append(dict(content))
        secret.updated = whole_seconds(self.clock.now())
        self.asked("Secrets.UpdateSecrets", by, secret=secret.id, name=secret.name)
        for unit in sorted(secret.read):
            if unit in self.units:
                self.queue_hook(unit, "secret-changed", {"id": secret.uri})

    def grant_secret(self, name: str, application: str, by: str) -> None:
        """Let an application read a secret; no hook fires."""
        self.application(application)
        secret = self.find_secret(name)
        self.asked("Secrets.GrantSecret", by, application=application, secret=secret.id)
        secret.grants.add(application)

    def revoke_secret(self, name: str, application: str, by: str) -> None:
        """Take the right to read a secret away; no hook fires."""
        secret = self.find_secret(name)
        self.asked("Secrets.RevokeSecret", by, application=application, secret=secret.id)
        secret.grants.discard(application)

    def read_secret(
        self, name: str, unit: str, *, refresh: bool = False, peek: bool = False
    ) -> dict[str, str]:
        """Return a secret's content for a unit, as `secret-get` does.

        Without `refresh` a unit keeps the revision that it read first; `peek` shows the newest
        and changes nothing.

        Raises:
            ModelError: ``not found``, or ``unauthorized access`` where it was not granted.
        """
        secret = self.find_secret(name)
        if self.unit(unit).application not in secret.grants:
            raise ModelError("permission denied", "unauthorized access")
        newest = len(secret.revisions)
        if peek:
            return dict(secret.revisions[-1])
        tracked = newest if refresh else secret.read.get(unit, newest)
        secret.read[unit] = tracked
        return dict(secret.revisions[tracked - 1])

    def find_secret(self, name: str) -> Secret:
        """Find a secret by URI, id or name.

        Raises:
            ModelError: there is none.
        """
        id = name.removeprefix("secret:").rpartition("/")[2]
        for secret in self.secrets.values():
            if secret.id == id or secret.name == name:
                return secret
        raise ModelError(f'secret "{name}" not found', "secret not found")


def _check(content: dict[str, str]) -> None:
    if not content:
        raise ModelError("empty secret content not valid", "not valid")
    for key in content:
        if not _KEY.match(key):
            raise ModelError(f'key "{key}" not valid', "not valid")
    if sum(len(key) + len(value) for key, value in content.items()) > _MAX_BYTES:
        raise ModelError("secret content exceeding 1048576 bytes not valid", "not valid")
