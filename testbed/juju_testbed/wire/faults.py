"""Where faults come in: an object that is asked on each connection and around each call.

The base class does nothing; a test or the control room overrides what it wants to break.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Protocol


class Verdict(enum.Enum):
    """What to do with a connection, a call or a reply."""

    PASS = "pass"
    DROP = "drop"  # cut the connection without a closing handshake
    SILENCE = "silence"  # no reply, ever; other calls go on
    CUT = "cut"  # half of the reply's frame goes out, then the connection is cut
    LATE = "late"  # cut the connection; the call takes effect `late_s` later


class Link(Protocol):
    """A connection, as a fault sees it."""

    path: str

    def drop(self) -> None:
        """Cut the TCP connection."""
        ...

    def freeze(self) -> None:
        """Read nothing more: no requests, no pongs."""
        ...

    def thaw(self) -> None:
        """Read again."""
        ...


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request as it came: facade, version, method, parameters, and the link it came over."""

    link: Link
    user: str
    facade: str
    version: int
    method: str
    params: dict[str, Any]


class Faults:
    """Lets everything pass. Any method may sleep first: that makes a slow network.

    Attributes:
        late_s: real seconds until a call with the verdict LATE takes effect.

    `before` and `after` may also raise `errors.WireError`: the client then gets that error. From
    `after` it gets the error although the change was made.
    """

    late_s = 1.0

    async def connecting(self, path: str) -> Verdict:
        """Decide on a TLS connection that asks for a path; DROP cuts it before the handshake."""
        return Verdict.PASS

    async def before(self, seen: Seen) -> Verdict:
        """Decide on a request; with DROP and SILENCE it has no effect."""
        return Verdict.PASS

    async def after(self, seen: Seen) -> Verdict:
        """Decide on a reply; with DROP and SILENCE the effect stays and the reply is lost."""
        return Verdict.PASS

    def reply(self, seen: Seen, response: dict[str, Any]) -> dict[str, Any]:
        """Give what is answered: what the call gave, or something else."""
        return response
