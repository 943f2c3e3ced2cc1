"""python-libjuju's generated definitions, read as a schema: names and types of every field.

The generated classes carry their schema in the docstrings of ``__init__`` (``name : type``) and
in ``_toSchema`` (Python name -> name on the wire); the generated facades carry it in the
docstrings of their methods.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import types
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libjuju imports a deprecated module of websockets
    from juju.client import _definitions

_FIELD = re.compile(r"^\s*(\w+) : (.+?)\s*$", re.MULTILINE)
_RETURNS = re.compile(r"Returns -> (?:typing\.)?(\S+)")
# Go's map[string]interface{} and the like: what is in them has no schema.
_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "typing.Any": (object,),
    "Any": (object,),
    "Number": (str,),  # a version; libjuju's generator saw Go's struct, which writes itself a text
}
# Named in docstrings, and not generated.
_NOT_GENERATED = {"FacadeVersions": {"name": "str", "versions": "typing.Sequence[int]"}}


def facade(name: str, version: int) -> Any:
    """Return libjuju's generated facade, None where it has none of that version."""
    try:
        module: types.ModuleType = importlib.import_module(f"juju.client._client{version}")
    except ModuleNotFoundError:
        return None
    return getattr(module, f"{name}Facade", None)


class _Recorder:
    """Takes the place of a connection and keeps the message."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}

    async def rpc(self, message: dict[str, Any]) -> dict[str, Any]:
        self.message = message
        return {}


def parameters(cls: Any, method: str) -> dict[str, str]:
    """Return the wire names and types of a method's parameters."""
    recorder = _Recorder()
    client = cls()
    client.rpc = recorder.rpc
    function = inspect.unwrap(getattr(cls, method))
    asyncio.run(function(client))
    declared = {_plain(name): kind for name, kind in _FIELD.findall(function.__doc__ or "")}
    return {name: declared[_plain(name)] for name in recorder.message["params"]}


def result(cls: Any, method: str) -> str:
    """Return the type of a method's result, ``None`` for nothing."""
    function = inspect.unwrap(getattr(cls, method))
    found = _RETURNS.search(function.__doc__ or "")
    assert found, f"libjuju says nothing of the result of {method}"
    return found[1]


def fields(name: str) -> dict[str, str]:
    """Return wire name -> type of a definition."""
    if name in _NOT_GENERATED:
        return _NOT_GENERATED[name]
    cls = getattr(_definitions, name)
    declared = dict(_FIELD.findall(cls.__init__.__doc__ or ""))
    by_plain = {_plain(key): kind for key, kind in declared.items()}
    return {wire: by_plain[_plain(python)] for python, wire in cls._toSchema.items()}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def problems(value: Any, kind: str, where: str = "") -> list[str]:
    """Compare a JSON value with a type; return what does not fit, with its place."""
    if kind in _SCALARS:
        fits = isinstance(value, _SCALARS[kind])
        if isinstance(value, bool) and kind == "int":
            fits = False
        return [] if fits else [f"{where}: {value!r} is no {kind}"]
    inner = re.fullmatch(r"typing\.Sequence\[(.+)\]", kind)
    if inner:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        nested = [problems(one, inner[1], f"{where}[{i}]") for i, one in enumerate(value)]
        return [problem for some in nested for problem in some]
    inner = re.fullmatch(r"typing\.Mapping\[str, (.+)\]", kind)
    if inner:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        nested = [problems(one, inner[1], f"{where}.{key}") for key, one in value.items()]
        return [problem for some in nested for problem in some]
    return _object(value, kind.lstrip("~"), where)


def _object(value: Any, name: str, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {name}"]
    known = fields(name)
    found: list[str] = []
    for key, one in value.items():
        if key not in known:
            found.append(f"{where}.{key}: {name} has no such field")
        else:
            found += problems(one, known[key], f"{where}.{key}")
    return found
