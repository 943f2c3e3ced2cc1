"""How this package's templates are read, and those of whoever else has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2


def environment(
    package: str, *, autoescape: bool, finalize: Callable[..., Any] | None = None
) -> jinja2.Environment:
    """Return an environment for the templates of a package; an unknown name in one is an error.

    Args:
        autoescape: whether they are HTML, so that every value is escaped.
        finalize: what is done to every value before.
    """
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=finalize,
        autoescape=autoescape,  # noqa: S701 - False is for what is no HTML
    )
