#!/usr/bin/env python3
"""Check what a public listing on Charmhub asks for.

    listing.py [--release]

A row is good, BAD or open. What is open can only be said once the project has a public address;
with --release that is not good enough. Needs PyYAML.
"""

from __future__ import annotations

import ast
import pathlib
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
# A longer summary is cut where charms are listed.
SUMMARY_LONGEST = 78
ICON_SIDE = 100
LINKS = ("documentation", "issues", "source")
FILES = ("README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "icon.svg")
DOCS = ("tutorial", "how-to", "reference", "explanation")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
Row = tuple[str, str, str]  # good, BAD or open; what; what is wrong with it


def rows(root: pathlib.Path) -> list[Row]:
    """Check a project's folder."""
    return [
        *_metadata(_yaml(root / "charmcraft.yaml")),
        *_described("action", _yaml(root / "actions.yaml")),
        *_described("option", _yaml(root / "config.yaml").get("options") or {}),
        _row("icon", *icon_faults(root / "icon.svg")),
        *(_row(name, "" if (root / name).is_file() else "missing") for name in FILES),
        *(_row(f"docs/{name}", _pages(root / "docs" / name)) for name in DOCS),
        _row("README.md says how to deploy", _deploys(root / "README.md")),
        _row("src/charm.py calls ops.main", _calls_main(root / "src" / "charm.py")),
        *(_row(f"workflow {name}", _workflow(root, name)) for name in ("ci", "release")),
    ]


def _row(what: str, *faults: str) -> Row:
    wrong = [fault for fault in faults if fault]
    return ("BAD" if wrong else "good", what, ", ".join(wrong))


def _yaml(path: pathlib.Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict), path
    return content


def _metadata(charm: Mapping[str, Any]) -> Iterator[Row]:
    yield _row("name", "" if NAME.fullmatch(str(charm.get("name", ""))) else "not a charm's name")
    for key in ("title", "summary", "description"):
        yield _row(key, "" if str(charm.get(key) or "").strip() else "missing")
    summary = str(charm.get("summary", "")).strip()
    yield _row(
        "summary's form",
        "" if len(summary) <= SUMMARY_LONGEST else f"{len(summary)} characters",
        "" if "\n" not in summary else "more than one line",
    )
    description = str(charm.get("description", ""))
    yield _row("description says more", "" if len(description) > len(summary) * 2 else "short")
    yield _row("platforms", "" if charm.get("platforms") else "missing")
    yield _row("assumes Juju", "" if "juju" in str(charm.get("assumes")) else "missing")
    links = charm.get("links") or {}
    for key in LINKS:
        value = links.get(key)
        if value is None:
            yield ("open", f"link {key}", "the project has no public address yet")
        else:
            urls = value if isinstance(value, list) else [value]
            secure = all(str(url).startswith("https://") for url in urls)
            yield _row(f"link {key}", "" if secure else "not https")


def _described(kind: str, things: Mapping[str, Any]) -> Iterator[Row]:
    """Look for a sentence about each thing, and about each of its parameters."""
    yield _row(f"{kind}s", "" if things else "none")
    for name, thing in things.items():
        params = thing.get("params") or {}
        bare = [key for key, value in params.items() if not _is_sentence(value)]
        yield _row(
            f"{kind} {name}",
            "" if NAME.fullmatch(name) else "not in kebab case",
            "" if _is_sentence(thing) else "no description",
            f"no description: {', '.join(bare)}" if bare else "",
        )


def _is_sentence(thing: Mapping[str, Any]) -> bool:
    text = str(thing.get("description") or "").strip()
    return len(text.split()) >= 3 and text.endswith(".")


def icon_faults(path: pathlib.Path) -> list[str]:
    """Return what is wrong with an icon: a square of 100 pixels, which needs nothing else."""
    if not path.is_file():
        return ["missing"]
    text = path.read_text(encoding="utf-8")
    icon = ET.fromstring(text)
    side = str(ICON_SIDE)
    kinds = {element.tag.rpartition("}")[2] for element in icon.iter()}
    return [
        fault
        for fault, is_so in (
            ("not an SVG", not icon.tag.endswith("}svg")),
            ("not 100 x 100", (icon.get("width"), icon.get("height")) != (side, side)),
            ("another view box", icon.get("viewBox") != f"0 0 {side} {side}"),
            ("holds a picture, text or a script", bool(kinds & {"image", "text", "script"})),
            ("refers to something", "href" in text or "url(" in text),
        )
        if is_so
    ]


def _pages(folder: pathlib.Path) -> str:
    pages = [folder.with_suffix(".md"), *folder.glob("*.md")]
    return "" if any(page.is_file() for page in pages) else "no page"


def _deploys(readme: pathlib.Path) -> str:
    return "" if "juju deploy" in readme.read_text(encoding="utf-8") else "no juju deploy"


def _calls_main(path: pathlib.Path) -> str:
    """Look as charmcraft's row `ops-main-call` does, which needs a layout that we do not have."""
    calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
    return "" if any(ast.unparse(call.func) == "ops.main" for call in calls) else "no call"


def _workflow(root: pathlib.Path, name: str) -> str:
    path = root / ".github" / "workflows" / f"{name}.yaml"
    return "" if path.is_file() and "jobs" in _yaml(path) else "missing"


def main(arguments: list[str]) -> int:
    """Print the rows that are not good; fail if one is bad."""
    found = rows(ROOT)
    for state, what, why in found:
        if state != "good":
            print(f"{state:4} {what}: {why}")
    refused = ("BAD", "open") if "--release" in arguments else ("BAD",)
    good = sum(state == "good" for state, _, _ in found)
    print(f"{good} of {len(found)} rows are good")
    return 1 if any(state in refused for state, _, _ in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
