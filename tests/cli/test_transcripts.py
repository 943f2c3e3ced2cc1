"""The terminal sessions that users know: aborted, interrupted before, once and twice."""

from __future__ import annotations

import re
import signal
import socket

import pytest

from .cloud import Cloud
from .terminal import CTRL_BACKSLASH, CTRL_C

pytestmark = pytest.mark.slow

# The control plane is at the target already; one of its hypervisors is in use.
WITH_INSTANCES = """
series: focal
machines: {'0': {}, '1': {constraints: zones=az1}, '2': {constraints: zones=az2}}
testbed: {instances: {nova-compute/0: 3}}
applications:
  keystone: {charm: ch:keystone, channel: victoria/stable, num_units: 1, to: [lxd:0],
    options: {openstack-origin: cloud:focal-victoria}}
  nova-compute: {charm: ch:nova-compute, channel: ussuri/stable, num_units: 2, to: ['1', '2']}
"""
START = "Would you like to start the upgrade? Continue (y/N): "
TERMINATED = "charmed-openstack-upgrader has been terminated\n"
STOPPED = "charmed-openstack-upgrader has been stopped safely\n"
NOT_WAITED = "charmed-openstack-upgrader has been terminated without waiting\n"
CANCELLING = "Canceling upgrade... (Press ctrl+c again to stop immediately)"


def assert_in_order(text, *wanted):
    at = 0
    for one in wanted:
        found = text.find(one, at)
        assert found >= 0, f"{one!r} does not come in its place:\n{text}"
        at = found + len(one)


def without_blank(text):
    """Drop the empty lines that a terminal's carriage returns leave."""
    return re.sub(r"\n+", "\n", text)


def assert_log_is_first(text):
    first = text.strip().splitlines()[0]
    found = re.fullmatch(r"Full execution log: '(/.+/cou/log/cou-\d{14}\.log)'", first)
    assert found, first
    with open(found[1]) as log:
        assert log.read()


def test_abort_at_the_question_of_an_application(cloud, user, at, eventually):
    terminal = at("upgrade")
    terminal.until(START)
    assert cloud.count("task-begun") == 0, "something was done before the first yes"
    terminal.type("y\n")
    terminal.until(START)
    before = cloud.count("charm-changed") + cloud.count("config-changed")
    terminal.type("n\n")
    assert terminal.end() == 1
    text = without_blank(terminal.text)
    assert_log_is_first(text)
    assert_in_order(
        text,
        "Connected to 'test-model'\n",
        "Analyzing cloud...\n",
        "Generating upgrade plan...\n",
        "Upgrade cloud from 'ussuri' to 'victoria'\n",
        "Running cloud upgrade...\n",
        "Verify that all OpenStack applications are in idle state",
        "Back up MySQL databases",
        "Upgrade plan for 'keystone' to 'victoria'\n",
        "    Upgrade software packages of 'keystone' from the current APT repositories\n",
        "        Upgrade software packages on unit 'keystone/0'\n",
        "        Upgrade software packages on unit 'keystone/1'\n",
        "        Upgrade software packages on unit 'keystone/2'\n",
        "    Upgrade 'keystone' to the new channel: 'victoria/stable'\n",
        "    Change charm config of 'keystone' 'openstack-origin' to 'cloud:focal-victoria'\n",
        "    Wait for up to 2400s for model 'test-model' to reach the idle state\n",
        "    Verify that the workload of 'keystone' has been upgraded\n",
        START + "n\n",
        STOPPED,
    )
    assert cloud.count("charm-changed") + cloud.count("config-changed") == before == 0
    assert user.status()["state"] == "stopped"


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_connecting_terminates_at_once(user, at, key, code):
    with socket.socket() as silent:  # accepts, and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        user.knows([endpoint], "", "a" * 8, model="default")
        terminal = at("upgrade")
        terminal.until("Connecting to 'default' model...")
        assert_terminated(terminal, key, code)
    assert_log_is_first(terminal.text)
    assert_in_order(terminal.text, "Connecting to 'default' model...", TERMINATED)


