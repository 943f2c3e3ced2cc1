"""One realistic call of every method that the controller serves, as it goes over the wire."""

from __future__ import annotations

from typing import Any

ORIGIN = {"source": "charm-hub", "track": "6", "risk": "stable", "architecture": "amd64"}
BASE = {"name": "ubuntu", "channel": "20.04/stable"}
URL = "ch:amd64/focal/keystone-6"
UNIT, APP = {"tag": "unit-keystone-0"}, {"tag": "application-keystone"}
ACTION = {"receiver": "unit-keystone-0", "name": "quick", "parameters": {}}
SECRET = {"content": {"data": {"password": "aGVsbG8="}}}


def calls(model_uuid: str, secret: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (facade, method) -> parameters; `secret` is the URI of one that is there."""
    model = {"tag": f"model-{model_uuid}"}
    return {
        ("Action", "EnqueueOperation"): {"actions": [ACTION, ACTION | {"name": "dance"}]},
        ("Action", "Run"): {
            "commands": "date",
            "units": ["keystone/0"],
            "machines": ["0"],
            "applications": ["glance"],
            "timeout": 60_000_000_000,
        },
        ("Action", "RunOnAllMachines"): {"commands": "date", "timeout": 1_000_000_000},
        ("Action", "Actions"): {"entities": [{"tag": "action-2"}, {"tag": "action-99"}]},
        ("Action", "Cancel"): {"entities": [{"tag": "action-2"}]},
        ("Action", "ListOperations"): {"units": ["keystone/0"], "limit": 5},
        ("Action", "Operations"): {"entities": [{"tag": "operation-1"}]},
        ("Action", "ApplicationsCharmsActions"): {"entities": [APP, {"tag": "application-no"}]},
        ("Action", "WatchActionsProgress"): {"entities": [{"tag": "action-2"}]},
        ("Admin", "Login"): {
            "auth-tag": "user-admin",
            "credentials": "admin-secret",
            "client-version": "3.6.0",
        },
        ("AllWatcher", "Next"): {},
        ("AllWatcher", "Stop"): {},
        ("Annotations", "Get"): {"entities": [UNIT, {"tag": "unit-no-0"}]},
        ("Annotations", "Set"): {
            "annotations": [
                {"entity": "unit-keystone-0", "annotations": {"colour": "red"}},
                {"entity": "unit-no-0", "annotations": {"colour": "red"}},
            ]
        },
        ("Application", "AddRelation"): {"endpoints": ["keystone:juju-info", "ntp:juju-info"]},
        ("Application", "AddUnits"): {
            "application": "keystone",
            "num-units": 1,
            "placement": [{"scope": "#", "directive": "0"}],
        },
        ("Application", "ApplicationsInfo"): {"entities": [APP]},
        ("Application", "CharmConfig"): {"args": [{"application": "keystone"}]},
        ("Application", "Deploy"): {
            "applications": [
                {
                    "application": "barbican",
                    "charm-url": "ch:amd64/focal/keystone-5",
                    "charm-origin": ORIGIN | {"track": "5", "base": BASE},
                    "num-units": 1,
                    "config": {"size": "3"},
                }
            ]
        },
        ("Application", "DestroyApplication"): {
            "applications": [{"application-tag": "application-glance"}]
        },
        ("Application", "DestroyRelation"): {"endpoints": ["keystone", "glance:identity-service"]},
        ("Application", "DestroyUnit"): {"units": [{"unit-tag": "unit-glance-0"}]},
        ("Application", "Expose"): {"application": "keystone"},
        ("Application", "Get"): {"application": "keystone"},
        ("Application", "GetCharmURLOrigin"): {"application": "keystone"},
        ("Application", "GetConfig"): {"entities": [APP]},
        ("Application", "Leader"): {"tag": "application-keystone"},
        ("Application", "MergeBindings"): {
            "args": [{"application-tag": "application-keystone", "bindings": {"": "alpha"}}]
        },
        ("Application", "ResolveUnitErrors"): {"retry": True, "tags": {"entities": [UNIT]}},
        ("Application", "SetCharm"): {
            "application": "keystone",
            "charm-url": URL,
            "charm-origin": ORIGIN | {"base": BASE},
            "channel": "6/stable",
            "config-settings": {"colour": "blue"},
        },
        ("Application", "SetConfigs"): {
            "Args": [{"application": "keystone", "config-yaml": "keystone: {size: 4}"}]
        },
        ("Application", "UnitsInfo"): {"entities": [UNIT, APP]},
        ("Application", "UnsetApplicationsConfig"): {
            "Args": [{"application": "keystone", "options": ["colour"]}]
        },
        ("Block", "List"): {},
        ("Block", "SwitchBlockOn"): {"type": "BlockRemove", "message": "not now"},
        ("Block", "SwitchBlockOff"): {"type": "BlockDestroy"},
        ("Charms", "AddCharm"): {"url": URL, "charm-origin": ORIGIN | {"base": BASE}},
        ("Charms", "CharmInfo"): {"url": URL},
        ("Charms", "IsMetered"): {"url": URL},
        ("Charms", "List"): {"names": ["keystone"]},
        ("Charms", "ListCharmResources"): {"entities": [{"charm-url": URL}]},
        ("Charms", "ResolveCharms"): {
            "resolve": [
                {"reference": "ch:keystone", "charm-origin": ORIGIN | {"base": BASE}},
                {"reference": "ch:nothing", "charm-origin": ORIGIN | {"base": BASE}},
            ]
        },
        ("Client", "FullStatus"): {"patterns": []},
        ("Client", "StatusHistory"): {
            "requests": [
                {"historyKind": "juju-unit", "tag": "unit-keystone-0", "filter": {"size": 5}},
                {"historyKind": "machine", "tag": "machine-0", "filter": {"size": 5}},
                {"historyKind": "model", "tag": model["tag"], "filter": {"size": 5}},
                {"historyKind": "application", "tag": APP["tag"], "filter": {"size": 5}},
            ]
        },
        ("Client", "WatchAll"): {},
        ("Controller", "AllModels"): {},
        ("Controller", "ControllerConfig"): {},
        ("Controller", "ControllerVersion"): {},
        ("Controller", "GetControllerAccess"): {"entities": [{"tag": "user-admin"}]},
        ("Controller", "ModifyControllerAccess"): {
            "changes": [{"user-tag": "user-write", "action": "grant", "access": "superuser"}]
        },
        ("ModelConfig", "ModelGet"): {},
        ("ModelConfig", "ModelSet"): {"config": {"development": True}},
        ("ModelConfig", "ModelUnset"): {"keys": ["development"]},
        ("ModelConfig", "GetModelConstraints"): {},
        ("ModelConfig", "SetModelConstraints"): {"application": "", "constraints": {"mem": 4096}},
        ("ModelManager", "CreateModel"): {
            "name": "second",
            "owner-tag": "user-admin",
            "config": {},
        },
        ("ModelManager", "DestroyModels"): {
            "models": [{"model-tag": model["tag"], "destroy-storage": True, "force": True}]
        },
        ("ModelManager", "ListModelSummaries"): {"user-tag": "user-admin", "all": True},
        ("ModelManager", "ListModels"): {"tag": "user-admin"},
        ("ModelManager", "ModelInfo"): {"entities": [model, {"tag": "model-no"}]},
        ("ModelManager", "ModifyModelAccess"): {
            "changes": [
                {
                    "user-tag": "user-nobody",
                    "action": "grant",
                    "access": "read",
                    "model-tag": model["tag"],
                }
            ]
        },
        ("Pinger", "Ping"): {},
        ("Resources", "AddPendingResources"): {"tag": "application-keystone", "resources": []},
        ("Resources", "ListResources"): {"entities": [APP]},
        ("Secrets", "CreateSecrets"): {"args": [SECRET | {"label": "other"}]},
        ("Secrets", "GrantSecret"): {"uri": secret, "applications": ["keystone", "no"]},
        ("Secrets", "ListSecrets"): {"show-secrets": True, "filter": {"uri": secret}},
        ("Secrets", "RemoveSecrets"): {"args": [{"uri": secret}]},
        ("Secrets", "RevokeSecret"): {"uri": secret, "applications": ["keystone"]},
        ("Secrets", "UpdateSecrets"): {"args": [SECRET | {"uri": secret}]},
        ("UserManager", "AddUser"): {"users": [{"username": "new", "display-name": "New"}]},
        ("UserManager", "DisableUser"): {"entities": [{"tag": "user-write"}]},
        ("UserManager", "EnableUser"): {"entities": [{"tag": "user-write"}]},
        ("UserManager", "SetPassword"): {
            "changes": [{"tag": "user-write", "password": "another-password"}]
        },
        ("UserManager", "UserInfo"): {"entities": [{"tag": "user-write"}, {"tag": "user-no"}]},
    }
