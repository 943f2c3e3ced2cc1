"""Secrets, options, users, charm URLs, the clock."""

from __future__ import annotations

import asyncio
import datetime
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from juju_testbed.model import charmurl, virtual
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.errors import ModelError
from juju_testbed.model.uniter import seconds

LOGIN = {"username": "cou", "password": "first"}


def test_a_secret_is_read_only_by_applications_it_was_granted_to(world):
    uri = world.model.add_secret("login", LOGIN, "admin")
    with pytest.raises(ModelError, match="permission denied"):
        world.model.read_secret(uri, "glance/0")
    world.model.grant_secret("login", "glance", "admin")
    assert world.model.read_secret(uri, "glance/0") == LOGIN
    with pytest.raises(ModelError, match="permission denied"):
        world.model.read_secret(uri, "nova/0")
    world.model.revoke_secret(uri, "glance", "admin")
    with pytest.raises(ModelError, match="permission denied"):
        world.model.read_secret(uri, "glance/0")


def test_a_unit_keeps_the_revision_it_read_until_it_refreshes(world):
    uri = world.model.add_secret("login", LOGIN, "admin")
    world.model.grant_secret(uri, "glance", "admin")
    world.model.read_secret(uri, "glance/0")
    world.model.update_secret(uri, LOGIN | {"password": "second"}, "admin")
    read = world.model.read_secret
    assert read(uri, "glance/0")["password"] == "first"
    assert read(uri, "glance/0", peek=True)["password"] == "second"
    assert read(uri, "glance/0")["password"] == "first"
    assert read(uri, "glance/0", refresh=True)["password"] == "second"
    assert read(uri, "glance/0")["password"] == "second"


async def test_secret_changed_runs_on_units_that_have_read_it_and_a_grant_fires_nothing(world):
    world.model.start()
    uri = world.model.add_secret("login", LOGIN, "admin")
    world.model.grant_secret(uri, "glance", "admin")
    world.model.grant_secret(uri, "nova", "admin")
    world.model.read_secret(uri, "glance/0")
    await world.until(10)
    world.model.update_secret(uri, LOGIN | {"password": "second"}, "admin")
    await world.until(20)
    await world.model.stop()
    assert world.timeline() == [
        "11 glance/0 secret-changed begins",
        "13 glance/0 secret-changed ends",
    ]


def test_times_of_a_secret_have_whole_seconds_as_juju_keeps_them(world):
    """Before Python 3.11 a client's parser reads fractions of three and six digits only."""
    world.clock.jump(0.12345)
    uri = world.model.add_secret("login", LOGIN, "admin")
    secret = world.model.find_secret(uri)
    assert secret.created.microsecond == 0
    world.model.update_secret(uri, LOGIN | {"password": "second"}, "admin")
    assert secret.updated.microsecond == 0


def test_the_log_never_holds_a_secrets_content(world):
    uri = world.model.add_secret("login", LOGIN, "admin")
    world.model.update_secret(uri, {"password": "hunter22"}, "admin")
    assert "first" not in str(world.model.log.entries)
    assert "hunter22" not in str(world.model.log.entries)


@pytest.mark.parametrize("key", ["ab", "Password", "1password", "pass_word", "password-"])
def test_a_secret_key_has_three_lower_case_characters_or_more(world, key):
    with pytest.raises(ModelError, match="not valid"):
        world.model.add_secret("login", {key: "x"}, "admin")


OPTIONS = {
    "unknown": ({"shape": "x"}, 'unknown option "shape"'),
    "no number": ({"size": "many"}, 'option "size" expected int, got "many"'),
    "no truth": ({"loud": "maybe"}, 'option "loud" expected boolean'),
    "no secret": ({"login": "password"}, 'option "login" expected secret'),
}


@pytest.mark.parametrize(("values", "text"), OPTIONS.values(), ids=OPTIONS)
def test_a_bad_option_changes_nothing(world, values, text):
    with pytest.raises(ModelError, match=text):
        world.model.set_config("glance", {"colour": "blue"} | values, "admin")
    assert world.model.applications["glance"].config == {}
    assert world.model.log.entries == []


def test_only_values_that_changed_are_logged_and_unset_gives_the_default_back(world):
    world.model.set_config("glance", {"colour": "blue", "size": "1"}, "admin")
    world.model.unset_config("glance", ["colour", "size"], "admin")
    changed = [
        (entry["data"]["key"], entry["data"]["old"], entry["data"]["new"])
        for entry in world.model.log.entries
        if entry["event"] == "config-changed"
    ]
    assert changed == [("colour", "red", "blue"), ("colour", "blue", "red")]


