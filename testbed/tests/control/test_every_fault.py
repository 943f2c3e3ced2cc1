"""Every fault, asked for with ``juju-testbed fault`` and noticed with ``juju``, in one order."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from juju_testbed.command.store import ClientStore
from juju_testbed.control import __main__ as program
from juju_testbed.control import lifecycle
from juju_testbed.control.faults import faults
from juju_testbed.control.state import State
from juju_testbed.control.world import Settings

pytestmark = [pytest.mark.slow, pytest.mark.deep]

LONGEST_S = 300.0
BUNDLE = """
series: jammy
applications:
  keystone: {charm: keystone, channel: yoga/stable, num_units: 1}
"""
# What is asked for, what is typed then, what is read there sooner or later.
NOTICED = [
    ("call kind=refuse facade=Client refusal=upgrading", "status", "upgrade in progress"),
    ("call kind=lose-reply method=FullStatus", "status", "connection is shut down"),
    ("disconnect", "status", "keystone/0*"),
    ("add-controller", "status", "keystone/0*"),
    ("lose-controller address={second}", "status", "keystone/0*"),
    ("move-controller", "status", "keystone/0*"),
    ("restart-controller seconds=3600", "status", "unable to connect"),
    ("clear", "status", "keystone/0*"),
    ("hook unit=keystone/0 count=-1", "config keystone debug=true; status", "hook failed"),
    ("clear", "status", "!hook failed"),
    ("action unit=keystone/0 mode=fail", "run keystone/0 pause", "failed"),
    ("command unit=keystone/0 mode=fail", "exec --unit keystone/0 date", "failed"),
    ("lose-agent unit=keystone/0", "status", "agent lost, see"),
    ("restart-agent unit=keystone/0", "status", "idle"),
    ("add-unit application=keystone", "status", "keystone/1"),
    ("leader unit=keystone/1", "status", "keystone/1*"),
    ("remove-unit unit=keystone/0", "show-unit keystone/0", "not found"),
    ("reboot machine={machine}", "debug-log --limit 500", 'ran "start" hook'),
    ("configure application=keystone key=verbose value=true", "config keystone verbose", "true"),
    ("refresh application=keystone channel=zed/stable", "status", "zed/stable"),
    ("grant user=eve level=write", "show-model", "eve"),
    ("revoke user=eve", "show-model", "!eve"),
    ("block message=hands-off", "config keystone debug=false", "hands-off"),
    ("unblock", "config keystone debug=true", "!hands-off"),
    ("jump seconds=3456000", "status", "!{today}"),
    ("migrate", "status", "redirect"),
    ("clear", "status", "keystone/1*"),
    ("storm seed=1 number=2 seconds=0.1", "status", "keystone/1*"),
]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    made = State(tmp_path_factory.mktemp("every") / "state")
    lifecycle.up(made, Settings(profile="fast"))
    bundle = made.folder / "bundle.yaml"
    bundle.write_text(BUNDLE)
    for words in (f"deploy {bundle}", "add-user eve"):
        typed(made, words)
    yield made
    assert lifecycle.down(made) == []


def typed(state: State, words: str) -> str:
    """Type `juju` commands, parted by semicolons; return all that they say."""
    said = ""
    for one in words.split("; "):
        command = [str(state.juju), *one.split()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        said += done.stdout + done.stderr
    return said


def placeholders(state: State) -> dict[str, str]:
    addresses = ClientStore(state.juju_data).controller().endpoints
    return {"second": addresses[-1], "machine": "1", "today": time.strftime("%b %Y")}


def test_every_fault_is_in_the_table():
    assert {asked.split()[0] for asked, _, _ in NOTICED} == {*faults(), "storm"}


def test_every_fault_is_noticed_by_who_types_juju(
    state: State, capsys: pytest.CaptureFixture[str]
):
    for asked, words, expected in NOTICED:
        known = placeholders(state)
        asked, expected = asked.format(**known), expected.format(**known)
        done = program.main(["fault", "--state", str(state.folder), *asked.split()])
        assert done == 0, f"{asked}: {capsys.readouterr().err}"
        await_text(lambda words=words: typed(state, words), expected, asked)


def await_text(read: Callable[[], str], expected: str, asked: str) -> None:
    """Read again and again until the text is there; with ``!`` until it is not."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        seen = read()
        if (expected.removeprefix("!") in seen) != expected.startswith("!"):
            return
        assert time.monotonic() < deadline, f"after {asked}: no {expected!r} in {seen}"
        time.sleep(0.3)
