"""Writes a file whole: whoever reads meanwhile finds the old one or the new one."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable


def write(
    path: pathlib.Path,
    content: str | bytes,
    mode: int = 0o600,
    check: Callable[[int], None] = lambda descriptor: None,
) -> None:
    """Put a file in a path's place, by way of a new file beside it, ``<name>.<process id>``.

    Nothing that somebody else has planted under either name is followed.

    Args:
        mode: of the file, whatever the umask.
        check: called with the open file before anything is in it; what it raises is passed on.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            check(descriptor)
            file.write(data)
            os.fchmod(descriptor, mode)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
