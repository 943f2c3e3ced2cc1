"""Texts from outside, made harmless: the one function that every way out uses.

Names, messages, versions, answers of programs and what an operator types are text that somebody
else chose. On a terminal, in a log or in a status a control character steers what shows it, a
line's end feigns a line, a mark of direction makes a text read as another, and what has no width
makes two texts look alike.
"""

from __future__ import annotations

import re

_MARK = "\N{REPLACEMENT CHARACTER}"
# The last two of every plane.
_NONE = (0xFFFE, 0xFFFF)
_LINE_END = re.compile(r"\r\n|[\t\n\r]")
# Unicode's categories Cc, Cf, Cs, Zl and Zp, what else has no width of its own, and what is no
# character. Listed, not asked of `unicodedata`: every Python gives the same text.
_HARMFUL = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
    + "".join(chr(plane | last) for plane in range(0x10000, 0x110000, 0x10000) for last in _NONE)
    + "]+"
)


def line(value: object) -> str:
    """Return a value as one line of text without anything that steers, feigns or hides.

    Ends of lines and tabs become blanks; each run of anything else of that kind becomes one
    U+FFFD, so that it shows that something was there.
    """
    return _HARMFUL.sub(_MARK, _LINE_END.sub(" ", str(value)))


def lines(text: str) -> str:
    """Return a text of several lines, each made harmless.

    For texts that are built of lines which are harmless already: what a name brings along cannot
    be told from what was built.
    """
    return "\n".join(map(line, text.split("\n")))
