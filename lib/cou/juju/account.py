"""Who logs in, and where a controller sends one to."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Account:
    """A user of the controller."""

    username: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Redirect:
    """A controller's word that the model is elsewhere now.

    Attributes:
        addresses: ``host:port`` of the new controllers.
        cacert: their CA certificate (PEM).
    """

    addresses: tuple[str, ...]
    cacert: str