@pytest.mark.parametrize(
    ("key", "code"), [(CTRL_C, 130), (CTRL_BACKSLASH, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_while_the_cloud_is_analyzed_terminates_at_once(cloud, at, key, code):
    cloud.hold(unit="*", name="*")  # what the analysis asks of units
    terminal = at("upgrade")
    terminal.until("Analyzing cloud...")
    assert_terminated(terminal, key, code)
    assert_in_order(without_blank(terminal.text), "Analyzing cloud...\n", TERMINATED)
    assert "Generating" not in terminal.text


def test_force_names_hosts_and_their_instances_before_it_asks(user, at):
    cloud = Cloud(source=WITH_INSTANCES)
    try:
        user.knows_cloud(cloud)
        terminal = at("upgrade", "hypervisors", "--force", "--no-backup")
        terminal.until("With instances: ")
        terminal.until(START)
        told = terminal.text[terminal.mark - len(START) - 200 : terminal.mark]
        assert "nova-compute/0" in told
        assert "3 instances" in told
        terminal.type("\n")
        assert terminal.end() == 0
        assert "Nothing was begun." in terminal.text
    finally:
        cloud.stop()


def test_each_zone_is_asked_about_and_sigterm_at_its_question_stops_safely(user, at):
    cloud = Cloud(source=WITH_INSTANCES)
    try:
        user.knows_cloud(cloud)
        terminal = at("upgrade", "hypervisors", "--force", "--no-backup")
        for _ in range(2):
            terminal.until(START)
            terminal.type("y\n")
        terminal.until(START)
        asked = re.findall(
            r"^Upgrade plan for hypervisors in zone '(az[12])' to 'victoria'", terminal.text, re.M
        )
        assert asked == ["az1", "az2"]
        terminal.signal(signal.SIGTERM)
        assert terminal.end() == 143
        assert without_blank(terminal.text).endswith(STOPPED)
        assert user.status()["state"] == "stopped"
        assert {
            entry["unit"] for entry in cloud.model.log.entries if entry["event"] == "paused"
        } == {"nova-compute/0"}
    finally:
        cloud.stop()


def test_ctrl_c_at_the_first_question_terminates(cloud, at):
    terminal = at("upgrade")
    terminal.until(START)
    asked = questions(cloud)
    assert_terminated(terminal, CTRL_C, 130)
    assert cloud.count("task-begun") == 0
    assert questions(cloud) == asked > 0


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_who_declines_is_not_made_to_wait_for_another_look(cloud, at, answer):
    """Nothing that could fail comes between the answer and the exit code."""
    terminal = at("upgrade")
    terminal.until(START)
    asked = questions(cloud)
    terminal.type(answer)
    assert terminal.end() == 0
    assert without_blank(terminal.text).endswith("Nothing was begun.\n")
    assert questions(cloud) == asked > 0


def questions(cloud):
    """Count what units were asked: each look at the cloud asks some of them."""
    return sum(entry["event"] == "asked" for entry in cloud.model.log.entries)


def assert_terminated(terminal, key, code):
    press(terminal, key)
    assert terminal.end() == code
    assert without_blank(terminal.text).endswith(TERMINATED)


def press(terminal, key):
    if isinstance(key, bytes):
        terminal.type(key)
    else:
        terminal.signal(key)


def begin(cloud, at):
    """Start an upgrade without questions and read until keystone's packages are being upgraded.

    That does not end before the cloud releases what it holds.
    """
    cloud.hold()
    terminal = at("upgrade", "--auto-approve")
    terminal.until("Running cloud upgrade...")
    terminal.until("Upgrade plan for 'keystone' to 'victoria'")
    return terminal


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143)])
def test_one_signal_lets_the_running_steps_finish(cloud, user, at, key, code):
    terminal = begin(cloud, at)
    press(terminal, key)
    terminal.until(CANCELLING)
    terminal.until("What runs is being finished")
    cloud.release()
    assert terminal.end() == code
    text = without_blank(terminal.text)
    assert_log_is_first(text)
    assert_in_order(
        text,
        "Connected to 'test-model'\n",
        "Analyzing cloud...\n",
        "Generating upgrade plan...\n",
        "Running cloud upgrade...\n",
        CANCELLING,
        STOPPED,
    )
    run = user.status()
    assert run["state"] == "stopped"
    states = {step["state"] for step in leaves(run)}
    assert not states & {"running", "in-doubt", "failed"}
    assert states & {"done", "satisfied"}
    assert "pending" in states
    assert cloud.count("task-begun") == cloud.count("task-ended")


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143)])
def test_two_signals_stop_without_waiting(cloud, user, at, key, code):
    terminal = begin(cloud, at)
    press(terminal, key)
    terminal.until(CANCELLING)
    press(terminal, key)
    assert terminal.end() == code
    assert_in_order(
        without_blank(terminal.text), "Running cloud upgrade...\n", CANCELLING, NOT_WAITED
    )
    assert STOPPED not in terminal.text
    run = user.status()
    assert run["state"] == "killed"
    assert "running" not in {step["state"] for step in leaves(run)}


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_after_a_safe_stop_says_so(cloud, user, at, eventually, key, code):
    terminal = begin(cloud, at)
    press(terminal, key)
    terminal.until(CANCELLING)
    terminal.until("What runs is being finished")
    terminal.signal(signal.SIGSTOP)  # the command alone; the run goes on to its stop
    cloud.release()
    eventually(lambda: user.status()["state"] == "stopped")
    press(terminal, key)
    terminal.signal(signal.SIGCONT)
    assert terminal.end() == code
    assert without_blank(terminal.text).endswith(STOPPED)
    assert NOT_WAITED not in without_blank(terminal.text)


@pytest.mark.sampled(1)
@pytest.mark.durations(upgrade_charm=600.0)
@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (signal.SIGTERM, 143)])
def test_signals_are_heard_at_once_in_the_middle_of_a_long_wait(cloud, user, at, key, code):
    terminal = at("upgrade", "--auto-approve")
    terminal.until("Running cloud upgrade...")
    terminal.until("has not finished config-changed: agent executing")
    press(terminal, key)
    terminal.until(CANCELLING)
    # The hook that the step has caused runs on for minutes, so it is not over yet.
    terminal.until("What runs is being finished")
    press(terminal, key)
    assert terminal.end() == code
    assert NOT_WAITED in without_blank(terminal.text)
    assert user.status()["state"] == "killed"


def leaves(run):
    """Yield all steps of a status that do something."""
    left = list(run["steps"])
    while left:
        step = left.pop()
        left += step["steps"]
        if not step["steps"] and "state" in step:
            yield step
