"""Nothing from outside steers, feigns or hides: one function, and every way out uses it."""

from __future__ import annotations

import ast
import io
import logging
import pathlib
import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from cou import printable
from cou.process import logs
from cou.wording import IN_DOCUMENTS
from hypothesis import given
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).parents[2]
# What brings a text to somebody: methods and functions by the end of their name.
WAYS_OUT = frozenset(
    {
        "FileHandler",
        "StreamHandler",
        "Text",
        "echo",
        "fail",
        "print",
        "sendto",
        "event.set_results",
        "stderr.write",
        "stdout.write",
        "_results.file.write",
    }
)
# Way out -> why it needs nothing.
FREE = {
    ("lib/cou/cli/command_process.py", "run"): "the system's own words for an error number",
    ("lib/cou/cli/commands.py", "completion_command"): "a script of click's",
    ("lib/cou/cli/commands.py", "help_command"): "the command's own help",
    ("lib/cou/cli/live_view.py", "draw"): "an empty line; the others are made by `_text`",
    ("lib/cou/cli/prompt.py", "ask"): "a fixed question",
    ("lib/cou/process/sd_notify.py", "notify"): "assignments that the supervisor makes harmless",
}


def harmful() -> list[str]:
    every = map(chr, range(sys.maxunicode + 1))
    return [one for one in every if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def test_every_character_that_controls_or_hides_is_replaced():
    for one in harmful():
        text = printable.line(f"a{one}b")
        assert text in ("a b", "a\ufffdb"), f"U+{ord(one):04X}"
        assert (text == "a b") == (one in "\t\n\r"), f"U+{ord(one):04X}"


def test_what_people_write_stays_as_it_is():
    text = "Überprüfung — 界, ελ, עברית, 🙂 [bold]x[/] | `y` <z> &gt; 'q' \"r\" \\ ~"
    assert printable.line(text) == text


@given(st.text(st.characters()))
def test_a_line_is_one_line_and_is_utf_8(text: str):
    found = printable.line(text)
    assert len(found.splitlines()) <= 1
    assert printable.line(found) == found
    assert not set(found) & set("\x1b\r\n\x9b\u202e\u200b\u2028")
    found.encode()
    assert len(printable.lines(text).splitlines()) <= text.count("\n") + 1


def calls(path: pathlib.Path) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each call in a file, and name and source of the function around it."""
    text = path.read_text()
    tree = ast.parse(text)
    functions = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        around = [f for f in functions if f.lineno <= call.lineno <= (f.end_lineno or 0)]
        inner = max(around, key=lambda one: one.lineno, default=None)
        source = text.splitlines()[inner.lineno - 1 : inner.end_lineno] if inner else [text]
        yield ast.unparse(call.func), inner.name if inner else "", "\n".join(source)


def is_way_out(name: str, path: pathlib.Path) -> bool:
    """Whether a call in a file leads out: a `Text` does where it may be that of rich."""
    if name in ("Text", "wording.Text") and not re.search(r"\brich\b", path.read_text()):
        return False
    return any(name == one or name.endswith(f".{one}") for one in WAYS_OUT)


@pytest.mark.slow
def test_every_way_out_uses_the_one_function():
    bare: set[tuple[str, str]] = set()
    found = 0
    for folder in ("lib/cou", "src"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name, function, source in calls(path):
                if is_way_out(name, path):
                    found += 1
                    if "printable.line" not in source and "make_harmless" not in source:
                        bare.add((str(path.relative_to(ROOT)), function))
    assert found > 12
    assert bare <= set(FREE), "a way out that uses neither printable.line nor make_harmless"
    assert set(FREE) <= bare, "no way out any more, or no free one"


def test_there_is_no_second_function_that_cleans():
    for folder in ("lib/cou", "src"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            own = path.name == "printable.py"
            assert own or not any(one in text for one in (r"\x1f", r"\x9f", "REPLACEMENT"))
            assert own or "isprintable" not in text


EVIL = "0wned\x1b]0;x\x07\x9b2J\u202e\u200b\r\n2025-01-01 cou.x ERROR forged\u2028\x85\ud800"


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What a handler of ours has written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(logs.FORMAT))
    logs.make_harmless([handler], IN_DOCUMENTS)
    logger = logging.getLogger("cou.evil")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_no_record_steers_or_feigns_another(heard: io.StringIO):
    logger = logging.getLogger("cou.evil")
    logger.error("it says %s", EVIL)
    (line,) = heard.getvalue().splitlines()
    assert "0wned" in line
    assert "forged" in line


def test_no_traceback_steers_or_feigns_a_record(heard: io.StringIO):
    logger = logging.getLogger("cou.evil")
    try:
        raise ValueError(EVIL)
    except ValueError:
        logger.exception("it failed", stack_info=True)
    first, *others = heard.getvalue().splitlines()
    assert first.endswith("cou.evil ERROR it failed")
    assert any("forged" in one for one in others)
    assert all(one.startswith("    ") for one in others)
    assert not set(heard.getvalue()) & (set(harmful()) - {"\n"})
