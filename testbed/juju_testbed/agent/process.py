"""Child processes of a unit agent, with the rules for their streams that Juju has.

The children stay in the agent's session: what wants to outlive a
restart of the agent must leave it (setsid stands for a service of its own, because without root
there are no cgroups).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

DRAIN_S = 0.1  # per stream, after the process has ended
GRACE_S = 30.0  # between SIGTERM and SIGKILL when a command ran out of time
CHUNK = 65536


class Stream:
    """The reading end of a child's stdout or stderr; lines may be passed on as they come."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._reading, self.writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._reading, False)
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Begin to read; the child has its end by now, so ours is closed."""
        os.close(self.writing)
        asyncio.get_running_loop().add_reader(self._reading, self._read)

    def _read(self) -> None:
        try:
            chunk = os.read(self._reading, CHUNK)
        except BlockingIOError:
            return
        self.content += chunk
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._reading)
            self._ended.set()

    async def ended(self) -> None:
        """Wait until nobody holds the other end any more."""
        await self._ended.wait()

    def close(self) -> None:
        """Stop listening; who still writes gets SIGPIPE."""
        if self._reading >= 0:
            asyncio.get_running_loop().remove_reader(self._reading)
            os.close(self._reading)
            self._reading = -1


class Child:
    """One running child of the agent."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
        *,
        stdin: int = subprocess.DEVNULL,
        own_group: bool = False,
    ):
        self.stdout, self.stderr = Stream(), Stream()
        self._process = subprocess.Popen(
            list(arguments),
            env=dict(environment),
            cwd=directory,
            stdin=stdin,
            stdout=self.stdout.writing,
            stderr=self.stderr.writing,
            **(_new_group() if own_group else {}),
        )
        self.pid = self._process.pid
        self.stdout.start()
        self.stderr.start()

    async def exited(self) -> int:
        """Wait for the process, not for its streams; negative is the signal that ended it."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        descriptor = os.pidfd_open(self.pid)
        loop.add_reader(descriptor, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return self._process.wait()

    async def drained(self) -> None:
        """Take what the streams still hold, for a tenth of a second each, and stop listening."""
        for stream in (self.stdout, self.stderr):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stream.ended(), DRAIN_S)
        self.close()

    async def emptied(self) -> None:
        """Wait until no process at all holds the streams."""
        await self.stdout.ended()
        await self.stderr.ended()
        self.close()

    def close(self) -> None:
        """Stop listening to both streams."""
        self.stdout.close()
        self.stderr.close()

    def kill(self) -> None:
        """SIGKILL to the child, never to what it started."""
        self._process.kill()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child's process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def reap(self) -> None:
        """Wait for a child that was just killed, so that no zombie is left."""
        self._process.wait()


def _new_group() -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        return {"process_group": 0}
    return {"preexec_fn": os.setpgrp}


def exit_text(code: int) -> str:
    """Say how a process ended, in Go's words."""
    if code < 0:
        names = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated"}
        number = signal.Signals(-code)
        return f"signal: {names.get(number, number.name)}"
    return f"exit status {code}"


def text_of(content: bytes) -> tuple[str, bool]:
    """Return output as text; base64 and True where it is not UTF-8."""
    try:
        return content.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii"), True
