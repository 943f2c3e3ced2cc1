"""The deltas of the AllWatcher as a schema: names and types of every field of every kind.

A delta is ``[kind, "change" or "remove", data]``. python-libjuju takes deltas as they come and
generates no definition of them; the fields are those of Juju's rpc/params/multiwatcher.go. What is
within them is compared with libjuju's generated definitions where it has one.
"""

from __future__ import annotations

from typing import Any

from . import definitions

_STATUS = "current:str message:str since:str version:str data?:object"
_OBJECTS: dict[str, str] = {
    "status": _STATUS,
    "endpoint": "application-name:str relation:CharmRelation",
    "hardware": "arch?:str mem?:int root-disk?:int root-disk-source?:str cpu-cores?:int "
    "cpu-power?:int tags?:list[str] availability-zone?:str virt-type?:str",
    "port": "protocol:str number:int",
    "port-range": "from-port:int to-port:int protocol:str",
}
# Of each kind; a question mark where Go leaves out what is empty (``omitempty``). ``series`` was
# sent up to 3.4 beside ``base``, and libjuju reads it still.
KINDS: dict[str, str] = {
    "action": "model-uuid:str id:str receiver:str name:str parameters?:object status:str "
    "message:str results?:object enqueued:str started:str completed:str",
    "application": "model-uuid:str name:str exposed:bool charm-url:str owner-tag:str life:str "
    "min-units:int constraints:Value config?:object subordinate:bool status:status "
    "workload-version:str",
    "machine": "model-uuid:str id:str instance-id:str agent-status:status "
    "instance-status:status life:str config?:object base:str series?:str container-type:str "
    "supported-containers:list[str] supported-containers-known:bool "
    "hardware-characteristics?:hardware charm-profiles?:list[str] jobs:list[str] "
    "addresses:list[Address] has-vote:bool wants-vote:bool hostname?:str",
    "model": "model-uuid:str name:str life:str owner:str controller-uuid:str is-controller:bool "
    "config?:object status:status constraints:Value sla:ModelSLAInfo",
    "relation": "model-uuid:str key:str id:int endpoints:list[endpoint]",
    "unit": "model-uuid:str name:str application:str base:str series?:str charm-url:str life:str "
    "public-address:str private-address:str machine-id:str ports:list[port] "
    "port-ranges:list[port-range] principal:str subordinate:bool workload-status:status "
    "agent-status:status",
}


def problems(delta: list[Any]) -> list[str]:
    """Compare a delta with its kind; return what does not fit, with its place."""
    kind, change, data = delta
    if change != "change" or kind not in KINDS:
        return [f"{kind}: no {change} of this kind is known"]
    return _fields(data, KINDS[kind], kind)


def _fields(data: Any, schema: str, where: str) -> list[str]:
    if not isinstance(data, dict):
        return [f"{where}: {data!r} is no object"]
    found: list[str] = []
    known = dict(one.split(":") for one in schema.split())
    names = {name.rstrip("?"): kind for name, kind in known.items()}
    found += [f"{where}.{name}: missing" for name in known if name[-1] != "?" and name not in data]
    for name, value in data.items():
        if name not in names:
            found.append(f"{where}.{name}: no such field")
        else:
            found += _value(value, names[name], f"{where}.{name}")
    return found


def _value(value: Any, kind: str, where: str) -> list[str]:
    if kind.startswith("list["):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        each = [_value(one, kind[5:-1], f"{where}[{i}]") for i, one in enumerate(value)]
        return [problem for some in each for problem in some]
    if kind in _OBJECTS:
        return _fields(value, _OBJECTS[kind], where)
    if kind == "object":
        return [] if isinstance(value, dict) else [f"{where}: {value!r} is no object"]
    return definitions.problems(value, kind, where)
