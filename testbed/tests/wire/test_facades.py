"""What the facades answer; in process, which is what the wire gives."""

from __future__ import annotations

import base64
import dataclasses
import datetime

import pytest
from juju_testbed.model import virtual
from juju_testbed.wire.errors import WireError
from juju_testbed.wire.shapes import stamp


def run(call):
    return virtual.run(call)


# Method -> (facade, parameters, the least level that may call it).
ACCESS = {
    "FullStatus": ("Client", {}, "read"),
    "StatusHistory": ("Client", {"requests": []}, "read"),
    "WatchAll": ("Client", {}, "read"),
    "Get": ("Application", {"application": "keystone"}, "read"),
    "CharmConfig": ("Application", {"args": []}, "read"),
    "GetCharmURLOrigin": ("Application", {"application": "keystone"}, "write"),
    "SetConfigs": ("Application", {"Args": []}, "write"),
    "UnsetApplicationsConfig": ("Application", {"Args": []}, "write"),
    "ResolveUnitErrors": ("Application", {"tags": {"entities": []}}, "write"),
    "ResolveCharms": ("Charms", {"resolve": []}, "read"),
    "AddCharm": ("Charms", {"url": "ch:amd64/focal/keystone-5"}, "write"),
    "Actions": ("Action", {"entities": []}, "read"),
    "ListOperations": ("Action", {}, "read"),
    "Operations": ("Action", {"entities": []}, "read"),
    "ApplicationsCharmsActions": ("Action", {"entities": []}, "write"),
    "Cancel": ("Action", {"entities": []}, "write"),
    "EnqueueOperation": (
        "Action",
        {"actions": [{"receiver": "unit-keystone-0", "name": "quick"}]},
        "write",
    ),
    "Run": ("Action", {"commands": "date", "units": ["keystone/0"]}, "admin"),
    "ModelGet": ("ModelConfig", {}, "read"),
    "ListResources": ("Resources", {"entities": []}, "read"),
    "CreateSecrets": ("Secrets", {"args": []}, "admin"),
}
LEVELS = ("read", "write", "owner")  # users of these levels; the owner has admin


@pytest.mark.parametrize("user", LEVELS)
@pytest.mark.parametrize("method", ACCESS)
def test_a_call_needs_the_access_that_juju_asks_for(cloud, method, user):
    facade, params, least = ACCESS[method]
    if LEVELS.index(user) >= ("read", "write", "admin").index(least):
        run(cloud.ask(facade, method, user, **params))
        return
    with pytest.raises(WireError) as refused:
        run(cloud.ask(facade, method, user, **params))
    assert (refused.value.message, refused.value.code) == (
        "permission denied",
        "unauthorized access",
    )
    assert [entry for entry in cloud.model.log.entries if entry["data"].get("accepted")] == []


def test_nothing_but_login_is_served_before_login(cloud):
    session = cloud.session(user=None)
    with pytest.raises(WireError, match="not logged in"):
        run(session.call("Client", 6, "", "FullStatus", {}))


def login(cloud, user, password, model=True):
    session = cloud.session(user=None, model=model)
    params = {"auth-tag": f"user-{user}", "credentials": password, "client-version": "3.6.0"}
    return run(session.call("Admin", 3, "", "Login", params))


def test_login_tells_who_one_is_and_what_is_served(cloud):
    answer = login(cloud, "write", "write-password")
    assert answer["user-info"]["model-access"] == "write"
    assert answer["model-tag"] == f"model-{cloud.model.uuid}"
    served = {facade["name"]: facade["versions"] for facade in answer["facades"]}
    assert served["Action"] == [7]
    assert served["Client"] == [6, 7, 8]
    assert "Testbed" not in served
    assert "ModelManager" not in served  # that one is on the controller's connection
    whole = login(cloud, "write", "write-password", model=False)
    assert whole["model-tag"] == ""
    assert "ModelManager" in {facade["name"] for facade in whole["facades"]}


REFUSED = {
    "wrong password": ("write", "nonsense", "invalid entity name or password"),
    "unknown user": ("ghost", "nonsense", "invalid entity name or password"),
    "no access to the model": ("nobody", "nobody-password", "permission denied"),
}


