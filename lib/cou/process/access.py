"""How to reach and log in to the model, and its file in memory that only its owner can read."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from .. import whole_file
from ..errors import BadInput, CouError

_IN_MEMORY = ("tmpfs", "ramfs")


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

        def check(descriptor: int) -> None:
            if not holds(descriptor):
                kind = _file_system(descriptor) or "unknown"
                raise CouError("credential-file/on-disk", folder=path.parent, kind=kind)

        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole_file.write(path, json.dumps(self.to_dict()), check=check)
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


def _file_system(descriptor: int) -> str:
    """Return the type of the file system that an open file lies on; empty where it is unknown.

    By the device, which /proc/self/mountinfo names for every mount (proc_pid_mountinfo(5)).
    """
    device = os.fstat(descriptor).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return ""


def holds(descriptor: int) -> bool:
    """Return whether an open file lies in memory: it then reaches no disk (but swap)."""
    return _file_system(descriptor) in _IN_MEMORY
