"""The action and the command on the unit plan the same, for every option and every setting."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from cou.cli import command_process, commands, local_unit
from cou.cli.signals import Signals
from cou.errors import BadInput, CouError
from cou.journal import Journal
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan
from cou.process.access import Access
from cou.process.paths import RunPaths
from cou.wording import IN_DOCUMENTS, ActionStyle
from ops import testing

import credentials
from charm import CouCharm, make_control

from ..cli.cloud import PASSWORD, Cloud
from .conftest import AGENT_CONF, TOP, House
from .test_surroundings import Secrets

pytestmark = pytest.mark.slow

# A cloud with something for each option to act on.
BUNDLE = """
series: focal
machines: {'0': {}, '1': {}, '2': {}, '3': {}, '4': {}}
applications:
  keystone: {charm: ch:keystone, channel: ussuri/stable, num_units: 2, to: [lxd:0, lxd:1]}
  nova-cloud-controller: {charm: ch:nova-cloud-controller, channel: ussuri/stable, num_units: 1,
    to: [lxd:0]}
  mysql-innodb-cluster: {charm: ch:mysql-innodb-cluster, channel: 8.0/stable, num_units: 3,
    to: [lxd:0, lxd:1, lxd:2]}
  nova-compute: {charm: ch:nova-compute, channel: ussuri/stable, num_units: 2, to: ['3', '4']}
