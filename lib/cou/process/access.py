"""How to reach and log in to the model, and its file in memory that only its owner can read."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput, CouError
from . import memory_files


@dataclasses.dataclass(frozen=True)
class Access:
    """Controller addresses (``host:port``), its CA (PEM), the model and the account."""

    addresses: tuple[str, ...]
    cacert: str
    model_uuid: str
    model: str
    username: str
    password: str = dataclasses.field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it, password and all, as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Access:
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError: it is not of that form.
        """
        return cls(
            addresses=tuple(str(one) for one in data["addresses"]),
            cacert=str(data["cacert"]),
            model_uuid=str(data["model_uuid"]),
            model=str(data["model"]),
            username=str(data["username"]),
            password=str(data["password"]),
        )

    def write(self, path: pathlib.Path) -> None:
        """Write it, readable by its owner only, in one piece, to a folder in memory.

        Raises:
            CouError: the file cannot be written, or would be on a disk: then nothing is.
        """
        part = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                if not memory_files.holds(descriptor):
                    part.unlink()
                    raise _on_disk(path, memory_files.kind(descriptor))
                json.dump(self.to_dict(), file)
            part.replace(path)
        except OSError as error:
            raise CouError("credential-file/write", path=path, reason=error.strerror) from None

    @classmethod
    def read(cls, path: pathlib.Path) -> Access:
        """Read what `write` wrote.

        Raises:
            BadInput: it is not there or not of that form.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadInput("credential-file/read", path=path, error=type(error).__name__) from None


def _on_disk(path: pathlib.Path, kind: str) -> CouError:
    return CouError("credential-file/on-disk", folder=path.parent, kind=kind or "unknown")
