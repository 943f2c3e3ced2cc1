"""The documentation's page of problem codes, made from the table that the planner uses."""

from __future__ import annotations

from collections.abc import Iterable

from cou.checks.problem import Severity
from cou.checks.problem_codes import CODES, ProblemCode

_HEAD = """# Problem codes

`plan` shows all problems at once, each with its code, its subject, what was seen and what to do.
An error makes `upgrade` refuse. An error that is marked acceptable can be taken on: plan again
with `accept=<code>:<subject>`; it then stays in the plan and in the report and blocks no longer.
A warning never blocks. Codes are stable and never used for anything else.

This page is generated from the planner's own table: `make reference` writes it.
"""


def page() -> str:
    """Return the page as Markdown."""
    every = CODES.values()
    return "\n".join(
        [
            _HEAD,
            "## Errors\n",
            *_table(code for code in every if code.severity is Severity.ERROR),
            "\n## Warnings\n",
            *_table(code for code in every if code.severity is Severity.WARNING),
            "",
        ]
    )


def _table(codes: Iterable[ProblemCode]) -> list[str]:
    rows = ["| Code | Acceptable | What it means |", "|---|---|---|"]
    rows += [
        f"| `{code.name}` | {'yes' if code.acceptable else 'no'} | {code.meaning} |"
        for code in sorted(codes, key=lambda one: one.name)
    ]
    return rows