@pytest.mark.parametrize(("user", "password", "text"), REFUSED.values(), ids=REFUSED)
def test_a_login_is_refused_with_one_code(cloud, user, password, text):
    with pytest.raises(WireError) as refused:
        login(cloud, user, password)
    assert (refused.value.message, refused.value.code) == (text, "unauthorized access")


def test_login_to_a_model_that_moved_away_names_the_new_controller(cloud):
    info = {"servers": [], "ca-cert": "PEM", "controller-tag": "c", "controller-alias": "other"}
    cloud.controller.redirects[cloud.model.uuid] = info
    with pytest.raises(WireError) as refused:
        login(cloud, "admin", "admin-secret")
    assert refused.value.code == "redirection required"
    assert refused.value.info == info


UNKNOWN = {
    "facade": ("Nonsense", 1, "Get", 'unknown object type "Nonsense"'),
    "version": ("Action", 2, "Actions", 'unknown version (2) of interface "Action"'),
    "method": ("Action", 7, "Dance", "Action(7).Dance is not implemented"),
}


@pytest.mark.parametrize(("facade", "version", "method", "text"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_served_is_not_implemented(cloud, facade, version, method, text):
    with pytest.raises(WireError) as refused:
        run(cloud.session().call(facade, version, "", method, {}))
    assert text in refused.value.message
    assert refused.value.code == "not implemented"


def test_a_blocked_model_refuses_changes_and_serves_reads(cloud):
    async def main():
        await cloud.ask("Block", "SwitchBlockOn", type="BlockChange", message="maintenance")
        await cloud.ask("Application", "Get", application="keystone")
        await cloud.ask("Application", "SetConfigs", Args=[])

    with pytest.raises(WireError) as refused:
        run(main())
    assert (refused.value.message, refused.value.code) == ("maintenance", "operation is blocked")


@pytest.mark.parametrize("key", ["Args", "args"])
def test_field_names_are_read_in_any_case(cloud, key):
    change = {"Application": "keystone", "config": {"colour": "blue"}}
    answer = run(cloud.ask("Application", "SetConfigs", **{key: [change]}))
    assert answer == {"results": [{}]}
    shown = run(cloud.ask("Application", "Get", application="keystone", branch=None))
    assert shown["config"]["colour"] == {
        "value": "blue",
        "default": "red",
        "source": "user",
        "type": "string",
        "description": "",
    }
    assert shown["config"]["login"]["source"] == "unset"


def test_errors_of_a_bulk_call_stand_with_their_element_and_in_the_log(cloud):
    changes = [
        {"application": "keystone", "config": {"shape": "x"}},
        {"application": "keystone", "config": {"colour": "blue"}},
        {"application": "ghost", "config": {"colour": "blue"}},
    ]
    answer = run(cloud.ask("Application", "SetConfigs", "write", Args=changes))
    texts = [one.get("error", {}).get("message") for one in answer["results"]]
    assert texts == ['unknown option "shape"', None, 'application "ghost" not found']
    asked = [entry["data"] for entry in cloud.model.log.entries if entry["event"] == "asked"]
    assert sorted(entry["accepted"] for entry in asked) == [False, False, True]


def origin(**fields):
    base = {"name": "ubuntu", "channel": "20.04/stable"}
    return {"source": "charm-hub", "architecture": "amd64", "base": base} | fields


# What the origin holds -> which revision is found; the application has 5.
REVISIONS = {
    "id and revision: newest of the channel": (origin(id="abc", revision=5, track="7"), 7),
    "revision without id: that revision": (origin(revision=5, track="7", risk="stable"), 5),
    "neither: newest of the channel": (origin(track="7", risk="stable"), 7),
    "revision -1: newest of the channel": (origin(revision=-1, track="7", risk="stable"), 7),
    "nulls count as absent": (origin(id=None, revision=None, track="7", risk="stable"), 7),
    "empty id counts as none": (origin(id="", revision=5, track="7", risk="stable"), 5),
}


@pytest.mark.parametrize(("sent", "expected"), REVISIONS.values(), ids=REVISIONS)
def test_the_revision_is_picked_as_the_origin_asks(cloud, sent, expected):
    resolve = [{"reference": "ch:keystone", "charm-origin": sent}]
    (answer,) = run(cloud.ask("Charms", "ResolveCharms", resolve=resolve))["Results"]
    assert answer["url"] == f"ch:amd64/focal/keystone-{expected}"
    assert answer["charm-origin"]["revision"] == expected
    assert answer["charm-origin"]["track"] == "7"  # the channel is followed in any case


@pytest.mark.parametrize("reference", ["cs:keystone-300", "ch:nothing", "local:focal/cou-0"])
def test_a_charm_that_cannot_be_resolved_is_an_error_of_its_element(cloud, reference):
    resolve = [{"reference": reference, "charm-origin": origin(track="7")}]
    (answer,) = run(cloud.ask("Charms", "ResolveCharms", resolve=resolve))["Results"]
    assert list(answer) == ["error"]


async def test_a_refresh_over_facades_moves_the_charm(cloud):
    sent = origin(track="7", risk="stable")
    (found,) = (
        await cloud.ask(
            "Charms",
            "ResolveCharms",
            resolve=[{"reference": "ch:keystone", "charm-origin": sent}],
        )
    )["Results"]
    added = await cloud.ask(
        "Charms", "AddCharm", url=found["url"], **{"charm-origin": found["charm-origin"]}
    )
    await cloud.ask(
        "Application",
        "SetCharm",
        application="keystone",
        **{"charm-url": found["url"], "charm-origin": added["charm-origin"]},
    )
    answer = await cloud.ask("Application", "GetCharmURLOrigin", application="keystone")
    assert answer["url"] == "ch:amd64/focal/keystone-7"
    assert (answer["charm-origin"]["track"], answer["charm-origin"]["revision"]) == ("7", 7)
    app = cloud.model.applications["keystone"]
    assert (app.charm_url, app.channel) == (answer["url"], "7/stable")


def test_a_charm_must_be_added_before_it_is_set(cloud):
    with pytest.raises(WireError, match='charm "ch:amd64/focal/keystone-9" not found'):
        run(
            cloud.ask(
                "Application",
                "SetCharm",
                application="keystone",
                **{"charm-url": "ch:amd64/focal/keystone-9", "charm-origin": origin(track="9")},
            )
        )


async def test_a_unit_names_its_charm_only_while_it_lags_behind(cloud):
    cloud.model.start()
    before = await cloud.ask("Client", "FullStatus")
    revision = cloud.revision("keystone", 6)
    cloud.model.set_charm("keystone", revision, origin(), "6/stable", "admin")
    lagging = await cloud.ask("Client", "FullStatus")
    await cloud.clock.sleep(60)
    after = await cloud.ask("Client", "FullStatus")
    await cloud.model.stop()
    assert (
        [
            status["applications"]["keystone"]["units"]["keystone/0"]["charm"]
            for status in (before, lagging, after)
        ]
    ) == ["", "ch:amd64/focal/keystone-5", ""]


async def test_no_actions_are_listed_while_the_new_charm_is_fetched(cloud):
    async def listed():
        entities = [{"tag": "application-keystone"}]
        return await cloud.ask("Action", "ApplicationsCharmsActions", entities=entities)

    cloud.model.charm_download_s = 5.0
    revision = cloud.revision("keystone", 6)
    cloud.model.add_charm(revision.url, "admin")
    before = await listed()
    cloud.model.set_charm("keystone", revision, origin(), "6/stable", "admin")
    fetching = await listed()
    await cloud.clock.sleep(6)
    answers = (before, fetching, await listed())
    assert [bool(answer["results"][0]["actions"]) for answer in answers] == [True, False, True]


def test_subordinates_stand_only_below_their_principals(cloud):
    app = cloud.model.applications["ntp"]
    app.definition = dataclasses.replace(app.definition, subordinate=True)
    status = run(cloud.ask("Client", "FullStatus"))
    assert status["applications"]["ntp"]["units"] == {}
    assert status["applications"]["ntp"]["subordinate-to"] == ["keystone"]
    unit = status["applications"]["keystone"]["units"]["keystone/0"]
    assert list(unit["subordinates"]) == ["ntp/0"]
    assert list(status["machines"]) == ["0"]
    assert list(status["machines"]["0"]["containers"]) == ["0/lxd/0"]
    assert "availability-zone=z1" in status["machines"]["0"]["hardware"]


def test_patterns_narrow_the_status_to_what_they_name(cloud):
    status = run(cloud.ask("Client", "FullStatus", patterns=["glance"]))
    assert list(status["applications"]) == ["glance"]
    assert list(status["machines"]) == ["0"]  # the host of its container


def enqueue(cloud, count, unit="unit-keystone-0", name="quick"):
    async def main():
        for _ in range(count):
            await cloud.ask(
                "Action", "EnqueueOperation", actions=[{"receiver": unit, "name": name}]
            )

    run(main())


def test_operations_are_listed_oldest_first_50_at_a_time(cloud):
    enqueue(cloud, 120)
    pages = []
    for offset in (0, 50, 100):
        pages.append(run(cloud.ask("Action", "ListOperations", offset=offset)))
    assert [len(page["results"]) for page in pages] == [50, 50, 20]
    assert [page["truncated"] for page in pages] == [True, True, False]
    numbers = [int(one["operation"].split("-")[1]) for page in pages for one in page["results"]]
    assert numbers == sorted(numbers)
    assert run(cloud.ask("Action", "ListOperations", limit=200))["truncated"] is False


def test_lists_of_operations_leave_logs_and_outputs_out(cloud):
    enqueue(cloud, 1)
    (one,) = run(cloud.ask("Action", "ListOperations"))["results"]
    assert one["summary"] == "quick run on unit-keystone-0"
    assert not {"output", "log"} & one["actions"][0].keys()
    (full,) = run(cloud.ask("Action", "Operations", entities=[{"tag": one["operation"]}]))[
        "results"
    ]
    assert {"output", "log"} <= full["actions"][0].keys()


def test_operations_are_filtered_by_unit_application_action_and_status(cloud):
    enqueue(cloud, 2)
    enqueue(cloud, 3, unit="unit-glance-0", name="work")

    def count(**filters):
        return len(run(cloud.ask("Action", "ListOperations", **filters))["results"])

    assert count() == 5
    assert count(units=["keystone/0"]) == 2
    assert count(applications=["glance"]) == 3
    assert count(applications=["glance"], actions=["quick"]) == 0
    assert count(actions=["work"]) == 3
    assert count(status=["pending"]) == 5
    assert count(status=["completed"]) == 0


def test_a_bad_action_carries_its_error_and_the_others_go(cloud):
    actions = [
        {"receiver": "unit-keystone-0", "name": "strict", "parameters": {}},
        {"receiver": "unit-keystone-0", "name": "quick", "parameters": None, "parallel": None},
    ]
    answer = run(cloud.ask("Action", "EnqueueOperation", actions=actions))
    assert [one["status"] for one in answer["actions"]] == ["error", "pending"]
    assert "required" in answer["actions"][0]["error"]["message"]
    assert answer["actions"][1]["started"] == "0001-01-01T00:00:00Z"


def test_run_takes_its_timeout_in_nanoseconds(cloud):
    answer = run(
        cloud.ask("Action", "Run", commands="date", units=["keystone/0"], timeout=5 * 10**9)
    )
    action = answer["actions"][0]["action"]
    assert (action["name"], action["parallel"]) == ("juju-exec", True)
    assert action["parameters"] == {
        "command": "date",
        "timeout": 5 * 10**9,
        "workload-context": False,
    }


def test_the_leader_can_be_asked_for(cloud):
    answer = run(
        cloud.ask(
            "Action",
            "EnqueueOperation",
            actions=[{"receiver": "keystone/leader", "name": "quick"}],
        )
    )
    assert answer["actions"][0]["action"]["receiver"] == "unit-keystone-0"


async def test_history_is_given_oldest_first_and_after_a_date(cloud):
    cloud.model.start()
    await cloud.clock.sleep(1)
    status = await cloud.ask("Client", "FullStatus")
    cloud.model.set_config("keystone", {"colour": "blue"}, "admin")
    await cloud.clock.sleep(30)
    request = {
        "historyKind": "juju-unit",
        "tag": "unit-keystone-0",
        "filter": {"date": status["controller-timestamp"], "size": None, "delta": None},
    }
    answer = await cloud.ask("Client", "StatusHistory", requests=[request])
    await cloud.model.stop()
    statuses = answer["results"][0]["history"]["statuses"]
    assert [(one["status"], one["info"]) for one in statuses] == [
        ("executing", "running config-changed hook"),
        ("idle", ""),
    ]


def test_history_needs_exactly_one_of_size_date_and_delta(cloud):
    requests = [
        {"historyKind": "juju-unit", "tag": "unit-keystone-0", "filter": limits}
        for limits in ({}, {"size": 1, "delta": 5}, {"size": 1})
    ]
    answers = run(cloud.ask("Client", "StatusHistory", requests=requests))["results"]
    assert ["error" in one for one in answers] == [True, True, False]


async def test_annotations_are_kept_per_entity(cloud):
    tag = f"model-{cloud.model.uuid}"

    entry = {"entity": tag, "annotations": {"cou-run": "7"}}
    refused = {"entity": "application-ghost", "annotations": {"x": "y"}}
    set_ = await cloud.ask("Annotations", "Set", annotations=[entry, refused])
    entities = [{"tag": tag}, {"tag": "application-ghost"}]
    written, read = set_, await cloud.ask("Annotations", "Get", entities=entities)
    assert len(written["results"]) == 1
    assert read["results"][0]["annotations"] == {"cou-run": "7"}
    assert read["results"][1]["error"]["error"]["code"] == "not found"


async def test_secrets_are_created_granted_and_listed(cloud):
    data = {"password": base64.b64encode(b"hunter22").decode()}

    secret = {"label": "login", "content": {"data": data}}
    (made,) = (await cloud.ask("Secrets", "CreateSecrets", args=[secret]))["results"]
    await cloud.ask("Secrets", "GrantSecret", uri=made["result"], applications=["keystone"])
    plain = await cloud.ask("Secrets", "ListSecrets", "read", filter={}, **{"show-secrets": False})
    shown = await cloud.ask(
        "Secrets", "ListSecrets", filter={"label": "login"}, **{"show-secrets": True}
    )
    uri, plain, shown = made["result"], plain["results"], shown["results"]
    assert cloud.model.read_secret(uri, "keystone/0") == {"password": "hunter22"}
    assert "value" not in plain[0]
    assert shown[0]["value"]["data"] == data
    assert shown[0]["access"][0]["target-tag"] == "application-keystone"


def test_users_are_added_and_granted_on_the_controllers_connection(cloud):
    async def main():
        ask = cloud.ask
        await ask("UserManager", "AddUser", model=False, users=[{"username": "cou"}])
        change = {"tag": "user-cou", "password": "secret"}
        await ask("UserManager", "SetPassword", model=False, changes=[change])
        grant = {
            "user-tag": "user-cou",
            "action": "grant",
            "access": "admin",
            "model-tag": f"model-{cloud.model.uuid}",
        }
        first = await ask("ModelManager", "ModifyModelAccess", model=False, changes=[grant])
        again = await ask("ModelManager", "ModifyModelAccess", model=False, changes=[grant])
        return first["results"], again["results"]

    first, again = run(main())
    assert first == [{}]
    assert again[0]["error"]["message"] == 'user already has "admin" access or greater'
    assert login(cloud, "cou", "secret")["user-info"]["model-access"] == "admin"


def test_a_user_sees_only_models_it_may_read(cloud):
    def seen(user):
        answer = run(cloud.ask("ModelManager", "ListModelSummaries", user, model=False))
        return [one["result"]["name"] for one in answer["results"]]

    assert seen("read") == ["openstack"]
    assert seen("nobody") == []


def test_only_a_superuser_adds_users(cloud):
    with pytest.raises(WireError, match="permission denied"):
        run(cloud.ask("UserManager", "AddUser", "write", model=False, users=[{"username": "x"}]))


def test_the_debug_log_can_be_followed(cloud):
    cloud.model.say("keystone/0", "one\ntwo")
    first = run(cloud.ask("Testbed", "DebugLog"))
    cloud.model.say("keystone/0", "three", "ERROR")
    second = run(cloud.ask("Testbed", "DebugLog", after=first["next"]))
    assert [line["message"] for line in first["lines"]] == ["one", "two"]
    assert [(line["entity"], line["level"], line["message"]) for line in second["lines"]] == [
        ("unit-keystone-0", "ERROR", "three")
    ]
    assert run(cloud.ask("Testbed", "DebugLog", limit=1))["lines"][0]["message"] == "three"


def test_the_control_room_adds_methods_that_only_an_admin_may_call(cloud):
    async def handler(call):
        return {"echo": call.get("text"), "by": call.by, "model": call.model.name}

    cloud.session().extend("Echo", handler)
    assert run(cloud.ask("Testbed", "Echo", "admin", text="hi")) == {
        "echo": "hi",
        "by": "admin",
        "model": "openstack",
    }
    with pytest.raises(WireError, match="permission denied"):
        run(cloud.ask("Testbed", "Echo", "write", text="hi"))


def test_a_reply_shares_nothing_with_the_model(cloud):
    answer = run(cloud.ask("ModelConfig", "ModelGet"))
    answer["config"]["name"]["value"] = "changed"
    assert cloud.model.config["name"] == "openstack"


async def test_an_application_is_deployed_related_and_settles(cloud):
    cloud.model.start()
    url = "ch:amd64/focal/nova-3"
    sent = origin(track="3", risk="stable")
    await cloud.ask("Charms", "AddCharm", url=url, **{"charm-origin": sent})
    deployment = {
        "application": "nova",
        "charm-url": url,
        "charm-origin": sent,
        "num-units": 2,
        "placement": [{"scope": "lxd", "directive": "0"}],
        "config": {"colour": "green"},
    }
    answer = await cloud.ask("Application", "Deploy", applications=[deployment])
    await cloud.ask("Application", "AddRelation", endpoints=["nova:identity", "keystone"])
    await cloud.clock.sleep(60)
    status = await cloud.ask("Client", "FullStatus")
    await cloud.model.stop()
    nova = status["applications"]["nova"]
    assert answer == {"results": [{}]}
    assert [unit["machine"] for unit in nova["units"].values()] == ["0/lxd/1", "1"]
    assert [u["agent-status"]["status"] for u in nova["units"].values()] == ["idle", "idle"]
    assert nova["relations"] == {"identity": ["keystone"]}


def test_times_are_written_as_go_writes_them():
    utc = datetime.timezone.utc
    assert stamp(None) == "0001-01-01T00:00:00Z"
    assert stamp(datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=utc)) == "2030-01-02T03:04:05Z"
    fraction = datetime.datetime(2030, 1, 2, 3, 4, 5, 120000, tzinfo=utc)
    assert stamp(fraction) == "2030-01-02T03:04:05.12Z"


def lives(status):
    """Return the life of each application and unit, where Juju's status has it."""
    apps = status["applications"]
    found = {name: app["life"] for name, app in apps.items()}
    for app in apps.values():
        for name, unit in app["units"].items():
            found[name] = unit["agent-status"]["life"]
    return found


async def test_a_life_is_told_only_where_it_ends_and_a_units_with_its_agents_status(cloud):
    """Juju: apiserver/facades/client/client/status.go, processLife."""

    cloud.model.start()
    before = lives(await cloud.ask("Client", "FullStatus"))
    cloud.model.remove_application("keystone", "admin")
    after = lives(await cloud.ask("Client", "FullStatus"))
    await cloud.clock.sleep(60)
    end = lives(await cloud.ask("Client", "FullStatus"))
    await cloud.model.stop()
    assert set(before.values()) == {""}
    ending = {name for name, life in after.items() if life}
    assert ending == {"keystone", "keystone/0", "ntp/0"}  # which is on the unit
    assert set(after.values()) == {"", "dying"}
    assert not [name for name in end if name.partition("/")[0] == "keystone"]


async def test_a_unit_that_is_removed_alone_leaves_its_application_alive(cloud):
    cloud.model.start()
    cloud.model.remove_unit("keystone/0", "admin")
    after = lives(await cloud.ask("Client", "FullStatus"))
    await cloud.model.stop()
    assert (after["keystone"], after["keystone/0"]) == ("", "dying")
