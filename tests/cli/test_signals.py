"""Signals in quick succession, at each phase of a command at a terminal."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from .terminal import CTRL_C
from .test_transcripts import (
    NOT_WAITED,
    START,
    STOPPED,
    TERMINATED,
    begin,
    leaves,
    press,
    without_blank,
)

pytestmark = pytest.mark.slow

CODES = {CTRL_C: 130, signal.SIGTERM: 143}
KEYS = {"i": CTRL_C, "t": signal.SIGTERM}
SERIES = ("i", "t", "ii", "it", "ti", "tt", "iii", "titi", "iiiii", "ttttt")
# Closer than a person presses, and not so close that the kernel takes two for one.
APART_S = 0.03


def press_all(terminal, series):
    for one in series:
        press(terminal, KEYS[one])
        time.sleep(APART_S)


def codes(series):
    return {CODES[KEYS[one]] for one in series}


def shown(terminal):
    """Return what was said; a terminal shows the keys that were pressed as well."""
    return without_blank(terminal.text.replace("^C", ""))


def at_connecting(cloud, user, at, silent):
    user.knows([f"127.0.0.1:{silent}"], cloud.certs.ca, cloud.model.uuid)
    terminal = at("upgrade", "--auto-approve")
    terminal.until("Connecting to")
    return terminal


def at_analysing(cloud, user, at, _):
    """The units do not answer what a plan asks them."""
    cloud.hold(name="*")
    terminal = at("upgrade", "--auto-approve")
    terminal.until("Analyzing cloud")
    return terminal


def at_the_question(cloud, user, at, _):
    terminal = at("upgrade")
    terminal.until(START)
    return terminal


@pytest.mark.sampled(3)
@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("phase", [at_connecting, at_analysing, at_the_question])
def test_before_the_start_nothing_is_begun_whatever_comes(cloud, user, at, silent, phase, series):
    terminal = phase(cloud, user, at, silent)
    press_all(terminal, series)
    assert terminal.end() in codes(series), terminal.text
    assert shown(terminal).endswith(TERMINATED)
    assert cloud.count("charm-changed") == 0
    code, out, _ = user.run("status", "--format", "json")
    assert code == 1 or json.loads(out)["state"] == "planned"


# From the last word before a run is begun to when its runner works: asked for, begun, at work.
@pytest.mark.sampled(3)
@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.9])
def test_while_it_starts_the_first_stops_it_and_the_second_at_once(
    cloud, user, at, after_s, series
):
    cloud.hold()
    terminal = at("upgrade", "--auto-approve")
    terminal.until("Running cloud upgrade...")
    time.sleep(after_s)
    press_all(terminal, series)
    cloud.release()
    assert terminal.end() in codes(series), terminal.text
    text, run = shown(terminal), user.status()
    # It may have stopped by itself before the second one was heard; either way it says which.
    ways = {"stopped": STOPPED} | ({"killed": NOT_WAITED} if len(series) > 1 else {})
    assert run["state"] in ways, terminal.text
    assert text.endswith(ways[run["state"]])
    assert "running" not in {step["state"] for step in leaves(run)}
    assert cloud.count("charm-changed") == 0


def at_following(cloud, user, at):
    return begin(cloud, at)


def at_draining(cloud, user, at):
    terminal = begin(cloud, at)
    other = user.run("cancel")
    assert other[0] == 0, other
    return terminal


@pytest.mark.sampled(3)
@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("phase", [at_following, at_draining])
def test_while_it_runs_whoever_presses_learns_what_goes_on(cloud, user, at, phase, series):
    terminal = phase(cloud, user, at)
    press_all(terminal, series)
    if len(series) == 1:
        time.sleep(1)
        cloud.release()
    assert terminal.end() in codes(series), terminal.text
    text = shown(terminal)
    run = user.status()
    if len(series) == 1:
        assert run["state"] == "stopped"
        assert text.endswith(STOPPED)
        return
    assert run["state"] == "killed"
    assert text.endswith(NOT_WAITED)
    going = still_going(cloud)
    assert "Nothing is running" not in text
    for told in (text, user.run("cancel", "--force")[1]):
        for task, unit in going:
            # One whose id never reached the runner has its step in doubt: upgrade looks for it.
            in_doubt = told.partition("In doubt:")[2]
            step = f"/{unit.replace('/', '-')}/"
            assert re.search(rf"Tasks [0-9, ]*\b{task}\b", told) or step in in_doubt, told


def still_going(cloud):
    """Return the tasks that Juju has been given for the upgrade and not ended; with units."""
    entries = cloud.model.log.entries
    ended = {entry["task"] for entry in entries if entry["event"] == "task-ended"}
    begun = [(one["task"], one["unit"]) for one in entries if one["event"] == "task-begun"]
    return [(task, unit) for task, unit in begun if task not in ended]
