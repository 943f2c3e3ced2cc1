"""Values as somebody gives them: with the types that YAML knows, or as texts.

`juju run` reads values as YAML, and with ``--string-args`` it reads none. Both must mean the same,
or be refused.
"""

from __future__ import annotations

import re

from ..errors import BadInput

# Those of YAML 1.1, which Juju reads; in any case, as one that YAML does not know is a text there.
_FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "y"), True),
    **dict.fromkeys(("false", "no", "off", "n"), False),
}
# Without what YAML takes for octal digits.
_NUMBER = re.compile(r"(0|-?[1-9][0-9]*)\Z", re.ASCII)
_LONGEST = 30  # Python refuses to read thousands of them


def refusal(name: str, value: object, allowed: str) -> BadInput:
    """Return the refusal of a parameter's value."""
    return BadInput("bad-parameter/read", name=name, value=f"{value!r}", allowed=allowed)


def text(value: str) -> str:
    """Return a text without what surrounds it: blanks, and quotes that are there for YAML."""
    found = value.strip()
    if (
        len(found) > 1
        and found[0] == found[-1]
        and found.count(found[0]) == 2
        and found[0] in "'\""
    ):
        return found[1:-1].strip()
    return found


def flag(name: str, value: object) -> bool:
    """Return a switch.

    Raises:
        BadInput: naming the parameter, its value and what is allowed.
    """
    found = _FLAGS.get(value.strip().lower(), value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise refusal(name, value, "true or false")
    return found


def number(
    name: str, value: object, smallest: int, largest: int, *, refuse_more: bool = True
) -> int:
    """Return a whole number.

    Args:
        refuse_more: False for what was kept before there was a limit.

    Raises:
        BadInput: naming the parameter, its value and what is allowed.
    """
    found = value
    if isinstance(value, str) and len(value) <= _LONGEST and _NUMBER.match(value.strip()):
        found = int(value)
    if (
        isinstance(found, bool)
        or not isinstance(found, int)
        or found < smallest
        or (refuse_more and found > largest)
    ):
        raise refusal(name, value, f"a whole number from {smallest} to {largest}")
    return found
