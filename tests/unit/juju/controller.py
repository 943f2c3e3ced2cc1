"""A small controller that reacts to facade calls; knows no network.

It keeps only what the client's promises need, in the shapes of the wire, and shares Juju's odd
habits where the client has to live with them (ids sorted as text, `truncated` on the last page).
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

ZERO = "0001-01-01T00:00:00Z"
NOW = "2026-03-01T10:00:00.123456789Z"
FACADES = {
    "Action": [7],
    "Admin": [3],
    "Annotations": [2],
    "Application": [15, 16, 17, 18, 19, 20],
    "Charms": [5, 6, 7],
    "Client": [6, 7, 8],
    "ModelConfig": [3],
    "Pinger": [1],
    "Resources": [3],
}


class Refused(Exception):
    """An error reply."""

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.message = message
        self.code = code


def element_error(message: str, code: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "code": code}}


@dataclasses.dataclass
class Application:
    url: str = "ch:amd64/focal/keystone-400"
    channel: str = "ussuri/stable"
    config: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {
            "openstack-origin": {"value": "distro", "source": "default", "type": "string"},
            "region": {"value": "RegionOne", "source": "user", "type": "string"},
            "vip": {"source": "unset", "type": "string"},
        }
    )
    resources: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    resource_ids: dict[str, str] | None = None


class Controller:
    """State and one method per facade call, named ``<facade>_<method>``."""

    def __init__(self) -> None:
        self.applications = {"keystone": Application()}
        self.units = ["keystone/0", "keystone/1"]
        self.store = {("keystone", "victoria/stable"): 501, ("keystone", "ussuri/stable"): 412}
        self.charm_resources: dict[str, Any] = {}
        self.operations: list[tuple[int, list[dict[str, Any]]]] = []
        self.annotations: dict[str, dict[str, str]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.status: dict[str, Any] = {"controller-timestamp": NOW}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.next_id = 1
        self.page_limit = 10_000

    def handle(self, facade: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Do a call. Raises `Refused` for an error reply."""
        self.calls.append((f"{facade}.{method}", copy.deepcopy(params)))
        found = getattr(self, f"{facade}_{method}", None)
        if found is None:
            raise Refused(
                f"no such request - method {facade}.{method} is not implemented", "not implemented"
            )
        return found(params)

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [params for call, params in self.calls if call == name]

    # Client

    def Client_FullStatus(self, params: dict[str, Any]) -> dict[str, Any]:
        return copy.deepcopy(self.status)

    def Client_StatusHistory(self, params: dict[str, Any]) -> dict[str, Any]:
        results = []
        for request in params["requests"]:
            assert list(request["filter"]) == ["date"]
            if request["tag"] not in self.history:
                results.append(
                    {"history": {"statuses": None}} | element_error("unit not found", "not found")
                )
                continue
            results.append({"history": {"statuses": self.history[request["tag"]]}})
        return {"results": results}

    # Application

    def _application(self, name: str) -> Application:
        if name not in self.applications:
            raise Refused(f'application "{name}" not found', "not found")
        return self.applications[name]

    def Application_GetConfig(self, params: dict[str, Any]) -> dict[str, Any]:
        results = []
        for each in params["entities"]:
            name = each["tag"].removeprefix("application-")
            if name in self.applications:
                results.append({"config": copy.deepcopy(self.applications[name].config)})
            else:
                results.append(element_error(f'application "{name}" not found', "not found"))
        return {"Results": results}  # without a JSON tag in Go

    def Application_SetConfigs(self, params: dict[str, Any]) -> dict[str, Any]:
        results = []
        for args in params["Args"]:
            application = self._application(args["application"])
            unknown = [key for key in args["config"] if key not in application.config]
            if unknown:
                results.append(element_error(f'unknown option "{unknown[0]}"'))
                continue
            for key, value in args["config"].items():
                application.config[key] |= {"value": value, "source": "user"}
            results.append({})
        return {"results": results}

    def Application_GetCharmURLOrigin(self, params: dict[str, Any]) -> dict[str, Any]:
        application = self._application(params["application"])
        track, risk = application.channel.split("/")
        return {
            "url": application.url,
            "charm-origin": {
                "source": "charm-hub",
                "type": "charm",
                "id": "abc",
                "hash": "def",
                "revision": int(application.url.rpartition("-")[2]),
                "track": track,
                "risk": risk,
                "branch": None,
                "architecture": "amd64",
                "base": {"name": "ubuntu", "channel": "20.04/stable"},
            },
        }

    def Application_SetCharm(self, params: dict[str, Any]) -> dict[str, Any]:
        application = self._application(params["application"])
        application.url = params["charm-url"]
        application.channel = params["channel"]
        application.resource_ids = params["resource-ids"]
        return {}

    # Charms and Resources

    def Charms_ResolveCharms(self, params: dict[str, Any]) -> dict[str, Any]:
        """Choose the revision as the controller does: by id, by revision, else the newest."""
        results = []
        for each in params["resolve"]:
            origin = each["charm-origin"]
            name = each["reference"].removeprefix("ch:")
            channel = f"{origin['track']}/{origin['risk']}"
            newest = self.store.get((name, channel))
            if newest is None:
                results.append(element_error(f'no charm "{name}" in {channel}', "not found"))
                continue
            pinned = origin.get("revision", -1) if "id" not in origin else -1
            revision = pinned if pinned >= 0 else newest
            results.append(
                {
                    "url": f"ch:amd64/focal/{name}-{revision}",
                    "charm-origin": origin | {"revision": revision, "type": "charm"},
                }
            )
        return {"Results": results}

    def Charms_AddCharm(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"charm-origin": params["charm-origin"] | {"id": "new-id", "hash": "new-hash"}}

    def Charms_CharmInfo(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"url": params["url"], "meta": {"resources": self.charm_resources or None}}

    def Resources_ListResources(self, params: dict[str, Any]) -> dict[str, Any]:
        names = [each["tag"].removeprefix("application-") for each in params["entities"]]
        return {"results": [{"resources": self._application(name).resources} for name in names]}

    def Resources_AddPendingResources(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"pending-ids": [f"pending-{each['name']}" for each in params["resources"]]}

    # Action

    def add_operation(
        self,
        name: str,
        units: list[str],
        status: str = "completed",
        parameters: dict[str, Any] | None = None,
        **more: Any,
    ) -> list[int]:
        """Store an operation with one task per unit; return the tasks' ids."""
        operation, self.next_id = self.next_id, self.next_id + 1
        tasks = []
        for unit in units:
            tasks.append(
                {
                    "action": {
                        "tag": f"action-{self.next_id}",
                        "receiver": f"unit-{unit.replace('/', '-')}",
                        "name": name,
                        "parameters": parameters,
                    },
                    "status": status,
                    "enqueued": "2026-03-01T10:00:00Z",
                    "started": ZERO,
                    "completed": ZERO,
                    "output": None,
                    **more,
                }
            )
            self.next_id += 1
        self.operations.append((operation, tasks))
        return [int(task["action"]["tag"].split("-")[1]) for task in tasks]

    def Action_EnqueueOperation(self, params: dict[str, Any]) -> dict[str, Any]:
        (wanted,) = params["actions"]
        unit = "/".join(wanted["receiver"].removeprefix("unit-").rsplit("-", 1))
        if wanted["name"] == "no-such":
            failed = element_error(f'action "no-such" not defined on unit "{unit}"')
            return {"operation": "operation-1", "actions": [failed | {"status": "error"}]}
        self.add_operation(wanted["name"], [unit], "pending", wanted["parameters"])
        return {
            "operation": f"operation-{self.operations[-1][0]}",
            "actions": self.operations[-1][1],
        }

    def Action_Run(self, params: dict[str, Any]) -> dict[str, Any]:
        stored = {"command": params["commands"], "timeout": params["timeout"]}
        self.add_operation("juju-exec", params["units"], "pending", stored)
        return {
            "operation": f"operation-{self.operations[-1][0]}",
            "actions": self.operations[-1][1],
        }

    def _task(self, tag: str) -> dict[str, Any] | None:
        found = [
            task for _, tasks in self.operations for task in tasks if task["action"]["tag"] == tag
        ]
        return found[0] if found else None

    def Action_Actions(self, params: dict[str, Any]) -> dict[str, Any]:
        missing = element_error("action not found", "not found")
        return {"results": [self._task(each["tag"]) or missing for each in params["entities"]]}

    def Action_Cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        for each in params["entities"]:
            task = self._task(each["tag"])
            if task is None:
                results.append(element_error("action not found", "not found"))
                continue
            after = {"pending": "cancelled", "running": "aborting"}
            task["status"] = after.get(task["status"], task["status"])
            results.append(task)
        return {"results": results}

    def Action_ListOperations(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = {f"unit-{unit.replace('/', '-')}" for unit in params["units"]}
        matching = []
        for number, tasks in sorted(self.operations, key=lambda each: str(each[0])):
            chosen = [
                task
                for task in tasks
                if task["action"]["receiver"] in tags
                and task["action"]["name"] in params["actions"]
            ]
            if chosen:
                matching.append({"operation": f"operation-{number}", "actions": chosen})
        limit = min(params["limit"], self.page_limit)
        page = matching[params["offset"] : params["offset"] + limit]
        return {"results": page, "truncated": len(matching) > len(page)}

    def Action_ApplicationsCharmsActions(self, params: dict[str, Any]) -> dict[str, Any]:
        results = []
        for each in params["entities"]:
            name = each["tag"].removeprefix("application-")
            if name not in self.applications:
                results.append(element_error(f'application "{name}" not found', "not found"))
                continue
            results.append(
                {
                    "application-tag": each["tag"],
                    "actions": {"pause": {"description": "Pause", "params": {}}, "resume": {}},
                }
            )
        return {"results": results}

    # ModelConfig and Annotations

    def ModelConfig_ModelGet(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"config": {"automatically-retry-hooks": {"value": True, "source": "default"}}}

    def Annotations_Get(self, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "results": [
                {
                    "entity": each["tag"],
                    "annotations": self.annotations.get(each["tag"]),
                    "error": {},
                }
                for each in params["entities"]
            ]
        }

    def Annotations_Set(self, params: dict[str, Any]) -> dict[str, Any]:
        for each in params["annotations"]:
            kept = self.annotations.setdefault(each["entity"], {}) | each["annotations"]
            self.annotations[each["entity"]] = {k: v for k, v in kept.items() if v}
        return {"results": []}

    # Pinger

    def Pinger_Ping(self, params: dict[str, Any]) -> dict[str, Any]:
        return {}
