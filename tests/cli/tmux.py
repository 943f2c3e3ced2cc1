"""A terminal that knows what its screen shows: tmux, driven as a user drives it."""

from __future__ import annotations

import shlex
import subprocess
import time

QUESTION = "Continue (y/N):"


class Tmux:
    """A terminal on a server of its own, so that nobody else's tmux is touched.

    Args:
        folder: for the server's socket.
        environment: of the command.
        words: the command.
        size: columns and rows.
    """

    def __init__(self, folder, environment, words, size):
        self._socket = str(folder / "tmux")
        variables = [f"{name}={value}" for name, value in environment.items()]
        command = shlex.join(["env", "-i", *variables, "COLORTERM=truecolor", *words])
        # The prompt is part of the picture; the shell outlives the command and its ctrl+c.
        line = f"trap : INT; printf '$ cou upgrade\\n'; {command}; printf '$ '; exec sleep 600"
        columns, rows = map(str, size)
        new = ("new-session", "-d", "-x", columns, "-y", rows, "/bin/sh", "-c", line)
        self._do("-f", "/dev/null", *new)

    def _do(self, *words):
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words], capture_output=True, text=True, check=True
        )
        return done.stdout

    def shows(self):
        """Return what is on the screen, as text."""
        return self._do("capture-pane", "-p")

    def until(self, *wanted, timeout_s=120):
        """Wait until all of it is on the screen at once."""
        self._until(lambda shown: all(one in shown for one in wanted), wanted, timeout_s)

    def say_yes(self):
        """Wait for a question, and answer it."""
        self._until(lambda shown: shown.rstrip().endswith(QUESTION), QUESTION)
        self.type("y", "Enter")
        self._until(lambda shown: not shown.rstrip().endswith((QUESTION, f"{QUESTION} y")), "y")

    def _until(self, check, what, timeout_s=120):
        deadline = time.monotonic() + timeout_s
        while not check(self.shows()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} never came:\n{self.shows()}")
            time.sleep(0.1)

    def type(self, *keys):
        self._do("send-keys", *keys)

    def colours(self):
        """Return what is on the screen, with what colours it."""
        return self._do("capture-pane", "-p", "-e").rstrip("\n")

    def scrolled(self):
        """Return all that is on the screen and above it, as lines without their wrapping."""
        return self._do("capture-pane", "-p", "-J", "-S", "-")

    def close(self):
        self._do("kill-server")
