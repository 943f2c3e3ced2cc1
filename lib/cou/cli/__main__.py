"""Where the command begins: signals first, everything heavy afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..process import processes
from .signals import Signals


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with its exit code."""
    signals = Signals()
    signals.install()
    processes.leave_no_core()
    # Late: click, rich and the engine take a tenth of a second, during which a signal must count.
    from . import command_process

    code = command_process.run(sys.argv[1:] if arguments is None else arguments, signals)
    # No thread that was left behind, waiting for a controller, may hold up the end.
    os._exit(code)


if __name__ == "__main__":
    main()
