"""A real pseudo-terminal with a command in it, driven as a user drives it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")
CTRL_C = b"\x03"
CTRL_BACKSLASH = b"\x1c"


class Terminal:
    """Runs ``cou`` as the session leader of its own terminal, so that keys become signals.

    Args:
        arguments: of the command.
        environment: of the command.
        columns: the terminal's width.
        program: what is run, instead of this interpreter's own cou.
    """

    def __init__(self, arguments, environment, columns=200, program=None):
        self.output = ""
        self.mark = 0
        self._status = None
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            try:
                # As a login shell starts it, also where the tests run in a background that
                # ignores them.
                for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
                    signal.signal(number, signal.SIG_DFL)
                command = [*(program or (sys.executable, "-m", "cou.cli")), *arguments]
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

    @property
    def text(self):
        """All output so far, without what moves the cursor or colours it."""
        return _ANSI.sub("", self.output).replace("\r", "\n")

    def read(self, timeout_s=0.1):
        """Read what comes within a moment; False when the terminal is closed."""
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.output += data.decode(errors="replace")
        return bool(data)

    def until(self, wanted, timeout_s=240.0):
        """Read until a text has come since the last call that waited for one."""
        deadline = time.monotonic() + timeout_s
        while wanted not in self.text[self.mark :]:
            assert time.monotonic() < deadline, f"{wanted!r} did not come:\n{self.text}"
            assert self.read(), f"ended without {wanted!r}:\n{self.text}"
        self.mark = self.text.index(wanted, self.mark) + len(wanted)

    def type(self, data):
        os.write(self._master, data if isinstance(data, bytes) else data.encode())

    def signal(self, number):
        os.kill(self.pid, number)

    def hang_up(self):
        """Close the terminal, as a lost ssh connection does."""
        os.close(self._master)
        self._master = -1

    def end(self, timeout_s=240.0):
        """Read to the end and return the exit code; negative for a signal."""
        deadline = time.monotonic() + timeout_s
        while self._status is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text}"
            if self._master >= 0:
                self.read(0.05)
            else:
                time.sleep(0.05)
            self._reap(os.WNOHANG)
        while (
            self._master >= 0 and self.read(0.05) and select.select([self._master], [], [], 0)[0]
        ):
            pass
        self.close()
        return self._status

    def _reap(self, flags):
        if self._status is None:
            pid, status = os.waitpid(self.pid, flags)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)

    def close(self):
        """End whatever is left."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
