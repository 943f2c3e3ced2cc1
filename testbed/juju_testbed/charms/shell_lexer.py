"""Cuts a command's text into words, operators and redirections."""

from __future__ import annotations

import re

from .shell_syntax import Part, Redirect, ShellSyntaxError, Token, Word

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = ("&&", "||", ";", "|", "(", ")", "\n")
_REDIRECT = re.compile(r"(?:(\d)|(&))?(>>|>&|>|<)")


class Lexer:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def tokens(self) -> list[Token]:
        """Return all tokens; a new line is a semicolon.

        Raises:
            ShellSyntaxError: a quote or a parenthesis is never closed, or an operator is unknown.
        """
        found: list[Token] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t" or self.text.startswith("\\\n", self.at):
                self.at += 1 if char in " \t" else 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                found.append(self._token())
        return found

    def _token(self) -> Token:
        match = _REDIRECT.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            while self.text[self.at : self.at + 1] in (" ", "\t"):
                self.at += 1
            default = "0" if match[3] == "<" else "1"
            return Redirect(match[1] or match[2] or default, match[3], self._word())
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return ";" if operator == "\n" else operator
        if self.text[self.at] == "&":
            raise ShellSyntaxError("background commands are not simulated")
        return self._word()

    def _word(self) -> Word:
        parts: list[Part] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\n;|&()<>":
                break
            if char == "'":
                end = self._find("'", self.at + 1)
                parts.append(Part("text", self.text[self.at + 1 : end], True))
                self.at = end + 1
            elif char == '"':
                self.at += 1
                parts += self._double()
            elif char == "\\":
                parts.append(Part("text", self.text[self.at + 1 : self.at + 2], True))
                self.at += 2
            elif char in "$`":
                parts.append(self._expansion(False))
            else:
                parts.append(Part("text", char, False))
                self.at += 1
        if not parts:
            raise ShellSyntaxError(f"syntax error near unexpected token `{self.text[self.at :]}'")
        return tuple(parts)

    def _double(self) -> list[Part]:
        parts = [Part("text", "", True)]
        while True:
            if self.at >= len(self.text):
                raise ShellSyntaxError("unexpected EOF while looking for matching `\"'")
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return parts
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`"):
                parts.append(Part("text", self.text[self.at + 1], True))
                self.at += 2
            elif char in "$`":
                parts.append(self._expansion(True))
            else:
                parts.append(Part("text", char, True))
                self.at += 1

    def _expansion(self, quoted: bool) -> Part:
        """Read ``$name``, ``${name}``, ``$(command)`` or backquotes."""
        if self.text[self.at] == "`":
            end = self._find("`", self.at + 1)
            part = Part("command", self.text[self.at + 1 : end], quoted)
            self.at = end + 1
            return part
        rest = self.text[self.at + 1 :]
        if rest.startswith("(("):
            raise ShellSyntaxError("arithmetic is not simulated")
        if rest.startswith("("):
            end = self._closing(self.at + 2)
            part = Part("command", self.text[self.at + 2 : end], quoted)
            self.at = end + 1
            return part
        if rest.startswith("{"):
            end = self._find("}", self.at + 2)
            part = Part("variable", self.text[self.at + 2 : end], quoted)
            self.at = end + 1
            return part
        name = _NAME.match(rest) or re.match(r"[?$#@*0-9]", rest)
        if name is None:
            self.at += 1
            return Part("text", "$", quoted)
        self.at += 1 + name.end()
        return Part("variable", name[0], quoted)

    def _find(self, char: str, start: int) -> int:
        end = self.text.find(char, start)
        if end < 0:
            raise ShellSyntaxError(f"unexpected EOF while looking for matching `{char}'")
        return end

    def _closing(self, start: int) -> int:
        """Return where the parenthesis that was opened before `start` closes."""
        depth, at, quote = 1, start, ""
        while at < len(self.text):
            char = self.text[at]
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0:
                return at
            at += 1
        raise ShellSyntaxError("unexpected EOF while looking for matching `)'")
