"""A request of a killed runner that arrives after all: its work is done once, and it is told."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from cou.journal.records import RunState
from cou.options.options import Options
from cou.wording import IN_DOCUMENTS

from .conftest import SETTINGS, Cloud
from .late import BUNDLE, Story

pytestmark = pytest.mark.slow

_REQUEST_BYTES = 300
IN_A_NETWORK_OF_ITS_OWN = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"),
    reason="needs root, iproute2 and unshare",
)


class Proxy:
    """Takes what the first client sends and keeps it from a moment on; it delivers when told."""

    def __init__(self, address):
        self._host, _, self._port = address.rpartition(":")
        self._ready = threading.Event()
        self.keeping = False
        self.kept = bytearray()
        self._first = None
        self._writers = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._end.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)

    async def _client(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        self._writers += [writer, up_writer]
        first = self.keeping is False
        back = asyncio.ensure_future(self._back(up_reader, writer))
        while True:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = b""
            if self.keeping and first:
                # The client's end is kept back, too: the connection to the controller stays.
                self._first = up_writer
                self.kept += data
                if not data:
                    return
                continue
            if not data:
                break
            up_writer.write(data)
        back.cancel()
        up_writer.close()
        writer.close()

    async def _back(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)

    def deliver(self):
        """Send on what was kept."""
        self._loop.call_soon_threadsafe(lambda: self._first.write(bytes(self.kept)))

    def close(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)


@pytest.fixture
def served():
    return Cloud(BUNDLE, backup=False)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("when", ["before the resumption looks", "after the run"])
def test_what_a_proxy_delivers_after_the_client_is_dead_does_nothing_twice(tmp_path, cloud, when):
    proxy = Proxy(cloud.server.address)
    access = dataclasses.replace(cloud.access(), addresses=(proxy.address,))
    story = Story(tmp_path, cloud, access)
    try:
        runner = story.stop_before_sending()
        proxy.keeping = True
        os.kill(runner, signal.SIGCONT)
        story.operator.await_that(lambda: len(proxy.kept) > _REQUEST_BYTES)
        story.kill()
        assert story.asked() == []
        if when == "before the resumption looks":
            proxy.deliver()
            story.operator.await_that(story.asked)
            assert story.go_on() is RunState.COMPLETED
            assert len(story.asked()) == 1
        else:
            assert story.go_on() is RunState.COMPLETED
            (known,) = story.asked()
            proxy.deliver()
            story.operator.await_that(lambda: len(story.asked()) == 2)
            late = next(task for task in story.asked() if task != known)
            story.operator.await_that(lambda: cloud.model.tasks[late].status == "completed")
            assert "arrived before" in cloud.model.tasks[late].results["stderr"]
            told = f"arrived late as task {late}, beside task {known}, and did nothing"
            control = story.operator.control
            assert told not in control.report("json").text
            assert told in control.plan(access, SETTINGS, Options()).message
            assert told in control.report("json").text
        assert story.worked() == 1
    finally:
        story.operator.control.force()
        proxy.close()


def test_what_a_proxy_delivers_while_the_run_goes_on_is_in_the_journal_and_told(tmp_path, cloud):
    proxy = Proxy(cloud.server.address)
    access = dataclasses.replace(cloud.access(), addresses=(proxy.address,))
    story = Story(tmp_path, cloud, access)
    try:
        runner = story.stop_before_sending()
        proxy.keeping = True
        os.kill(runner, signal.SIGCONT)
        story.operator.await_that(lambda: len(proxy.kept) > _REQUEST_BYTES)
        story.kill()
        cloud.hold()  # the upgrade of the packages, until the second task is there
        story.operator.control.start(access, SETTINGS)
        story.operator.await_that(story.asked)
        proxy.deliver()
        story.operator.await_that(lambda: len(story.asked()) == 2)
        cloud.release()
        assert story.operator.finish() is RunState.COMPLETED
        assert story.worked() == 1
        seen = story.operator.control.view()
        assert len(seen.late) == 1
        assert "did nothing" in seen.late[0]
        assert f"Arrived late: {seen.late[0]}" in seen.to_text(IN_DOCUMENTS)
        assert seen.to_dict()["late"] == list(seen.late)
        report = story.operator.control.report("json").text
        assert "arrived late" in report
    finally:
        story.operator.control.force()
        proxy.close()


@IN_A_NETWORK_OF_ITS_OWN
@pytest.mark.parametrize("seconds", [8, pytest.param(120, marks=pytest.mark.deep)])
def test_what_a_killed_runner_has_left_in_its_socket_is_never_delivered(tmp_path, seconds):
    """Behind a rule that drops its packets, lifted so many seconds after the kill."""
    begun = time.monotonic()
    ran = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "tests.processes.late", tmp_path, f"{seconds}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["unsent"] > _REQUEST_BYTES
    assert told["kept"] == 0
    assert told["completed"]
    assert (told["asked"], told["worked"]) == (1, 1)
    assert time.monotonic() - begun > seconds