def test_a_subordinate_goes_to_its_principals_machine(world):
    world.model.add_application("ntp", world.revision("ntp", 1), "jammy")
    unit = world.model.add_unit("ntp", "", principal="glance/0")
    assert (unit.machine, unit.principal, unit.leader) == ("1", "glance/0", True)
    assert world.model.units["glance/0"].subordinates == ["ntp/0"]
    assert world.model.applications["ntp"].subordinate_to == ["glance"]


def test_a_container_has_its_hosts_zone(world):
    assert world.model.add_machine("1/lxd/0", "jammy").zone == "z1"


def test_relations_are_known_at_both_ends(world):
    world.model.relate("keystone:identity", "glance:identity-service")
    world.model.relate("nova", "glance:image-service")
    applications = world.model.applications
    assert applications["keystone"].relations == {"identity": ["glance"]}
    assert applications["glance"].relations == {
        "identity-service": ["keystone"],
        "image-service": ["nova"],
    }


def test_an_annotation_set_to_nothing_is_removed(world):
    world.model.set_annotations("application-glance", {"a": "1", "b": "2"}, "admin")
    world.model.set_annotations("application-glance", {"a": ""}, "admin")
    assert world.model.annotations["application-glance"] == {"b": "2"}


def test_the_workload_version_of_an_application_is_its_newest_units(world):
    world.model.add_unit("glance", "0")
    world.model.set_workload_version("glance/0", "20.0.0")
    world.model.set_workload_version("glance/1", "21.0.0")
    assert world.model.application_version("glance") == "21.0.0"


async def test_leadership_moves_and_the_new_leader_hears_of_it(world):
    world.model.add_unit("glance", "0")

    world.model.start()
    world.model.elect("glance/1")
    await world.until(10)
    await world.model.stop()
    assert [unit.leader for unit in world.model.units_of("glance")] == [False, True]
    assert world.timeline()[0] == "1 glance/1 leader-elected begins"


def test_logins_fail_alike_for_a_wrong_user_and_a_wrong_password():
    controller = Controller()
    controller.add_user("cou", "right")
    texts = set()
    for user, password in (("user-cou", "wrong"), ("user-nobody", "right"), ("user-cou", "")):
        with pytest.raises(ModelError) as refused:
            controller.login(user, password)
        texts.add((refused.value.message, refused.value.code))
    assert texts == {("invalid entity name or password", "unauthorized access")}
    assert controller.login("user-cou@local", "right").name == "cou"


def test_access_is_granted_once_and_revoked_to_the_level_below(world):
    controller = Controller()
    controller.add_model(world.model)
    user = controller.add_user("cou", "secret")
    uuid = world.model.uuid
    assert not user.may(uuid, "read")
    controller.grant("cou", "admin", "openstack")
    with pytest.raises(ModelError, match='already has "write" access or greater'):
        controller.grant("cou", "write", "openstack")
    controller.revoke("cou", "admin", "openstack")
    assert user.access(uuid) == "write"
    controller.revoke("cou", "read", "openstack")
    assert user.access(uuid) == ""


URLS = {
    "ch:amd64/focal/keystone-500": ("ch", "keystone", 500, "focal", "amd64"),
    "local:focal/cou-0": ("local", "cou", 0, "focal", ""),
    "keystone": ("ch", "keystone", -1, "", ""),
    "ch:mysql-innodb-cluster": ("ch", "mysql-innodb-cluster", -1, "", ""),
    "cs:openstack-dashboard-318": ("cs", "openstack-dashboard", 318, "", ""),
}


@pytest.mark.parametrize(("url", "parts"), URLS.items(), ids=URLS)
def test_a_charm_url_is_taken_apart_and_put_together(url, parts):
    parsed = charmurl.parse_url(url)
    assert (
        parsed.schema,
        parsed.name,
        parsed.revision,
        parsed.series,
        parsed.architecture,
    ) == parts
    assert str(parsed).removeprefix("ch:") == url.removeprefix("ch:")


@pytest.mark.parametrize("url", ["", "ch:", "ch:9", "http://x/y", "ch:amd64/focal/a/b"])
def test_nonsense_is_no_charm_url(url):
    with pytest.raises(ModelError, match="cannot parse"):
        charmurl.parse_url(url)


