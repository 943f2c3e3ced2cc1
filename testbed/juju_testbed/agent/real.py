"""`RealCharm`: one revision of a charm that lies on disk and runs in processes of its own."""

from __future__ import annotations

import asyncio
import pathlib
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence

from ..model.charm import Outcome
from ..model.entities import Task, Unit
from . import archive, environment
from .context import HookContext
from .hooktools import relations
from .host import AgentHost
from .process import GRACE_S, Child, exit_text, text_of

UNPACKED_BY = ("install", "upgrade-charm")


class RealCharm:
    """Runs hooks, actions and commands of a charm through its own ``dispatch``.

    Args:
        host: the agents; shared by all revisions and charms.
        directory: the packed charm, which never changes (`archive.pack`).
    """

    has_processes = True

    def __init__(self, host: AgentHost, directory: pathlib.Path):
        self._host = host
        self._directory = directory
        self._peers = archive.read_peers(directory)
        self._commands: set[str] = set()
        self._later: set[asyncio.Task[None]] = set()

    async def hook(self, unit: Unit, name: str, context: Mapping[str, str]) -> Outcome:
        """Run a hook; install and upgrade-charm put this revision's files in place first."""
        places = await self._host.prepare(unit)
        if name in UNPACKED_BY or not places.charm.is_dir():
            # A packed charm brings thousands of files; the controller answers meanwhile.
            await asyncio.to_thread(archive.deploy, self._directory, places.charm)
        if name == "install":
            self._join_peers(unit)
        variables = environment.hook_variables(name, self._about(unit, name, context))
        with self._host.context(unit, name, variables) as opened:
            outcome = await self._dispatch(unit, opened)
            self._log(unit, name, outcome)
        await self._afterwards(unit, name, opened)
        return outcome

    def _about(self, unit: Unit, name: str, context: Mapping[str, str]) -> dict[str, str]:
        """Give what a hook is about its variables' names."""
        if not name.startswith("secret-"):
            return dict(context)
        uri = context.get("id", "")
        labels = self._host.kept(unit).labels
        label = next((known for known, kept in labels.items() if kept == uri), "")
        about = {"secret-id": uri, "secret-label": label}
        if context.get("revision", "0") != "0":
            about["secret-revision"] = context["revision"]
        return about

    def _join_peers(self, unit: Unit) -> None:
        """Queue what a new member of peer relations, and the others, are told."""
        model = self._host.model
        others = [other.name for other in model.units_of(unit.application) if other is not unit]
        for endpoint in self._peers:
            peer = self._host.peers.ensure(unit.application, endpoint)
            model.queue_hook(unit.name, f"{endpoint}-relation-created", relations.variables(peer))
            for one, two in [(unit.name, other) for other in others] + [
                (other, unit.name) for other in others
            ]:
                about = relations.variables(peer, two)
                model.queue_hook(one, f"{endpoint}-relation-joined", about)
                model.queue_hook(one, f"{endpoint}-relation-changed", about)

    async def _afterwards(self, unit: Unit, name: str, context: HookContext) -> None:
        if context.reboot:
            task = asyncio.create_task(self._reboot(unit.machine))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        if name == "remove":
            await self._host.forget(unit.name)

    async def _reboot(self, machine: str) -> None:
        await asyncio.sleep(0)  # the hook that asked ends first
        self._host.reboot(machine)

    def _log(self, unit: Unit, name: str, outcome: Outcome) -> None:
        """Put what a hook printed into the debug log, as the agent does."""
        module = f"unit.{unit.name}.{name}"
        for text, level in ((outcome.stdout, "DEBUG"), (outcome.stderr, "WARNING")):
            if text.strip():
                self._host.model.say(unit.name, text.rstrip("\n"), level, module)

    async def action(self, unit: Unit, task: Task) -> Outcome:
        """Run an action; its results are what it has set, if it was not killed."""
        await self._host.prepare(unit)
        variables = environment.action_variables(task)
        with self._host.context(unit, task.name, variables, task) as context:
            outcome = await self._dispatch(unit, context)
        # A killed action loses what it had set; the exit error wins over action-fail's text.
        if outcome.code >= 0:
            outcome.results = {**context.results, **outcome.results}
        outcome.failed = context.failed
        if outcome.code == 0:
            outcome.message = context.message
        return outcome

    async def _dispatch(self, unit: Unit, context: HookContext) -> Outcome:
        places = self._host.places.unit(unit.name)
        variables = {**context.variables, "JUJU_CONTEXT_ID": context.id}
        child = Child(
            [*self._host.enter, str(places.charm / "dispatch")],
            self._host.environment(unit, variables),
            str(places.charm),
        )
        self._host.children[unit.name] = child
        try:
            code = await child.exited()
            await child.drained()
        except asyncio.CancelledError:  # the agent stops: nothing of the hook goes on
            child.kill()
            child.reap()
            child.close()
            raise
        finally:
            self._host.children.pop(unit.name, None)
        return _outcome(child, code)

    async def command(self, unit: Unit, command: str, timeout_s: float | None) -> Outcome:
        """Run a command in bash, in a hook context; ends when nobody holds its streams."""
        places = await self._host.prepare(unit)
        with self._host.context(unit, "juju-run", {"JUJU_HOOK_NAME": ""}) as context:
            variables = {**context.variables, "JUJU_CONTEXT_ID": context.id}
            about = self._host.environment(unit, variables)
            child = _shell(self._host.enter, command, about, str(places.charm))
            self._commands.add(unit.name)
            try:
                return await _finished(child, timeout_s, self._host.model.clock.scale)
            except asyncio.CancelledError:
                child.signal_group(signal.SIGKILL)
                child.reap()
                child.close()
                raise
            finally:
                self._commands.discard(unit.name)

    def kill(self, unit: Unit) -> None:
        """SIGKILL the hook's or action's own process; a command is never told (A.3)."""
        if unit.name not in self._commands:
            self._host.kill(unit.name)


def _outcome(child: Child, code: int) -> Outcome:
    outcome = Outcome(code=code, message=exit_text(code) if code else "")
    for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
        text, encoded = text_of(bytes(stream.content))
        setattr(outcome, name, text)
        if encoded:
            outcome.results[f"{name}-encoding"] = "base64"
    return outcome


def _shell(
    enter: Sequence[str], command: str, variables: Mapping[str, str], directory: str
) -> Child:
    """Start ``/bin/bash -s`` with the command as its input."""
    bash = shutil.which("bash", path=environment.AGENT_PATH) or "/bin/bash"
    with tempfile.TemporaryFile() as script:
        script.write(command.encode())
        script.seek(0)
        arguments = [*enter, bash, "-s"]
        return Child(arguments, variables, directory, stdin=script.fileno(), own_group=True)


async def _finished(child: Child, timeout_s: float | None, scale: float) -> Outcome:
    """Wait for a command; out of (the world's) time, its group gets SIGTERM and half a minute."""

    async def whole() -> int:
        code = await child.exited()
        await child.emptied()
        return code

    waiting = asyncio.ensure_future(whole())
    done, _ = await asyncio.wait({waiting}, timeout=timeout_s / scale if timeout_s else None)
    if done:
        return _outcome(child, waiting.result())
    child.signal_group(signal.SIGTERM)
    done, _ = await asyncio.wait({waiting}, timeout=GRACE_S)
    if not done:
        child.signal_group(signal.SIGKILL)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        child.close()
    outcome = _outcome(child, 1)
    outcome.failed, outcome.message = True, "command cancelled"
    return outcome
