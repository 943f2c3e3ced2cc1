"""Options are checked, and become settings in the engine's units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cou.errors import BadInput
from cou.options import charm_config
from cou.options.settings import Settings

from .conftest import TOP, House

OPTIONS: dict[str, dict[str, Any]] = yaml.safe_load(Path(TOP / "config.yaml").read_text())[
    "options"
]
NUMBERS = [name for name, option in OPTIONS.items() if option["type"] == "int"]
MAY_BE_NOUGHT = {"hypervisor-batch", "hook-error-grace", "quiet-period"}


def test_the_declared_defaults_are_the_engines_own():
    defaults = {name: one["default"] for name, one in OPTIONS.items() if "default" in one}
    assert charm_config.settings(defaults, "cou") == Settings()


def test_hours_become_seconds():
    assert charm_config.settings({"backup-max-age": 2}, "cou").backup_max_age_s == 7200


def test_every_number_is_used():
    before = charm_config.settings({}, "cou")
    for name in NUMBERS:
        assert charm_config.settings({name: 7}, "cou") != before, name


@pytest.mark.parametrize("name", NUMBERS)
def test_a_negative_number_is_refused_with_the_command_that_mends_it(name: str):
    with pytest.raises(BadInput) as refusal:
        charm_config.settings({name: -1}, "openstack-upgrader")
    assert f"{name}=-1" in refusal.value.seen
    assert f"juju config openstack-upgrader {name}=" in refusal.value.remedy


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - MAY_BE_NOUGHT))
def test_nought_is_refused_where_it_means_nothing(name: str):
    with pytest.raises(BadInput, match=f"{name}=0"):
        charm_config.settings({name: 0}, "cou")


@pytest.mark.parametrize(
    ("name", "largest"),
    [(name, 2592000) for name in NUMBERS if name.endswith(("period", "grace", "timeout"))]
    + [("backup-max-age", 8760), ("max-parallel", 100_000), ("hypervisor-batch", 100_000)],
)
def test_a_number_that_no_upgrade_needs_is_refused_with_what_is_allowed(name: str, largest: int):
    charm_config.settings({name: largest}, "cou")
    for value in (largest + 1, 2**63 - 1, 10**40):
        with pytest.raises(BadInput, match=f"{name}={value} is not .* to {largest}"):
            charm_config.settings({name: value}, "cou")


def test_every_number_has_a_limit_that_the_page_of_the_options_tells():
    told = ""
    for name in NUMBERS:
        text = OPTIONS[name]["description"]
        told += text if name.endswith("period") else ""
        largest = charm_config.NUMBERS[name][2]
        assert f"at most {largest}" in text or f"at most {largest}, which" in told, name


def test_nought_is_the_whole_zone_no_grace_and_no_quiet():
    settings = charm_config.settings(dict.fromkeys(MAY_BE_NOUGHT, 0), "cou")
    assert (settings.hypervisor_batch, settings.hook_error_grace_s) == (0, 0)
    assert settings.quiet_period_s == 0


@pytest.mark.parametrize(
    "uri", ["mirror", "ftp://mirror/x", "http://", "http://a b/", "http://[/"]
)
def test_a_mirror_must_be_a_web_address(uri: str):
    with pytest.raises(BadInput, match="landscape-mirror-uri"):
        charm_config.settings({"landscape-mirror-uri": uri}, "cou")


def test_a_mirror_and_its_component_are_taken_as_they_are():
    settings = charm_config.settings(
        {
            "landscape-mirror-uri": " https://mirror.example/ubuntu ",
            "landscape-apt-component": "victoria",
        },
        "cou",
    )
    assert settings.landscape_mirror_uri == "https://mirror.example/ubuntu"
    assert settings.landscape_apt_component == "victoria"


def test_a_component_is_one_word():
    with pytest.raises(BadInput, match="landscape-apt-component"):
        charm_config.settings({"landscape-apt-component": "victoria main"}, "cou")


def test_a_wrong_option_blocks_the_unit_until_it_is_right(house: House):
    house.config = {"quiet-period": -1}
    status = house.fire("config_changed").unit_status
    assert status.name == "blocked"
    assert "juju config cou quiet-period=" in status.message
    house.config = {"quiet-period": 1}
    assert house.fire("config_changed").unit_status.name == "active"


def test_a_plan_is_made_with_the_options_in_force(house: House):
    house.config = {"quiet-period": 3, "max-parallel": 5}
    house.act("plan")
    assert house.control.settings is not None
    assert house.control.settings.quiet_period_s == 3
    assert house.control.settings.max_parallel == 5
