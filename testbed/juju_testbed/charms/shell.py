"""Runs what clients execute on a unit (`juju exec`) in the unit's simulated world."""

from __future__ import annotations

import dataclasses

from ..model.charm import Outcome
from . import shell_syntax as syntax
from .programs import PROGRAMS
from .programs.base import Call, Result
from .shell_parse import parse
from .site import Site
from .world import File, matching

_MAX_DEPTH = 20


@dataclasses.dataclass
class _Streams:
    """What has been printed so far."""

    out: str = ""
    err: str = ""


class _Exit(Exception):
    """``exit`` was called, or ``set -e`` ends the shell."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


async def run(site: Site, command: str) -> Outcome:
    """Run a command as root in the unit's charm directory, as `bash -s` would."""
    env = {
        "HOME": "/root",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "JUJU_UNIT_NAME": site.name,
    }
    result = await Shell(site, env).text(command)
    return Outcome(code=result.code, stdout=result.out, stderr=result.err)


class Shell:
    """One shell process.

    Args:
        site: the unit.
        env: its variables; changed in place.
        depth: how many shells it stands in.
    """

    def __init__(self, site: Site, env: dict[str, str], depth: int = 0):
        self.site = site
        self.env = env
        self.depth = depth
        self.last = 0
        self.errexit = False
        self.pipefail = False

    async def text(self, command: str, stdin: str = "") -> Result:
        """Run a command's text to its end."""
        if self.depth > _MAX_DEPTH:
            return Result(2, "", "bash: too many nested shells\n")
        try:
            tree = parse(command)
        except syntax.ShellSyntaxError as error:
            return Result(2, "", f"bash: line 1: {error}\n")
        streams = _Streams()
        try:
            self.last = await self._sequence(tree, stdin, streams, True)
        except _Exit as end:
            self.last = end.code
        return Result(self.last, streams.out, streams.err)

    async def _sequence(
        self, node: syntax.Sequence, stdin: str, streams: _Streams, strict: bool
    ) -> int:
        code = 0
        for item in node.items:
            code = await self._pipeline(item.first, stdin, streams)
            ran_last = not item.rest
            for place, (operator, pipeline) in enumerate(item.rest, start=1):
                if (code == 0) == (operator == "&&"):
                    code = await self._pipeline(pipeline, stdin, streams)
                    ran_last = place == len(item.rest)
            if code and self.errexit and strict and ran_last:
                raise _Exit(code)
        return code

    async def _pipeline(self, node: syntax.Pipeline, stdin: str, streams: _Streams) -> int:
        codes: list[int] = []
        for command in node.commands[:-1]:
            part = _Streams()
            codes.append(await self._node(command, stdin, part))
            stdin, streams.err = part.out, streams.err + part.err
        codes.append(await self._node(node.commands[-1], stdin, streams))
        failed = [code for code in codes if code]
        code = failed[-1] if self.pipefail and failed else codes[-1]
        if node.negate:
            code = 0 if code else 1
        self.last = code
        return code

    async def _node(self, node: syntax.Node, stdin: str, streams: _Streams) -> int:
        part = _Streams()
        if isinstance(node, syntax.Simple):
            return await self._simple(node, stdin, streams)
        try:
            code = await self._compound(node, stdin, part)
        except _Exit as end:
            # What it printed before is printed.
            await self._redirected(node.redirects, Result(end.code, part.out, part.err), streams)
            raise
        return await self._redirected(node.redirects, Result(code, part.out, part.err), streams)

    async def _compound(
        self, node: syntax.Sequence | syntax.If | syntax.For, stdin: str, part: _Streams
    ) -> int:
        if isinstance(node, syntax.If):
            code = await self._if(node, stdin, part)
        elif isinstance(node, syntax.For):
            code = 0
            for word in await self._expand(node.words):
                self.env[node.name] = word
                code = await self._sequence(node.body, stdin, part, True)
        elif node.subshell:
            inner = Shell(self.site, dict(self.env), self.depth + 1)
            inner.errexit, inner.pipefail = self.errexit, self.pipefail
            try:
                code = await inner._sequence(node, stdin, part, True)
            except _Exit as end:
                code = end.code
        else:
            code = await self._sequence(node, stdin, part, True)
        return code

    async def _if(self, node: syntax.If, stdin: str, streams: _Streams) -> int:
        for condition, body in node.branches:
            if await self._sequence(condition, stdin, streams, False) == 0:
                return await self._sequence(body, stdin, streams, True)
        if node.otherwise is None:
            return 0
        return await self._sequence(node.otherwise, stdin, streams, True)

    async def _simple(self, node: syntax.Simple, stdin: str, streams: _Streams) -> int:
        env = dict(self.env)
        for name, word in node.assignments:
            env[name] = await self._joined(word)
        words = await self._expand(node.words)
        if not words:
            self.env.update(env)
            return await self._redirected(node.redirects, Result(0), streams)
        for redirect in node.redirects:
            if redirect.operator == "<":
                path = await self._joined(redirect.target)
                file = self.site.machine.files.get(path)
                if file is None and path != "/dev/null":
                    streams.err += f"bash: line 1: {path}: No such file or directory\n"
                    return 1
                stdin = file.text if file else ""
        result = self._builtin(words)
        if result is None:
            result = await self.program(words, env, stdin)
        return await self._redirected(node.redirects, result, streams)

    def _builtin(self, words: list[str]) -> Result | None:
        """Run what belongs to the shell itself."""
        name, *args = words
        if name == "exit":
            raise _Exit(int(args[0]) if args and args[0].isdigit() else self.last)
        if name == "set":
            self.errexit = self.errexit or any(a[:1] == "-" and "e" in a for a in args)
            self.pipefail = self.pipefail or "pipefail" in args
            return Result(0)
        if name == "export":
            for pair in args:
                key, equals, value = pair.partition("=")
                if equals:
                    self.env[key] = value
            return Result(0)
        if name in ("cd", "umask", "ulimit", "unset", ":"):
            return Result(0)
        return None

    async def program(self, words: list[str], env: dict[str, str], stdin: str) -> Result:
        """Run a program; one that is not simulated is not found, and noted as such."""
        name = words[0]
        known = PROGRAMS.get(name) or PROGRAMS.get(name.rpartition("/")[2])
        if known is None:
            self.site.place.cloud.unknown.append((self.site.name, name))
            if "/" in name:
                return Result(127, "", f"bash: line 1: {name}: No such file or directory\n")
            return Result(127, "", f"bash: line 1: {name}: command not found\n")
        return await known(Call(self, self.site, words[0], words[1:], env, stdin))

    async def _redirected(
        self, redirects: tuple[syntax.Redirect, ...], result: Result, streams: _Streams
    ) -> int:
        """Send a result's output where it belongs; ``2>&1`` keeps no order between the two."""
        out, err = result.out, result.err
        for redirect in redirects:
            target = await self._joined(redirect.target)
            if redirect.operator == ">&":
                if redirect.fd == "2" and target == "1":
                    out, err = out + err, ""
                elif redirect.fd == "1" and target == "2":
                    out, err = "", err + out
            elif redirect.operator in (">", ">>"):
                if redirect.fd in ("1", "&"):
                    self._write(target, out + (err if redirect.fd == "&" else ""), redirect)
                    out, err = "", ("" if redirect.fd == "&" else err)
                else:
                    self._write(target, err, redirect)
                    err = ""
        streams.out += out
        streams.err += err
        return result.code

    def _write(self, path: str, text: str, redirect: syntax.Redirect) -> None:
        if path == "/dev/null":
            return
        files = self.site.machine.files
        before = files[path].text if redirect.operator == ">>" and path in files else ""
        files[path] = File(before + text)

    async def _expand(self, words: tuple[syntax.Word, ...]) -> list[str]:
        """Expand words: variables, commands, splitting of what is unquoted, patterns."""
        expanded: list[str] = []
        for word in words:
            text = await self._joined(word)
            if any(part.quoted for part in word):
                expanded.append(text)
            elif any(part.kind != "text" for part in word):
                expanded += text.split()
            else:
                matches = matching(self.site.machine, text) if set(text) & set("*?[") else []
                expanded += matches or [text]
        return expanded

    async def _joined(self, word: syntax.Word) -> str:
        """Return a word's text without splitting it."""
        text = ""
        for part in word:
            if part.kind == "variable":
                name, _, default = part.value.partition(":-")
                text += str(self.last) if name == "?" else self.env.get(name, "") or default
            elif part.kind == "command":
                inner = Shell(self.site, dict(self.env), self.depth + 1)
                text += (await inner.text(part.value)).out.rstrip("\n")
            else:
                text += part.value
        return text
