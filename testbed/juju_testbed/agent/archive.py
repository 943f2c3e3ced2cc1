"""What a charm archive holds, how it is read, and how a unit's copy of it is replaced."""

from __future__ import annotations

import json
import pathlib
import shutil
import stat
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ..model.charm import ActionDefinition, CharmDefinition, Option

# What charmcraft puts into an archive; everything else of a project (tests, docs, .git, .venv)
# stays at home. Source: charmcraft's charm and uv plugins copy src and lib, and the declared
# files at the top.
FILES = ("metadata.yaml", "config.yaml", "actions.yaml", "manifest.yaml", "dispatch", "version")
MORE_FILES = ("LICENSE", "README.md", "icon.svg", "lxd-profile.yaml")
FOLDERS = ("src", "lib", "hooks", "actions", "templates", "files", "venv")
NOT_PACKED = ("__pycache__", ".git", ".venv")
MANIFEST = ".testbed-manifest.json"
SECTIONS = {"config": "config.yaml", "actions": "actions.yaml"}


class BadCharm(Exception):
    """A directory is no charm; the text says what was looked for or found."""


def read_yaml(path: pathlib.Path) -> dict[str, Any]:
    """Read a YAML mapping; a missing or empty file is an empty one.

    Raises:
        BadCharm: it is not YAML, or no mapping.
    """
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadCharm(f"cannot read {path.name}: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadCharm(f"cannot read {path.name}: it holds no mapping")
    return content


def read_sections(directory: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return metadata, config and actions of a charm directory, from one file or several.

    Charmcraft merges the separate files into ``charmcraft.yaml``; a section in both places is an
    error there, and here.

    Raises:
        BadCharm: there is neither ``metadata.yaml`` nor a name in ``charmcraft.yaml``.
    """
    project = read_yaml(directory / "charmcraft.yaml")
    metadata = read_yaml(directory / "metadata.yaml") or {
        key: value for key, value in project.items() if key not in SECTIONS
    }
    if not metadata.get("name"):
        raise BadCharm(f"no charm was found at {str(directory)!r}: no name in its metadata")
    sections = {"metadata": metadata}
    for section, file_name in SECTIONS.items():
        alone, inside = read_yaml(directory / file_name), project.get(section) or {}
        if alone and inside:
            raise BadCharm(f"{section} stands both in charmcraft.yaml and in {file_name}")
        sections[section] = alone or inside
    return sections


def _option(raw: Mapping[str, Any]) -> Option:
    return Option(
        type=str(raw.get("type", "string")),
        default=raw.get("default"),
        description=str(raw.get("description", "")),
    )


def _action(raw: Mapping[str, Any] | None) -> ActionDefinition:
    raw = raw or {}
    return ActionDefinition(
        description=str(raw.get("description", "")),
        params=raw.get("params") or {},
        required=tuple(raw.get("required") or ()),
        # Juju 3 allows unknown parameters unless the charm forbids them.
        additional_properties=bool(raw.get("additionalProperties", True)),
        parallel=bool(raw.get("parallel", False)),
        execution_group=str(raw.get("execution-group", "")),
    )


def read_definition(directory: pathlib.Path) -> CharmDefinition:
    """Read what a charm declares.

    Raises:
        BadCharm: it is no charm.
    """
    sections = read_sections(directory)
    metadata = sections["metadata"]
    version = directory / "version"
    return CharmDefinition(
        name=str(metadata["name"]),
        options={
            key: _option(raw) for key, raw in (sections["config"].get("options") or {}).items()
        },
        actions={key: _action(raw) for key, raw in sections["actions"].items()},
        subordinate=bool(metadata.get("subordinate", False)),
        summary=str(metadata.get("summary", "")),
        version=version.read_text(encoding="utf-8").strip() if version.is_file() else "",
    )


def read_peers(directory: pathlib.Path) -> tuple[str, ...]:
    """Return the names of a charm's peer relations."""
    return tuple(read_sections(directory)["metadata"].get("peers") or {})


def _packed(directory: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in FILES + MORE_FILES:
        if (directory / name).is_file():
            yield directory / name
    for folder in FOLDERS:
        for path in sorted((directory / folder).rglob("*")):
            parts = path.relative_to(directory).parts
            left_out = any(part in NOT_PACKED or part.endswith(".egg-info") for part in parts)
            if not left_out and not path.is_dir():
                yield path


def pack(directory: pathlib.Path, archive: pathlib.Path, python: str) -> None:
    """Copy a charm directory to `archive` as charmcraft would have packed it.

    The sections of ``charmcraft.yaml`` become files of their own, and a charm without
    ``dispatch`` gets one that starts ``src/charm.py`` with `python`.

    Raises:
        BadCharm: it is no charm.
    """
    sections = read_sections(directory)
    if not (directory / "dispatch").is_file() and not (directory / "src/charm.py").is_file():
        raise BadCharm(
            f"no charm was found at {str(directory)!r}: neither dispatch nor src/charm.py"
        )
    archive.mkdir(parents=True)
    for path in _packed(directory):
        target = archive / path.relative_to(directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for section, file_name in {"metadata": "metadata.yaml", **SECTIONS}.items():
        if not (archive / file_name).is_file() and sections[section]:
            (archive / file_name).write_text(yaml.safe_dump(sections[section]), encoding="utf-8")
    if not (archive / "dispatch").is_file():
        _write_dispatch(archive / "dispatch", python)


def keep(directory: pathlib.Path, archive: pathlib.Path, _python: str) -> None:
    """Copy an unpacked charm to `archive` as it is.

    Raises:
        BadCharm: it cannot be started.
    """
    if not (directory / "dispatch").is_file():
        raise BadCharm("the packed charm has no dispatch")
    shutil.copytree(directory, archive, symlinks=True)


def _write_dispatch(path: pathlib.Path, python: str) -> None:
    # Does what charmcraft's own script does: the search path, then exec, so that the process
    # Juju kills is the charm's Python itself.
    path.write_text(
        "#!/bin/sh\n"
        'here="$(dirname "$(realpath "$0")")"\n'
        'export PYTHONPATH="$here/lib:$here/src:$here/venv"\n'
        f'exec "{python}" "$here/src/charm.py"\n',
        encoding="utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def deploy(archive: pathlib.Path, charm_dir: pathlib.Path) -> None:
    """Unpack an archive in place: what the old one had and the new one lacks goes, the rest stays.

    Files that the charm made itself (``.unit-state.db``) stay. A file is removed
    and made anew, so a process that has the old one open or mapped keeps it; Juju's utils/zip,
    extractor.writeFile.
    """
    charm_dir.mkdir(parents=True, exist_ok=True)
    manifest = charm_dir.parent / MANIFEST
    before = set(json.loads(manifest.read_text())) if manifest.is_file() else set()
    files = [
        path.relative_to(archive)
        for path in archive.rglob("*")
        if path.is_symlink() or not path.is_dir()
    ]
    now = {str(path) for path in files}
    for name in sorted(before - now):
        (charm_dir / name).unlink(missing_ok=True)
    for path in files:
        target = charm_dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy(archive / path, target, follow_symlinks=False)
    manifest.write_text(json.dumps(sorted(now)), encoding="utf-8")
