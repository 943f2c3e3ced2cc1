"""How to reach and log in to the model: handed over as a file that only its owner can read."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

from ..errors import BadInput, CouError


@dataclasses.dataclass(frozen=True)
class Access:
    """Controller addresses (``host:port``), its CA (PEM), the model and the account."""

    addresses: tuple[str, ...]
    cacert: str
    model_uuid: str
    model: str
    username: str
    password: str = dataclasses.field(repr=False)

    def write(self, path: pathlib.Path) -> None:
        """Write it, readable by its owner only, in one piece.

        Raises:
            CouError: the file cannot be written.
        """
        part = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(dataclasses.asdict(self), file)
            part.replace(path)
        except OSError as error:
            raise CouError(
                "credential-file",
                f"The credential file {path} cannot be written: {error.strerror}.",
                "Free some space there.",
            ) from None

    @classmethod
    def read(cls, path: pathlib.Path) -> Access:
        """Read what `write` wrote.

        Raises:
            BadInput: it is not there or not of that form.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                addresses=tuple(str(one) for one in data["addresses"]),
                cacert=str(data["cacert"]),
                model_uuid=str(data["model_uuid"]),
                model=str(data["model"]),
                username=str(data["username"]),
                password=str(data["password"]),
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadInput(
                "credential-file",
                f"The credential file {path} cannot be read ({type(error).__name__}).",
                "Run upgrade again: the charm writes it anew.",
            ) from None
