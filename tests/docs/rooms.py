"""The picture of the rooms, drawn from the contracts that are checked.

``python -m tests.docs.rooms`` draws it anew in the architecture page.
"""

from __future__ import annotations

import ast
import itertools
import pathlib
import re

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

TOP = pathlib.Path(__file__).parents[2]
PAGE = TOP / "docs/explanation/architecture.md"
_PICTURE = re.compile(r"(<!-- rooms -->\n).*?(<!-- end of rooms -->\n)", re.DOTALL)


def layers() -> list[list[str]]:
    """Return the rooms of cou, the highest first; of one layer side by side."""
    with (TOP / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    found = next(one["layers"] for one in contracts if "cou.cli" in one.get("layers", ()))
    return [[room.removeprefix("cou.") for room in layer.split(" | ")] for layer in found]


def about(room: str) -> str:
    """Return the first line of what a room says about itself."""
    path = TOP / "lib/cou" / room / "__init__.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0].rstrip(".").replace("`", "")


def picture() -> str:
    """Return the picture as mermaid: an arrow from each layer to the next."""
    nodes = [_nodes(layer) for layer in layers()]
    lines = ["flowchart TD"]
    lines += [f'    {name}["{label}"]' for layer in nodes for name, label in layer]
    lines += [
        f"    {one} --> {other}"
        for layer, lower in itertools.pairwise(nodes)
        for one, _ in layer
        for other, _ in lower
    ]
    lines += ['    charm["src: events and actions in, status out"] --> control']
    return "\n".join(lines)


def _nodes(layer: list[str]) -> list[tuple[str, str]]:
    if (TOP / "lib/cou" / layer[0]).is_dir():
        return [(room, f"{room}: {about(room)}") for room in layer]
    return [("_".join(layer), ", ".join(f"{room}.py" for room in layer))]


def drawn(text: str) -> str:
    """Return the page with the picture drawn anew."""
    body = f"```mermaid\n{picture()}\n```\n"
    return _PICTURE.sub(lambda found: f"{found[1]}{body}{found[2]}", text)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