"""
# Each option of the charm that a plan depends on, with values that are not its default.
CONFIG: Mapping[str, tuple[Any, ...]] = {
    "quiet-period": (0, 3),
    "hook-error-grace": (0, 30),
    "standard-idle-timeout": (700,),
    "long-idle-timeout": (4800,),
    "refresh-timeout": (900,),
    "max-parallel": (2, 7),
    "hypervisor-batch": (1, 5),
    "backup-max-age": (1, 48),
    "landscape-mirror-uri": ("http://mirror.example/ubuntu", " http://mirror.example "),
    "landscape-apt-component": ("victoria",),
}
NOT_OF_A_PLAN = {"credentials", "auto-resume"}
# Each parameter of the action beside the command line that means the same.
GIVEN: Mapping[str, tuple[tuple[Any, str], ...]] = {
    "group": (
        ("control-plane", "control-plane"),
        ("data-plane", "data-plane"),
        ("hypervisors", "hypervisors"),
    ),
    "machines": (("3", "hypervisors --machine 3"), ("3,4", "hypervisors -m 3 -m 4")),
    "availability-zones": (("az1", "hypervisors --az az1"),),
    "skip-apps": (("nova-compute", "--skip-apps nova-compute"),),
    "non-empty-hypervisors": (
        ("upgrade", "--force"),
        ("upgrade", "--non-empty-hypervisors=upgrade"),
    ),
    "backup": ((False, "--no-backup"),),
    "archive": ((False, "--no-archive"),),
    "archive-batch-size": ((7, "--archive-batch-size 7"),),
    "purge": ((True, "--purge"),),
    "purge-before": (("2024-05-01", "--purge --purge-before-date 2024-05-01"),),
    "set-noout": ((True, "--set-noout"),),
    "strategy": (("rolling", "--strategy rolling"),),
    "max-parallel": ((1, "--max-parallel 1"), (4, "--max-parallel 4")),
    "accept": (("backup-impossible:model", "--accept backup-impossible:model"),),
}
BESIDE: Mapping[str, Mapping[str, Any]] = {
    "machines": {"group": "hypervisors"},
    "availability-zones": {"group": "hypervisors"},
    "purge-before": {"purge": True},
}
# Options of the command that stand for the charm's.
SETTINGS: Mapping[str, tuple[Any, ...]] = {
    name: CONFIG[name]
    for name in (
        "quiet-period",
        "hypervisor-batch",
        "standard-idle-timeout",
        "long-idle-timeout",
        "landscape-mirror-uri",
        "landscape-apt-component",
    )
}
NO_PART_OF_A_PLAN = {"model", "login", "quiet", "verbose", "form"}

# Without `--refresh` a secret is the one that the unit has seen last.
JUJU_EXEC = """#!/bin/sh
case "$4" in *" --refresh"*) file="${4%% *} --refresh" ;; *) file="${4%% *}" ;; esac
[ -e "ANSWERS/$file fails" ] && { cat "ANSWERS/$file fails" >&2; exit 1; }
cat "ANSWERS/$file"
"""
Planned = tuple[str, Mapping[str, Any], Mapping[str, Any]]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    cloud = Cloud(source=BUNDLE)
    yield cloud
    cloud.stop()


class Unit:
    """One unit: its action and its command, each of which shows the plan in the same journal."""

    def __init__(self, house: House, folder: Path):
        self._house = house
        self._answers = folder
        self._charm_dir = house.agent_conf.parent / "charm"

    def by_action(self, config: Mapping[str, Any], **params: Any) -> Planned:
        self._house.config = dict(config)
        self._house.act(
            "plan", **{name.replace("-", "_"): value for name, value in params.items()}
        )
        return self._shown()

    def by_command(self, config: Mapping[str, Any], *arguments: str) -> Planned:
        declared = yaml.safe_load((TOP / "config.yaml").read_text())["options"]
        values = {name: one["default"] for name, one in declared.items() if "default" in one}
        values |= {"credentials": "secret:abc", **config}
        (self._answers / "config-get").write_text(json.dumps(values))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = command_process.run(["plan", *arguments], Signals())
        assert code in (0, 1), said.getvalue()
        assert "Error:" not in said.getvalue(), said.getvalue()
        return self._shown()

    def answer(self, tool: str, text: str) -> None:
        (self._answers / tool).write_text(text)

    def access(self) -> Access:
        return local_unit.access(local_unit.LocalUnit("cou/0", self._charm_dir))

    def refused_account(self, uri: str, text: str, *, fails: bool = False) -> CouError:
        self.answer("config-get", json.dumps({"credentials": uri}))
        self.answer("secret-get --refresh" + " fails" * fails, text)
        with pytest.raises(CouError) as refusal:
            self.access()
        return refusal.value

    def _shown(self) -> Planned:
        folder = RunPaths.of_unit("cou/0", self._charm_dir).home
        journal = Journal(folder, create=False)
        shown = journal.shown()
        journal.close()
        shutil.rmtree(folder)  # whoever asks next must show a plan of its own
        assert shown is not None
        plan = Plan.from_dict(json.loads(shown[0]))
        return plan.hash, plan.options.to_dict(), shown[1]


@pytest.fixture
def here(house: House, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """A unit with the real engine, an agent that answers its hook tools, and a controller."""
    monkeypatch.setattr(CouCharm, "make_control", staticmethod(make_control))
    monkeypatch.delenv("COU_QUIET_PERIOD", raising=False)
    conf = yaml.safe_load(AGENT_CONF)
    conf |= {
        "apiaddresses": [cloud.server.address],
        "cacert": cloud.certs.ca,
        "model": f"model-{cloud.model.uuid}",
    }
    house.agent_conf.write_text(yaml.safe_dump(conf))
    house.model_uuid = cloud.model.uuid
    secret = {"username": "operator", "password": PASSWORD}
    house.secret = testing.Secret(secret)
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / "secret-get").write_text(json.dumps({**secret, "password": "old-word"}))
    (answers / "secret-get --refresh").write_text(json.dumps(secret))
    (answers / "printf").write_text("test-model\n")
    (answers / "is-leader").write_text("True\n")
    tool = tmp_path / "tools" / "juju-exec"
    tool.parent.mkdir()
    tool.write_text(JUJU_EXEC.replace("ANSWERS", str(answers)))
    tool.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    charm_dir = house.agent_conf.parent / "charm"
    charm_dir.mkdir(exist_ok=True)
    monkeypatch.setattr(
        local_unit, "find_local_unit", lambda: local_unit.LocalUnit("cou/0", charm_dir)
    )
    return Unit(house, answers)


def test_every_option_there_is_is_compared():
    declared = yaml.safe_load((TOP / "config.yaml").read_text())["options"]
    assert set(CONFIG) == set(declared) - NOT_OF_A_PLAN
    params = yaml.safe_load((TOP / "actions.yaml").read_text())["plan"]["params"]
    assert set(GIVEN) == set(params) - {"format"}
    command = commands.cli.commands["plan"]
    named = {one.name for one in command.params if isinstance(one, click.Option)}
    meant = {name.replace("-", "_") for name in (set(GIVEN) - {"group"}) | set(SETTINGS)}
    assert named - NO_PART_OF_A_PLAN - {"force"} == meant


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in CONFIG.items() for value in values]
)
def test_the_charms_configuration_counts_for_both(here: Unit, name: str, value: Any):
    by_action = here.by_action({name: value})
    assert by_action == here.by_command({name: value})
    assert by_action[2] != here.by_action({})[2]


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [(name, value, line) for name, pairs in GIVEN.items() for value, line in pairs],
)
def test_a_parameter_and_the_option_of_its_name_mean_the_same(
    here: Unit, name: str, value: Any, line: str
):
    config = {"max-parallel": 3}
    by_action = here.by_action(config, **{name: value, **BESIDE.get(name, {})})
    assert by_action == here.by_command(config, *line.split())
    assert by_action[1][name] != Options(max_parallel=3).to_dict()[name]


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SETTINGS.items() for value in values]
)
@pytest.mark.parametrize("beside", [False, True])
def test_an_option_of_the_command_comes_before_the_charms(
    here: Unit, name: str, value: Any, beside: bool
):
    other = CONFIG[name][-1]
    config = {name: other} if beside else {}
    by_command = here.by_command(config, f"--{name}", str(value))
    assert by_command == here.by_action({name: value})
    assert by_command[2] != Settings().__dict__


def test_a_wrong_value_is_refused_by_both_with_the_same_words(
    here: Unit, house: House, capsys: pytest.CaptureFixture[str]
):
    house.config = {"max-parallel": 0}
    message, results = house.refused("plan")
    assert results["code"] == "bad-config"
    with pytest.raises(AssertionError, match="juju config cou max-parallel=VALUE"):
        here.by_command({"max-parallel": 0})
    assert "max-parallel=0" in message


LOGIN = {"username": "operator", "password": "secret-word"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"username": "operator"}, "credentials-incomplete"),
        ({"password": "secret-word"}, "credentials-incomplete"),
        ({"username": " ", "password": " "}, "credentials-incomplete"),
        ({"username": "ann@idm", "password": "secret-word"}, "credentials-external"),
        (None, "credentials-not-set"),
        (LOGIN, "agent-conf"),
    ],
)
def test_an_account_that_is_none_is_refused_by_both_with_the_same_words(
    here: Unit, house: House, content: dict[str, str] | None, code: str
):
    if code == "agent-conf":
        conf = yaml.safe_load(house.agent_conf.read_text())
        house.agent_conf.write_text(yaml.safe_dump({**conf, "apiaddresses": []}))
    house.secret = None if content is None else testing.Secret(content)
    message, found = house.refused("plan")
    uri = "" if house.secret is None else house.secret.id
    refusal = here.refused_account(uri, json.dumps(content))
    assert (found["code"], message) == (code, refusal.text_for(ActionStyle("cou/0")))
    assert refusal.code == code
    assert "secret-word" not in str(refusal)


@pytest.mark.parametrize(
    "said",
    [
        "ERROR permission denied",
        'ERROR secret "abc" not found',
        'ERROR secret URI "abc" not valid',
    ],
)
def test_a_secret_that_juju_refuses_is_told_by_both_with_the_same_words(here: Unit, said: str):
    with pytest.raises(BadInput) as refusal:
        credentials.read(Secrets(said), "secret:abc", "cou")  # pyright: ignore[reportArgumentType]
    found = here.refused_account("secret:abc", said, fails=True)
    assert (found.code, found.text_for(IN_DOCUMENTS)) == (
        refusal.value.code,
        refusal.value.text_for(IN_DOCUMENTS),
    )


def test_the_command_reads_the_newest_secret(here: Unit):
    here.answer("config-get", json.dumps({"credentials": "secret:abc"}))
    here.answer("secret-get --refresh", json.dumps({**LOGIN, "password": "new-word"}))
    assert here.access().password == "new-word"


def test_the_command_knows_where_a_controller_has_moved(here: Unit):
    here.answer("config-get", json.dumps({"credentials": "secret:abc"}))
    here.answer("secret-get --refresh", json.dumps(LOGIN))
    here.answer("printf", "test-model\n10.0.0.9:17070 10.0.0.8:17070\n")
    found = here.access()
    assert found.addresses[:2] == ("10.0.0.9:17070", "10.0.0.8:17070")
    assert found.model == "test-model"
