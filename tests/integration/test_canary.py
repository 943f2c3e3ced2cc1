"""The account's password, followed through a day of errors and kills: it shows nowhere.

It is put where a careless line would carry it on: refused by the controller, in the secret of a
run that is killed, in a runner that crashes. Then all is searched that anybody but root may read,
and what lies on disks, also for its usual disguises.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import signal
import urllib.parse
from collections.abc import Iterator

import pytest

from .ground import ACCOUNT, SECRET, Ground
from .operator import Operator

pytestmark = pytest.mark.deep

# With signs that JSON, YAML, a shell, HTML and an address each write in a way of their own.
RIGHT = "cAn4Ry\\right\"'<&>%é 0817"
WRONG = "cAn4Ry\\wrong\"'<&>%é 0818"
# What no escaping touches.
TRACES = ("cAn4Ry",)


def disguises() -> list[bytes]:
    """Return how a password may look: as it is, quoted for addresses, in base64 and hex."""
    found = [trace.encode() for trace in TRACES]
    for password in (RIGHT, WRONG):
        raw = password.encode()
        found.append(raw.hex().encode())
        found.append(urllib.parse.quote(password).encode())
        for shift in range(3):  # base64 depends on where in a text it begins
            encoded = base64.b64encode(b"x" * shift + raw)
            found.append(encoded[4 if shift else 0 : -4])
    return found


def traces(content: bytes) -> list[bytes]:
    return [one for one in disguises() if one in content]


def processes(state: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Yield command line and environment of every process of this testbed's."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it has ended
            words = (entry / "cmdline").read_bytes()
            if str(state).encode() in words:
                yield f"{entry.name} {words!r}", words + (entry / "environ").read_bytes()


def set_password(ground: Ground, password: str) -> None:
    ground.juju.update_secret(SECRET, {"username": ACCOUNT, "password": password})


def test_the_search_finds_what_it_looks_for():
    for password in (RIGHT, WRONG):
        raw = password.encode()
        assert traces(json.dumps({"password": password}).encode())
        assert traces(repr(password).encode())
        assert traces(urllib.parse.quote(password).encode())
        assert traces(raw.hex().encode())
        for before in ("", "a", "ab", '{"password": "'):
            assert traces(base64.b64encode(before.encode() + raw + b"and more"))


def test_the_password_shows_nowhere(ground: Ground, operator: Operator, tmp_path: pathlib.Path):
    said: dict[str, str] = {}

    def run(action: str, *parameters: str) -> str:
        answer = operator.run(action, *parameters)
        said[f"{len(said)} {action} {parameters}"] = f"{answer}"
        return answer.status

    # Refused by the controller.
    set_password(ground, WRONG)
    assert run("plan") == "failed"
    # From here on it is the right one.
    given = {"include_model": False, "stdin": f"{RIGHT}\n"}
    ground.juju.cli("change-user-password", ACCOUNT, "--no-prompt", **given)
    set_password(ground, RIGHT)
    assert run("plan", "format=json") == "completed"
    assert run("upgrade") == "completed"
    operator.await_step(2)
    seen = dict(processes(ground.state))
    (runner,) = ground.processes("cou.work.runner")
    # A crash that would dump core, in a folder where it could.
    limits = pathlib.Path(f"/proc/{runner}/limits").read_text()
    assert "Max core file size        1                    1 " in limits
    os.kill(runner, signal.SIGABRT)
    operator.await_rest()
    # Refused again, in the middle of a run, and killed by force.
    assert run("upgrade") == "completed"
    operator.await_step(2)
    set_password(ground, WRONG)
    ground.testbed("restart-agent", "cou/0")
    seen |= dict(processes(ground.state))
    run("status", "format=json")
    run("cancel", "force=true")
    for form in ("html", "markdown", "json"):
        assert run("report", f"format={form}") == "completed"
    for command in (
        ("debug-log", "--replay", "--no-tail"),
        ("status", "--format", "json"),
        ("operations", "--format", "json"),
        ("config", "cou"),
        ("show-unit", "cou/0"),
    ):
        done = operator.type(*command)
        said[" ".join(command)] = done.stdout + done.stderr
    assert seen, "no process was looked at"
    log = said["debug-log --replay --no-tail"]
    assert "invalid entity name or password" in log, "the refused login is not in the log"
    assert 'ran "secret-changed" hook' in log or 'ran "config-changed" hook' in log
    files: dict[str, bytes] = {}
    for folder in ("agents", "cou"):
        for path in (ground.state / folder).rglob("*"):
            if path.is_file():
                with contextlib.suppress(FileNotFoundError):  # a hook has just removed it
                    files[str(path)] = path.read_bytes()
    names = {pathlib.Path(path).name for path in files}
    assert {"journal.sqlite", ".unit-state.db", "report.html"} <= names | {"report.html"}
    assert "access.json" not in names, "it goes with the runner"
    assert [path for path, content in files.items() if traces(content)] == []
    assert [name for name, text in said.items() if traces(text.encode())] == []
    assert [name for name, content in seen.items() if traces(content)] == []
