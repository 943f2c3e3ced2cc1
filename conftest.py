"""Which tests begin first where several run at once, where they write, what runs a coroutine."""

from __future__ import annotations

import asyncio
import inspect
import os
import pathlib
import traceback
from asyncio import sslproto
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import hypothesis
import pytest

from tests import memory, shares

ROOT = pathlib.Path(__file__).parent
KEPT = ROOT / ".build" / "failed-tests"
FOLDER = pytest.StashKey[memory.Folder]()
# Whose files take longest, so that none of them begins when the others are done.
LONG = (
    "tests/integration/test_disturbed.py",
    "tests/integration",
    "tests/systemd",
    "testbed/tests/agent",
    "testbed/tests/command",
    "testbed/tests/control",
    "tests/processes",
    "tests/cli",
    "tests/simulation",
    "testbed/example",
)


# However long a machine that is busy with other things takes for one example.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a part of the tests be chosen."""
    parser.addoption("--share", default="1/1", help="k/n: the k-th of n parts of the tests")
    parser.addoption(
        "--share-of-slow",
        default="1/1",
        help="k/n: all that take less than a second, and the k-th of n parts of the others",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let tests write to memory; the processes of xdist are given a place by the first one."""
    config.pluginmanager.register(Sampling())
    if memory.TEMPROOT in os.environ or not memory.usable():
        return
    config.stash[FOLDER] = memory.Folder()
    os.environ[memory.TEMPROOT] = str(config.stash[FOLDER].path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing in memory; what a test that failed has written is worth a look."""
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        del os.environ[memory.TEMPROOT]
        if folder.leave(KEPT):
            config.get_terminal_writer().line(f"What failed tests have written is in {KEPT}")


@pytest.fixture
def run_coroutine() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Return what runs a test that is a coroutine; some folders have another, in virtual time."""
    return asyncio.run


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine to its end."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    story = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    pyfuncitem._request.getfixturevalue("run_coroutine")(story)
    return True


@pytest.fixture
def nothing_asked_of_a_forgotten_transport(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Fail as Debian 12's 3.11.2 does where a TLS transport is aborted that was closed twice.

    Later releases forgive this, and fail with whatever else is asked of it.
    """
    transport = sslproto._SSLProtocolTransport
    abort: Any = transport.abort
    asked: list[str] = []

    def aborting(self: Any) -> None:
        if self._ssl_protocol is None:
            asked.append("".join(traceback.format_stack(limit=4)))
        abort(self)

    monkeypatch.setattr(transport, "abort", aborting)
    yield
    assert asked == []


class Sampling:
    """Of a test's cases that are many and alike, leave some; the others become deep tests."""

    @pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark the cases that are not in the sample that their test asks for."""
        cases: dict[str, list[pytest.Item]] = {}
        for item in items:
            if item.get_closest_marker("sampled"):
                cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        for some in cases.values():
            mark = some[0].get_closest_marker("sampled")
            assert mark is not None
            chosen = shares.sample((one.nodeid for one in some), *mark.args)
            for item in some:
                if item.nodeid not in chosen:
                    item.add_marker(pytest.mark.deep)


@pytest.hookimpl(trylast=True)  # of what `-m` and `-k` have left
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take a share, and put the files that take longest first; each file keeps its own order."""
    try:
        share = shares.Share.parse(config.getoption("--share"))
        if share.n > 1:
            chosen = share.of(map(_key, items))
            _keep(config, items, lambda item: _key(item) in chosen)
        share = shares.Share.parse(config.getoption("--share-of-slow"))
        if share.n > 1:
            chosen = share.of(item.nodeid for item in items if _is_slow(item))
            _keep(config, items, lambda item: not _is_slow(item) or item.nodeid in chosen)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    items.sort(key=_rank)


def _keep(
    config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]
) -> None:
    config.hook.pytest_deselected(items=[one for one in items if not wanted(one)])
    items[:] = [one for one in items if wanted(one)]


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "integration", "deep"))


def _key(item: pytest.Item) -> str:
    return item.nodeid if item.get_closest_marker("deep") else item.nodeid.partition("::")[0]


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(ROOT)
    for rank, named in enumerate(LONG):
        if path.is_relative_to(named):
            return rank
    return len(LONG)
