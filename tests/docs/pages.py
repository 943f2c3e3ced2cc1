"""Pages as their readers take them: blocks of commands in order, and the output shown after each.

In a page's source, a comment above a block of commands says what a reader need not see:

- ``<!-- tested on: demo cloud -->`` (once, at the top): what the reader has at first, one of
  `GROUNDS`.
- ``<!-- first: COMMANDS -->``: run before the block, without a word to the reader.
- ``<!-- repeated -->``: the reader repeats the block until it shows the output that follows.
- ``<!-- fails -->``: the last command of the block ends with another exit code than 0.
- ``<!-- instead, since REASON: COMMANDS -->``: what is run on the testbed in its place.
- ``<!-- not run, since REASON -->``

A block of commands is fenced as ``sh``; a block fenced as ``text`` right after it is its output:
each line comes in it, in this order, where ``…`` stands for anything.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re

TOP = pathlib.Path(__file__).parents[2]
PAGES = sorted([
    *(TOP / "docs").rglob("*.md"),
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
])  # fmt: skip
GROUNDS = ("demo cloud", "small cloud", "empty model", "nothing")

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^ *```$", re.M | re.S)
_COMMENT = re.compile(r"<!-- (.*?) -->", re.S)
_GROUND = re.compile(r"^<!-- tested on: ([a-z ]+) -->$", re.M)


@dataclasses.dataclass(frozen=True)
class Block:
    """Commands and what comes of them.

    Attributes:
        line: where it stands in the page.
        commands: what the reader types.
        output: what the page shows of the output, or empty.
        first, instead: see the module; empty where there is none.
        reason: why something else, or nothing, is run.
    """

    line: int
    commands: str
    output: str
    first: str
    instead: str
    reason: str
    not_run: bool
    repeated: bool
    fails: bool


def ground(page: pathlib.Path) -> str:
    """Return what the reader of a page has, or empty."""
    found = _GROUND.search(page.read_text(encoding="utf-8"))
    return found[1] if found else ""


def languages(page: pathlib.Path) -> list[str]:
    """Return the languages of all fences of a page."""
    return [one["language"] for one in _FENCE.finditer(page.read_text(encoding="utf-8"))]


def blocks(page: pathlib.Path) -> list[Block]:
    """Return the blocks of commands of a page, in order."""
    text = page.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    found: list[Block] = []
    for number, fence in enumerate(fences):
        if fence["language"] != "sh":
            continue
        following = fences[number + 1] if number + 1 < len(fences) else None
        shown = (
            following is not None
            and following["language"] == "text"
            and not _COMMENT.sub("", text[fence.end() : following.start()]).strip()
        )
        before = text[fences[number - 1].end() if number else 0 : fence.start()]
        output = _body(following) if following is not None and shown else ""
        found.append(_block(text, fence, output, _told(before)))
    return found


def _told(before: str) -> list[str]:
    """Return the comments that stand right above a block."""
    told: list[str] = []
    while found := re.search(r"<!-- ((?:(?!-->).)*?) -->\s*\Z", before, re.S):
        told.insert(0, found[1])
        before = before[: found.start()]
    return told


def _block(text: str, fence: re.Match[str], output: str, told: list[str]) -> Block:
    first, instead, reason, not_run = "", "", "", False
    for one in told:
        if one.startswith("first: "):
            first = one.removeprefix("first: ")
        elif found := re.fullmatch(r"instead, since ([^:]+): (.+)", one, re.S):
            reason, instead = found[1], found[2]
        elif one.startswith("not run, since "):
            reason, not_run = one.removeprefix("not run, since "), True
        elif one not in ("repeated", "fails") and not one.startswith("tested on: "):
            raise ValueError(f"not understood: {one}")
    return Block(
        line=text.count("\n", 0, fence.start()) + 1,
        commands=_body(fence),
        output=output,
        first=first,
        instead=instead,
        reason=reason,
        not_run=not_run,
        repeated="repeated" in told,
        fails="fails" in told,
    )


def _body(fence: re.Match[str]) -> str:
    indent = len(fence["indent"])
    return "\n".join(line[indent:] for line in fence["body"].splitlines())


def missing(shown: str, printed: str) -> str:
    """Return the first line of a page's output that did not come in its place, or empty."""
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    at = 0
    for line in shown.splitlines():
        wanted = " ".join(line.split())
        if wanted in ("", "…"):
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        while at < len(lines) and not pattern.fullmatch(lines[at]):
            at += 1
        if at == len(lines):
            return wanted
        at += 1
    return ""
