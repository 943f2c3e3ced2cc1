"""What the operating system refused, in words that say what to do next."""

from __future__ import annotations

import errno

from ..errors import CouError

_REFUSED = (errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def of_file(error: OSError) -> CouError:
    """Return the error of a file or folder that could not be used."""
    seen = f"{error.filename} cannot be used: {error.strerror}."
    if error.errno in _FULL:
        return CouError("disk-full", seen, "Free some space there, then run the command again.")
    if error.errno in _REFUSED:
        return CouError(
            "file-refused",
            seen,
            "On a unit, run it with sudo. Elsewhere see whose it is (ls -ld), or set "
            "XDG_STATE_HOME to a folder of your own.",
        )
    return CouError("file-unusable", path=error.filename, reason=error.strerror)
