"""A pytest that imports and collects once, then forks for each mutant and runs a few tests in it.

Loaded with ``-p tests.mutants.worker``. It reads one request a line, in JSON, from the first of
the two descriptors that `PIPES` names, and answers each with a line to the second.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import pathlib
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest
from cou.process import processes

PIPES = "COU_MUTANTS_PIPES"
# A test that takes so many times what it took with nothing broken, and this long, hangs.
_TIMES, _FLOOR_S = 4.0, 8.0
_PR_SET_CHILD_SUBREAPER = 36


def pytest_configure(config: pytest.Config) -> None:
    """Take over once the tests are collected."""
    config.pluginmanager.register(_Worker(*map(int, os.environ.pop(PIPES).split())))


class _Worker:
    def __init__(self, asked: int, answers: int):
        self._asked = os.fdopen(asked, encoding="utf-8")
        self._answers = os.fdopen(answers, "w", encoding="utf-8")
        self._failed: set[str] = set()
        self._functions: dict[str, list[types.FunctionType]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for one in gc.get_objects():
            if isinstance(one, types.FunctionType):
                self._functions.setdefault(one.__code__.co_filename, []).append(one)
        gc.freeze()
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        for line in self._asked:
            child = os.fork()
            if not child:
                os.setsid()
                self._answer(session, json.loads(line))
                os._exit(0)
            ended, status = 0, 0
            while ended != child:  # an orphan that has ended has to be gone, as it is elsewhere
                ended, status = os.waitpid(-1, 0)
            _end_children()
            if status:
                hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
                print(json.dumps("ended" if hung else "failed"), file=self._answers, flush=True)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)

    def _answer(self, session: pytest.Session, asked: dict[str, Any]) -> None:
        if "trace" in asked:
            answer: object = self._trace(session, frozenset(asked["trace"]))
        elif not _break(asked["file"], self._functions.get(asked["file"], [])):
            answer = "elsewhere"
        else:
            answer = self._run(session, asked["tests"])
        print(json.dumps(answer), file=self._answers, flush=True)

    def _run(self, session: pytest.Session, took_s: dict[str, float]) -> str:
        """Run tests in the order given until one fails; a signal ends one that hangs."""
        items = {item.nodeid: item for item in session.items}
        chosen = [items[name] for name in took_s]
        for item, after in zip(chosen, [*chosen[1:], None], strict=True):
            signal.setitimer(signal.ITIMER_REAL, max(_FLOOR_S, _TIMES * took_s[item.nodeid]))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                return "failed"
        return "passed"

    def _trace(self, session: pytest.Session, files: frozenset[str]) -> dict[str, Any]:
        """Run all tests; return how long each takes, which lines it executes, and who failed."""
        seen: set[tuple[str, int]] = set()

        def note(frame: types.FrameType, event: str, _: object) -> Any:
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            return note

        def call(frame: types.FrameType, event: str, _: object) -> Any:
            return note if frame.f_code.co_filename in files else None

        told = {}
        threading.settrace(call)
        for item, after in zip(session.items, [*session.items[1:], None], strict=True):
            seen.clear()
            began = time.monotonic()
            sys.settrace(call)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            sys.settrace(None)
            told[item.nodeid] = (time.monotonic() - began, sorted(seen.copy()))
        return {"tests": told, "failed": sorted(self._failed)}


def _end_children() -> None:
    """End what a mutant has left: orphans become children of this process."""
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        for pid in processes.descendants([os.getpid()]):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _break(file: str, functions: list[types.FunctionType]) -> bool:
    """Give the functions of a file the code that it has now; whether that is all that differs."""
    if not functions:
        return True  # it is imported later, as it is now
    text = pathlib.Path(file).read_text(encoding="utf-8")
    codes: dict[tuple[str, int], list[types.CodeType]] = {}
    for code in _inside(compile(text, file, "exec", dont_inherit=True)):
        codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
    changed = False
    for one in functions:
        new = codes.get((one.__code__.co_name, one.__code__.co_firstlineno), [])
        if one.__code__ in new:
            continue
        if len(new) != 1 or new[0].co_freevars != one.__code__.co_freevars:
            return False
        one.__code__ = new[0]
        changed = True
    return changed


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield one
            yield from _inside(one)
