"""Where the tests happen: a model with a small cloud and the charm, behind a `juju` command.

``JUJU=testbed`` (the default) starts a testbed for each module, ``JUJU=machine`` one whose unit
is on a machine that has a real systemd. ``JUJU=real`` is the `juju` on the path, any other value a
`juju` by its path. But for the first, ``CHARM`` names the packed charm. On a real Juju, what needs
no OpenStack happens in a model that is added for it under a random name, and only that is
destroyed. What needs one happens in the empty model that ``MODEL`` names on purpose, which stays.
What a testbed alone can tell or do (its log, its processes, an agent's restart) is skipped there,
and said so; what `nothing_asked` and the methods that begin with ``see`` look at, beside what
`juju` says, is not looked at there.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jubilant
import pytest
from juju_testbed import judge

from .. import hold, memory

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUNDLE = pathlib.Path(__file__).with_name("bundle.yaml")
TESTBED, MACHINE = "testbed", "machine"
ACCOUNT, PASSWORD, SECRET = "cou", "not-for-any-log-0815", "cou-login"
CHANGES = (
    "config-changed",
    "charm-changed",
    "workload-upgraded",
    "packages-upgraded",
    "paused",
    "resumed",
    "compute-service",
    "data-archived",
    "database-dumped",
)
ENGINE = ("cou.work.runner", "cou.control.supervisor")
LONGEST_S = 240.0  # for what takes a moment, unless the machine is busy
CHARM_PARTS = ("src", "lib", "charmcraft.yaml", "actions.yaml", "config.yaml", "requirements.txt")


class Ground:
    """A model with the cloud and the charm on it.

    Args:
        juju: the command.
        state: the testbed's folder; None on a Juju that is not ours.
        charm: what was deployed.
    """

    def __init__(self, juju: jubilant.Juju, state: pathlib.Path | None, charm: pathlib.Path):
        self.juju = juju
        self.charm = charm
        self._state = state

    @property
    def state(self) -> pathlib.Path:
        """The testbed's folder."""
        if self._state is None:
            pytest.skip("only a testbed on this machine can do this: JUJU=testbed")
        return self._state

    def testbed(self, verb: str, *arguments: str) -> str:
        """Run `juju-testbed`."""
        return _testbed(verb, self.state, *arguments)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold what a testbed's charms do for an upgrade, so that a run cannot end meanwhile.

        Reads go on, and the charm's own unit. A real cloud takes its time anyway.
        """
        if self._state is None:
            yield
            return
        with hold.held(self.testbed):
            yield

    def entries(self) -> list[dict[str, Any]]:
        """Return the log of operations."""
        lines = self._log.read_text(encoding="utf-8").splitlines(keepends=True)
        # The last one may be half written.
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @functools.cached_property
    def _log(self) -> pathlib.Path:
        return pathlib.Path(self.testbed("log", "--path").strip())

    def asked(self) -> list[dict[str, Any]]:
        """Return what the charm's account asked the controller to change."""
        return [e for e in self.entries() if e["event"] == "asked" and e["by"] == ACCOUNT]

    def changes(self) -> list[dict[str, Any]]:
        """Return what has happened to the cloud, without what only looks at it."""
        return [e for e in self.entries() if e["event"] in CHANGES and e["application"] != "cou"]

    def verdict(self, target: str) -> judge.Verdict:
        """Judge the whole log; the cloud must be whole at this release."""
        self.testbed("snapshot")
        return judge.verdict(judge.read(self._log), {"target": target, "backup": True})

    def processes(self, module: str) -> list[int]:
        """Return the ids of this testbed's processes that run a module of the engine."""
        home = f"{self.state}/".encode()
        found: list[int] = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                words = command_line(entry)
                if module.encode() in words and any(word.startswith(home) for word in words):
                    found.append(int(entry.name))
        return found

    def kill(self, pid: int) -> None:
        """Kill a process that `processes` names.

        Raises:
            ProcessLookupError: it is gone.
        """
        os.kill(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def nothing_asked(self) -> Iterator[None]:
        """See that the charm's account asks the controller for no change meanwhile."""
        before = self.asked() if self._state else []
        yield
        if self._state:
            assert self.asked() == before

    def see_only(self, names: set[str]) -> None:
        """See that nothing has changed, and that no other actions than these were asked for."""
        if self._state:
            assert {e["data"].get("name", "juju-exec") for e in self.asked()} <= names
            assert self.changes() == []

    def see_running(self) -> set[str]:
        """Return the ids of the run's two processes; none where they cannot be seen."""
        if not self._state:
            return set()
        found = {str(pid) for module in ENGINE for pid in self.processes(module)}
        assert len(found) == len(ENGINE)
        return found

    def see_ended(self) -> None:
        """See that no process of a run is left."""
        if self._state:
            assert [pid for module in ENGINE for pid in self.processes(module)] == []

    def await_ended(self, modules: Iterable[str] = ENGINE) -> None:
        """Wait until no process of a run is left that runs one of these modules."""
        deadline = time.monotonic() + LONGEST_S
        while self._state and any(self.processes(module) for module in modules):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def see_upgraded(self, target: str) -> None:
        """See that the judge finds nothing, in a log in which the charm's account did it."""
        if self._state:
            verdict = self.verdict(target)
            assert verdict.violations == ()
            assert verdict.facts["asked"], f"nothing was asked by {ACCOUNT}"

    def deploy(self) -> None:
        """Deploy cloud and charm, and give the charm its account."""
        juju, model = self.juju, self.juju.show_model().short_name
        # What nobody else has told the charm, it is not to learn from this.
        juju.model_config({"update-status-hook-interval": "60m"})
        juju.deploy(BUNDLE)
        juju.cli("add-user", ACCOUNT, include_model=False)
        new = f"{PASSWORD}\n"
        juju.cli("change-user-password", ACCOUNT, "--no-prompt", include_model=False, stdin=new)
        juju.cli("grant", ACCOUNT, "admin", model, include_model=False)
        juju.deploy(self.charm, "cou", config={"quiet-period": 0})
        uri = juju.add_secret(SECRET, {"username": ACCOUNT, "password": PASSWORD})
        juju.grant_secret(SECRET, "cou")
        juju.config("cou", {"credentials": uri})
        self.await_cou(lambda unit: unit.is_active and unit.workload_status.message == "ready")

    def await_cou(self, ready: Callable[[jubilant.statustypes.UnitStatus], bool]) -> None:
        """Wait until `juju status` says so of the charm's unit."""
        self.juju.wait(
            lambda s: ready(s.apps["cou"].units["cou/0"]),
            delay=0.3,
            successes=1,
            timeout=LONGEST_S,
        )


def command_line(entry: pathlib.Path) -> list[bytes]:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return []


def _testbed(verb: str, state: pathlib.Path, *arguments: str) -> str:
    program = pathlib.Path(sys.executable).with_name("juju-testbed")
    command = [str(program), verb, "--state", str(state), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def prepared(scale: float) -> Iterator[Ground]:
    """Yield a ground with everything deployed; what was started for it ends afterwards.

    Args:
        scale: world seconds per second of a testbed.
    """
    if on_a_testbed():
        with _testbed_ground(scale) as ground:
            ground.deploy()
            yield ground
        return
    if os.environ["JUJU"] == MACHINE:
        from .booted import booted_ground

        with booted_ground(_packed_charm(), scale) as ground:
            ground.deploy()
            yield ground
        return
    model = os.environ.get("MODEL", "")
    if not model:
        pytest.skip("an OpenStack is deployed only where MODEL names an empty model for it")
    juju = jubilant.Juju(model=model, cli_binary=_binary())
    if juju.status().apps:
        pytest.skip(f"the model {model} is not empty: name another for this file")
    ground = Ground(juju, None, _packed_charm())
    ground.deploy()
    yield ground


def in_a_model_of_its_own() -> Iterator[Ground]:
    """Yield a ground whose model is new, empty and gone afterwards, whatever Juju it is."""
    name = f"cou-test-{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        if on_a_testbed():
            host = stack.enter_context(_testbed_ground(1.0))
            binary, state, charm = host.juju.cli_binary, host.state, host.charm
        elif os.environ["JUJU"] == MACHINE:
            pytest.skip("a model of its own is for a testbed or a real Juju")
        else:
            binary, state, charm = _binary(), None, _packed_charm()
        juju = jubilant.Juju(cli_binary=binary)
        juju.add_model(name)
        stack.callback(juju.destroy_model, name, destroy_storage=True, force=True)
        yield Ground(juju, state, charm)


def on_a_testbed() -> bool:
    """Tell whether these tests bring their own Juju along."""
    return os.environ.get("JUJU", TESTBED) == TESTBED


def _binary() -> str:
    return "juju" if os.environ["JUJU"] == "real" else os.environ["JUJU"]


def _packed_charm() -> pathlib.Path:
    named = os.environ.get("CHARM", "")
    if not named or not pathlib.Path(named).exists():
        pytest.fail("CHARM must name the packed charm: make pack, then CHARM=./cou_….charm")
    return pathlib.Path(named).resolve()


@contextlib.contextmanager
def _testbed_ground(scale: float) -> Iterator[Ground]:
    below = pathlib.Path(os.environ.get(memory.TEMPROOT, ROOT / ".testbed"))
    below.mkdir(exist_ok=True)
    state = pathlib.Path(tempfile.mkdtemp(prefix="cou-test-", dir=below))
    try:
        _testbed("up", state, "--profile", "demo", f"--scale={scale}")
        charm = copy_charm(state / "source")
        yield Ground(jubilant.Juju(cli_binary=state / "bin" / "juju"), state, charm)
    finally:
        _testbed("down", state)
        shutil.rmtree(state)


def copy_charm(to: pathlib.Path) -> pathlib.Path:
    """Copy what the charm is made of, so that a test may change it; return its folder."""
    for name in CHARM_PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to / name)
    return to
