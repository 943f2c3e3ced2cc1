"""Every command that cou prints to undo what a run has switched undoes it, typed as it is."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from cou.checks import undo_commands

from .ground import Ground
from .operator import LONGEST_S, Operator

DATABASE, HOST = "mysql-innodb-cluster/0", "nova-compute/0"


@dataclasses.dataclass(frozen=True)
class Case:
    """A kind of mark.

    Attributes:
        mark: its id.
        data: what its step wrote down.
        switch: what a run does, as a person would type it.
        look: what shows whether it is so.
        so: what is to be seen in that while it is.
    """

    mark: str
    data: Mapping[str, Any]
    switch: str
    look: str
    so: str


HELD = ["mysql-server-core-8.0", "mysql-common"]
CASES = (
    Case(
        f"held:{DATABASE}",
        {"packages": HELD},
        f"juju exec --unit {DATABASE} -- apt-mark hold {' '.join(HELD)}",
        f"juju exec --unit {DATABASE} -- apt-mark showhold",
        HELD[1],
    ),
    Case(
        "paused:keystone/0",
        {},
        "juju run keystone/0 pause",
        "juju status keystone",
        "Paused.",
    ),
    Case(
        f"compute-service:{HOST}",
        {},
        f"juju run {HOST} disable",
        "juju run nova-compute/0 list-compute-nodes --format json",
        r"\"disabled\"",
    ),
    Case(
        "option:nova-compute:enable-auto-restarts",
        {"was": "True"},
        "juju config nova-compute enable-auto-restarts=False",
        "juju config nova-compute enable-auto-restarts",
        "false",
    ),
    Case(
        "option:nova-compute:action-managed-upgrade",
        {"was": "False"},
        "juju config nova-compute action-managed-upgrade=True",
        "juju config nova-compute action-managed-upgrade",
        "true",
    ),
    Case(
        "option:keystone:region",
        {"was": ""},
        "juju config keystone region=Elsewhere",
        "juju config keystone region",
        "Elsewhere",
    ),
    Case(
        "noout:ceph-mon",
        {"unit": "ceph-mon/0"},
        "juju run ceph-mon/0 set-noout",
        "juju exec --unit ceph-mon/0 -- ceph osd dump --format json",
        "noout",
    ),
)


@pytest.fixture
def shell(ground: Ground, tmp_path):
    """A shell in which `juju` is this ground's."""
    binary = ground.juju.cli_binary
    (tmp_path / "juju").symlink_to(binary)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    if ground.juju.model:
        environment["JUJU_MODEL"] = ground.juju.model

    def type_(line: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    return type_


def test_each_kind_of_mark_is_walked():
    assert {case.mark.partition(":")[0] for case in CASES} == {
        "option",
        "compute-service",
        "paused",
        "noout",
        "held",
    }


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mark)
def test_the_command_that_is_printed_undoes_it(
    ground: Ground, operator: Operator, shell, case: Case
):
    if case.mark.startswith("noout"):
        shell("juju deploy ceph-mon --channel octopus/stable --base ubuntu@20.04")
        ground.juju.wait(lambda status: status.apps["ceph-mon"].is_active, timeout=LONGEST_S)
    how = undo_commands.of_mark(case.mark, case.data)
    assert how is not None
    assert case.so not in shell(case.look)
    shell(case.switch)
    assert case.so in shell(case.look)
    shell(how.command)
    assert case.so not in shell(case.look)