CHANNELS = {
    "edge": ("latest", "edge", ""),
    "victoria/stable": ("victoria", "stable", ""),
    "victoria": ("victoria", "stable", ""),
    "8.0/candidate/fix": ("8.0", "candidate", "fix"),
}


@pytest.mark.parametrize(("channel", "parts"), CHANNELS.items(), ids=CHANNELS)
def test_a_channel_is_taken_apart(channel, parts):
    assert charmurl.split_channel(channel) == parts


@given(st.integers(0, 50), st.integers(0, 59), st.integers(0, 59))
def test_go_durations_become_seconds(hours, minutes, rest):
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest


def test_no_two_stamps_are_equal():
    clock = Clock()
    stamps = [clock.now() for _ in range(100)]
    assert len(set(stamps)) == 100
    assert stamps == sorted(stamps)


async def test_a_scaled_clock_runs_faster_than_its_loop():
    clock = Clock(scale=60, epoch=datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc))

    before, loop = clock.now(), asyncio.get_running_loop()
    start = loop.time()
    await clock.sleep(3600)
    assert (loop.time() - start, (clock.now() - before).total_seconds()) == (
        pytest.approx(60),
        pytest.approx(3600),
    )


def test_ten_virtual_hours_take_no_time():
    began = time.monotonic()
    virtual.run(asyncio.sleep(36_000))
    assert time.monotonic() - began < 60


async def test_virtual_time_waits_for_threads_instead_of_jumping():
    loop = asyncio.get_running_loop()
    timer = asyncio.ensure_future(asyncio.sleep(1000))
    await asyncio.to_thread(time.sleep, 0.1)
    at = loop.time()
    await timer
    assert (at, loop.time()) == (0, pytest.approx(1000))


def test_a_deadlock_in_virtual_time_is_told():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(virtual.NothingLeft):
        virtual.run(main())


async def test_timers_of_one_time_run_in_the_order_in_which_they_were_set():
    loop, told = asyncio.get_running_loop(), []
    for number in range(50):
        loop.call_later(7, told.append, number)
    loop.call_at(3, told.append, "first")
    await asyncio.sleep(8)
    assert told == ["first", *range(50)]


async def test_a_cancelled_timer_moves_no_time():
    loop = asyncio.get_running_loop()
    loop.call_later(5, lambda: None).cancel()
    await asyncio.wait_for(asyncio.sleep(9), 100)
    assert loop.time() == 9


async def test_what_comes_from_a_socket_takes_no_virtual_time():
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    there.send(b"said")
    there.close()
    timer = asyncio.ensure_future(asyncio.sleep(1000))
    said, at = await reader.read(), asyncio.get_running_loop().time()
    writer.close()
    await timer
    assert (said, at) == (b"said", 0)


async def test_a_removed_unit_runs_stop_and_remove_and_its_subordinate_goes_first(world):
    world.model.add_application("ntp", world.revision("ntp", 1), "jammy")
    world.model.add_unit("ntp", "", principal="glance/0")
    world.model.add_unit("glance", "0")

    world.model.start()
    world.model.remove_unit("glance/0", "admin")
    await world.until(30)
    await world.model.stop()
    assert [line.split(maxsplit=1)[1] for line in world.timeline() if "begins" in line] == [
        "ntp/0 stop begins",
        "ntp/0 remove begins",
        "glance/0 stop begins",
        "glance/0 remove begins",
        "glance/1 leader-elected begins",
    ]
    assert sorted(world.model.units) == ["glance/1", "keystone/0", "nova/0"]
    assert world.model.units["glance/1"].leader


async def test_an_application_is_gone_with_its_last_unit_and_its_relations_too(world):
    world.model.relate("keystone:identity", "glance:identity-service")

    world.model.start()
    world.model.remove_application("glance", "admin")
    early = "glance" in world.model.applications
    await world.until(30)
    await world.model.stop()
    assert early
    assert sorted(world.model.applications) == ["keystone", "nova"]
    assert world.model.relations == []
    assert world.model.applications["keystone"].relations == {}


def test_a_task_that_a_removed_unit_never_began_is_cancelled(world):
    # The agent is down, so the unit goes at once and the task with it.
    number = world.act("glance/0", "work")
    world.model.remove_unit("glance/0", "admin")
    assert (world.task(number).status, world.task(number).message) == ("cancelled", "unit removed")
