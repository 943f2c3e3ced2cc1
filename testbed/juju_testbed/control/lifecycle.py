"""Starting and stopping the server process, from outside of it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from ..agent import survivors
from ..command.client import Connection
from ..command.errors import CommandError
from ..command.store import ClientStore
from .server import PACKAGE_PARENT
from .state import Running, State, StateError
from .world import Settings

START_S, STOP_S = 120.0, 60.0


def up(state: State, settings: Settings) -> Running:
    """Start a testbed in a folder and wait until it answers.

    Raises:
        StateError: one runs there already, the folder is not ours, or it did not come up.
    """
    with starting(state, settings) as running:
        return running


@contextlib.contextmanager
def starting(state: State, settings: Settings) -> Iterator[Running]:
    """Start a testbed, which stays if the block ends well and is stopped if anything else comes.

    The server holds the other end of a pipe: it ends where that is closed without a word, so none
    is left either where this process is killed on the way.

    Raises:
        StateError: one runs there already, the folder is not ours, or it did not come up.
    """
    running = state.running()
    if running is not None:
        raise StateError(f"a testbed runs in {state.folder} already (pid {running.pid})")
    left = _sweep_last(state)
    if left:
        raise StateError(f"processes of an earlier testbed do not end: {left}")
    state.prepare()
    process, word = _spawn(state, settings)
    try:
        yield _started(state, process)
        os.write(word, b"stay")
        # The server is on its own from here: it is no zombie of ours when it ends later.
        process.returncode = 0
    except BaseException:
        _give_up(state, process)
        raise
    finally:
        os.close(word)


def _started(state: State, process: subprocess.Popen[bytes]) -> Running:
    """Wait until the server answers."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        running = state.running()
        if running is not None and running.pid == process.pid and _answers(state):
            return running
        time.sleep(0.05)
    tail = state.server_log.read_text(encoding="utf-8")[-2000:]
    raise StateError(f"the testbed did not come up; its log ends:\n{tail}")


def _give_up(state: State, process: subprocess.Popen[bytes]) -> None:
    """End a server that is not to stay, and what it has started."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _sweep_last(state)


def _spawn(state: State, settings: Settings) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server in a session of its own, with an environment of its own.

    Returns:
        The process, and where to write that it is to stay.
    """
    heard, word = os.pipe()
    arguments = [sys.executable, "-m", "juju_testbed.control.server", "--state", str(state.folder)]
    arguments.append(f"--stay={heard}")
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        flag = f"--{field.name.replace('_', '-')}"
        if value is True:
            arguments.append(flag)
        elif value is not False:
            arguments.append(f"{flag}={value}")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    environment["PYTHONPATH"] = str(PACKAGE_PARENT)
    try:
        with state.server_log.open("ab") as log:
            process = subprocess.Popen(
                arguments,
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[heard],
            )
    except BaseException:
        os.close(word)
        raise
    finally:
        os.close(heard)
    return process, word


def _answers(state: State) -> bool:
    """Tell whether its admin can log in to its model."""
    try:
        store = ClientStore(state.juju_data)
        controller, model = store.model()
        Connection(controller, store.account(controller.name), model.uuid).close()
    except CommandError:
        return False
    return True


def down(state: State) -> list[int]:
    """Stop a testbed and everything that it or a charm of it has started.

    Returns:
        The processes that could not be ended; none when all is well.
    """
    running = state.running()
    if running is not None:
        _end(running)
    return _sweep_last(state)


def _end(running: Running) -> None:
    """SIGTERM; SIGKILL when that takes too long."""
    try:
        descriptor = os.pidfd_open(running.pid)
    except ProcessLookupError:
        return
    try:
        for number, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
            if select.select([descriptor], [], [], patience_s)[0]:
                return
    finally:
        os.close(descriptor)


def _sweep_last(state: State) -> list[int]:
    """Kill what an ended testbed has left; then its record has no more use."""
    for path in (state.record, state.last):
        ended = state.read(path)
        if ended is None:
            continue
        left = survivors.sweep(ended.testbed, state.folder)
        if left:
            return left
        if path == state.record:
            path.replace(state.last)
    return []
