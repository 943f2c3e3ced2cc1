"""Lies are told as often as the bundle says, and only by the units that it names."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from juju_testbed.charms.bundle_source import BundleError
from juju_testbed.charms.profile import INSTANT

SMALL = yaml.safe_load((pathlib.Path(__file__).parent / "small-bundle.yaml").read_text())


def bundle(**lies):
    told = {name.replace("_", "-"): units for name, units in lies.items()}
    return {**SMALL, "testbed": {**SMALL.get("testbed", {}), "lies": told}}


@pytest.mark.parametrize(
    ("lies", "problem"),
    [
        ({"fib": {"keystone/0": 1}}, "unknown lie fib"),
        ({"idle_upgrade": ["keystone/0"]}, "idle-upgrade names no units"),
        ({"idle_upgrade": {"keystone/77": 1}}, "no unit keystone/77"),
    ],
)
def test_a_senseless_lie_is_refused(cloud, lies, problem):
    with pytest.raises(BundleError, match=problem):
        cloud(bundle(**lies), INSTANT)


async def test_a_hook_fails_so_often_and_then_passes(cloud):
    async with cloud(bundle(failing_hook={"keystone/0": 2}), INSTANT) as made:
        made.configure("keystone", debug="true")
        await made.model.clock.sleep(1800)
        codes = [e["data"]["code"] for e in made.events("hook-ended", "keystone/0")]
        assert [bool(code) for code in codes][:3] == [True, True, False]


async def test_a_version_is_wrong_until_the_charm_is_refreshed(cloud):
    async with cloud(bundle(wrong_version={"keystone/0": "1.0"}), INSTANT) as made:
        assert made.model.units["keystone/0"].workload_version == "1.0"
        made.refresh("keystone", "victoria/stable")
        await made.model.clock.sleep(600)
        assert made.model.units["keystone/0"].workload_version != "1.0"
