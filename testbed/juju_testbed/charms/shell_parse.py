"""Reads the part of the shell's language that clients use in commands.

Lists with ``;``, ``&&`` and ``||``, pipes, ``if``, ``for``, groups, quoting, variables, command
substitution and redirections. Loops that may never end, functions, arithmetic and here-documents
are not read: they are syntax errors here, loudly.
"""

from __future__ import annotations

import dataclasses
import re

from .shell_lexer import Lexer
from .shell_syntax import (
    AndOr,
    For,
    If,
    Node,
    Pipeline,
    Redirect,
    Sequence,
    ShellSyntaxError,
    Simple,
    Token,
    Word,
)

_ASSIGNMENT = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=")


def parse(text: str) -> Sequence:
    """Read a command.

    Raises:
        ShellSyntaxError: it is not understood.
    """
    parser = _Parser(Lexer(text).tokens())
    tree = parser.sequence(())
    parser.finish()
    return tree


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token]):
        self.tokens = tokens
        self.at = 0

    def sequence(self, ends: tuple[str, ...]) -> Sequence:
        items: list[AndOr] = []
        while self._peek() is not None and self._keyword() not in ends and self._peek() != ")":
            if self._peek() == ";":
                self.at += 1
                continue
            items.append(self._and_or())
        return Sequence(tuple(items))

    def finish(self) -> None:
        if self._peek() is not None:
            raise ShellSyntaxError(f"syntax error near unexpected token `{self._shown()}'")

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while self._peek() in ("&&", "||"):
            operator = str(self._next())
            while self._peek() == ";":
                self.at += 1
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        negate = self._keyword() == "!"
        if negate:
            self.at += 1
        commands = [self._command()]
        while self._peek() == "|":
            self.at += 1
            commands.append(self._command())
        return Pipeline(tuple(commands), negate)

    def _command(self) -> Node:
        keyword = self._keyword()
        if keyword == "if":
            return self._if()
        if keyword == "for":
            return self._for()
        if keyword in ("while", "until", "case", "function"):
            raise ShellSyntaxError(f"`{keyword}' is not simulated")
        if keyword == "{":
            self.at += 1
            body = self.sequence(("}",))
            self._expect("}")
            return dataclasses.replace(body, redirects=self._redirects())
        if self._peek() == "(":
            self.at += 1
            body = self.sequence(())
            if self._next() != ")":
                raise ShellSyntaxError("syntax error: `)' expected")
            return dataclasses.replace(body, subshell=True, redirects=self._redirects())
        return self._simple()

    def _if(self) -> If:
        branches: list[tuple[Sequence, Sequence]] = []
        otherwise: Sequence | None = None
        self._expect("if")
        while True:
            condition = self.sequence(("then",))
            self._expect("then")
            branches.append((condition, self.sequence(("elif", "else", "fi"))))
            keyword = self._keyword()
            self.at += 1
            if keyword == "else":
                otherwise = self.sequence(("fi",))
                self._expect("fi")
            if keyword != "elif":
                if keyword not in ("else", "fi"):
                    raise ShellSyntaxError("syntax error: `fi' expected")
                return If(tuple(branches), otherwise, self._redirects())

    def _for(self) -> For:
        self._expect("for")
        name = self._keyword()
        self.at += 1
        self._expect("in")
        words: list[Word] = []
        while isinstance(self._peek(), tuple):
            words.append(self._next())  # type: ignore[arg-type]
        while self._peek() == ";":
            self.at += 1
        self._expect("do")
        body = self.sequence(("done",))
        self._expect("done")
        return For(name, tuple(words), body, self._redirects())

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            token = self._peek()
            if isinstance(token, Redirect):
                redirects.append(token)
            elif isinstance(token, tuple):
                pair = None if words else _assignment(token)
                if pair is not None:
                    assignments.append(pair)
                else:
                    words.append(token)
            else:
                break
            self.at += 1
        if not (assignments or words or redirects):
            raise ShellSyntaxError(f"syntax error near unexpected token `{self._shown()}'")
        return Simple(tuple(assignments), tuple(words), tuple(redirects))

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while isinstance(self._peek(), Redirect):
            found.append(self._next())  # type: ignore[arg-type]
        return tuple(found)

    def _peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _next(self) -> Token | None:
        token = self._peek()
        self.at += 1
        return token

    def _keyword(self) -> str:
        """Return the token as plain text, or nothing where it is no unquoted word."""
        token = self._peek()
        if not isinstance(token, tuple) or any(p.quoted or p.kind != "text" for p in token):
            return ""
        return "".join(part.value for part in token)

    def _expect(self, keyword: str) -> None:
        if self._keyword() != keyword:
            raise ShellSyntaxError(f"syntax error: `{keyword}' expected before `{self._shown()}'")
        self.at += 1

    def _shown(self) -> str:
        token = self._peek()
        if isinstance(token, tuple):
            return "".join(part.value for part in token)
        return "newline" if token is None else str(token)


def _assignment(word: Word) -> tuple[str, Word] | None:
    """Return name and value of ``NAME=value``, or nothing."""
    plain = ""
    for part in word:
        if part.kind != "text" or part.quoted:
            break
        plain += part.value
    match = _ASSIGNMENT.match(plain)
    if match is None:
        return None
    skip = match.end()
    return match[1], word[skip:]  # unquoted text parts hold one character each
