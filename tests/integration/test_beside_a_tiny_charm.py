"""The charm where there is no OpenStack, beside a charm that it must leave alone.

On a real Juju this needs no more than the right to add a model: `make integration JUJU=real`.
"""

from __future__ import annotations

from collections.abc import Iterator

import jubilant
import pytest

from . import ground as grounds
from . import tiny
from .operator import Operator

# An account that no controller has.
NOBODY = {"username": "cou-test-nobody", "password": "not-for-any-log-0816"}
LONGEST_S = 900  # a real machine has to come up first


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grounds.Ground]:
    for made in grounds.in_a_model_of_its_own():
        made.juju.deploy(tiny.pack(tmp_path_factory.mktemp("tiny")), base="ubuntu@22.04")
        made.juju.deploy(made.charm, "cou")
        made.juju.wait(_settled, timeout=LONGEST_S)
        yield made


def _settled(status: jubilant.Status) -> bool:
    blocked = jubilant.all_blocked(status, "cou")
    return blocked and jubilant.all_active(status, "tiny") and jubilant.all_agents_idle(status)


@pytest.fixture(autouse=True)
def the_other_charm_is_left_alone(ground: grounds.Ground) -> Iterator[None]:
    before = _tiny(ground.juju)
    yield
    assert _tiny(ground.juju) == before


def _tiny(juju: jubilant.Juju) -> list[object]:
    app = juju.status().apps["tiny"]
    units = [(name, one.workload_status.current) for name, one in app.units.items()]
    return [app.charm_rev, juju.config("tiny"), units]


def test_without_credentials_it_says_which_command_sets_them(operator: Operator):
    told = "No credentials are set. Run: juju config cou credentials=SECRET-URI"
    assert operator.unit().message == told
    answer = operator.run("plan")
    assert (answer.status, answer.results["code"]) == ("failed", "credentials-not-set")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("plan group=compute", "group='compute'"),
        ("upgrade-step count=0", "count=0"),
        ("cancel force=7", "force=7"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_a_code(
    operator: Operator, typed: str, told: str
):
    answer = operator.run(*typed.split())
    assert (answer.status, answer.results["code"]) == ("failed", "bad-parameter")
    assert told in answer.message


def test_juju_refuses_what_the_charm_does_not_declare(operator: Operator):
    answer = operator.run("plan", "nosuch=1")
    assert answer.status == "refused"
    assert "nosuch" in answer.message


@pytest.mark.parametrize("typed", ["cancel", "cancel force=true"])
def test_cancel_with_nothing_running_is_acknowledged(operator: Operator, typed: str):
    answer = operator.run(*typed.split())
    assert (answer.status, answer.results["acknowledged"]) == ("completed", "yes")
    assert operator.state() == "none"


def test_a_secret_must_be_granted_and_its_account_must_be_right(operator: Operator):
    uri = operator.juju.add_secret("cou-login", NOBODY)
    operator.juju.config("cou", {"credentials": uri})
    told = operator.watch(lambda current, words: "not granted" in words)
    grant, then = f"juju grant-secret {uri} cou", "juju run cou/0 plan"
    assert told == f"The credentials are not granted. Run: {grant}, then: {then}"
    operator.juju.grant_secret("cou-login", "cou")
    answer = operator.run("plan")
    assert (answer.status, answer.results["code"]) == ("failed", "login-refused")
    assert NOBODY["password"] not in answer.message + operator.juju.debug_log(limit=5000)


@pytest.mark.deep
def test_a_refreshed_charm_answers_as_before(operator: Operator):
    before = operator.juju.status().apps["cou"].charm_rev
    operator.juju.refresh("cou", path=operator.ground.charm)
    operator.juju.wait(lambda status: status.apps["cou"].charm_rev > before, timeout=LONGEST_S)
    operator.juju.wait(lambda status: jubilant.all_agents_idle(status, "cou"), timeout=LONGEST_S)
    assert operator.state() == "none"


@pytest.mark.deep
def test_a_removed_charm_goes_and_the_other_stays(operator: Operator):
    operator.juju.remove_application("cou")
    operator.juju.wait(lambda status: "cou" not in status.apps, timeout=LONGEST_S)
