"""What cannot be done is refused with one clear error, and nothing has changed.

What needs that no plan was shown yet stands first.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from .ground import ACCOUNT, PASSWORD, SECRET, Ground
from .operator import Operator


@pytest.fixture(autouse=True)
def nothing_is_changed(ground: Ground) -> Iterator[None]:
    yield
    assert ground.changes() == []
    assert ground.processes("cou.control.supervisor") == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("plan nosuch=1", "nosuch"),
        ("cancel now=true", "now"),
        ("abandon force=true", "force"),
        ("restore step=x", "step"),
    ],
)
def test_juju_itself_refuses_what_the_charm_does_not_declare(
    operator: Operator, typed: str, told: str
):
    answer = operator.run(*typed.split())
    assert answer.status == "refused"
    assert told in answer.message


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        ("plan group=compute", "bad-parameter", "group='compute' is not allowed. Give all or"),
        ("plan archive-batch-size=many", "bad-parameter", "archive-batch-size='many'"),
        ("plan max-parallel=0", "bad-parameter", "max-parallel=0 is not allowed"),
        ("plan backup=perhaps", "bad-parameter", "Give true or false"),
        ("plan format=pdf", "bad-parameter", "Give text, json or markdown"),
        ("plan skip-apps=12", "bad-parameter", "skip-apps='12' is not allowed"),
        ("plan group=", "bad-parameter", "group=None is not allowed"),
        ("plan machines.a=1", "bad-parameter", "machines={'a': 1} is not allowed"),
        ("upgrade plan=1234", "bad-parameter", "plan=1234 is not allowed"),
        ("upgrade until=7", "bad-parameter", "until=7 is not allowed"),
        ("upgrade until=", "bad-parameter", "until=None is not allowed"),
        ("upgrade-step count=0", "bad-parameter", "count=0 is not allowed"),
        ("upgrade-step granularity=unit", "bad-parameter", "Give application or step"),
        ("upgrade-step expect=5", "bad-parameter", "expect=5 is not allowed"),
        ("cancel force=7", "bad-parameter", "force=7 is not allowed. Give true or false"),
        ("status format=xml", "bad-parameter", "Give text or json"),
        ("resolve-step step=x as=gone reason=why", "bad-parameter", "Give done, retry or skip"),
        ("resolve-step step=x as=done", "bad-parameter", "reason=None is not allowed"),
        ("plan group=hypervisors machines=p1", "bad-parameter", "machines='p1' is not allowed"),
        ("plan machines=1", "filter-without-hypervisors", "plan group=hypervisors"),
        ("plan purge-before=yesterday purge=true", "bad-parameter", "purge-before='yesterday'"),
        ("plan purge-before=2024-02-30 purge=true", "bad-parameter", "purge-before='2024-02-30'"),
        ("plan accept=anything", "bad-parameter", "accept='anything' is not allowed"),
        ("upgrade plan=abcd", "bad-parameter", "plan='abcd' is not allowed"),
        ("upgrade until=23:61", "bad-parameter", "until='23:61' is not allowed"),
        ("upgrade until=2020-01-01", "bad-parameter", "until='2020-01-01' is not allowed"),
        ("upgrade", "no-plan", "plan` first"),
        ("upgrade until=23:59", "no-plan", "plan` first"),
        ("upgrade plan=p0123456789abcde", "no-plan", "plan` first"),
        ("upgrade-step", "no-plan", "plan` first"),
        ("abandon", "nothing-to-abandon", "No run is unfinished"),
    ],
)
def test_the_charm_refuses_with_a_code_the_value_and_what_is_allowed(
    operator: Operator, typed: str, code: str, told: str
):
    answer = operator.run(*typed.split())
    assert (answer.status, answer.results["code"]) == ("failed", code)
    assert told in answer.message
    assert operator.unit().message == "ready"


@pytest.mark.parametrize("typed", ["cancel", "cancel force=true"])
def test_cancel_with_nothing_running_is_acknowledged_and_does_nothing(
    operator: Operator, typed: str
):
    answer = operator.run(*typed.split())
    assert (answer.status, answer.results["acknowledged"]) == ("completed", "yes")
    assert answer.results["message"].startswith("Nothing is running")
    assert answer.results["state"] == "none"
    assert operator.state() == "none"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("words", ["machines=0", "machines=[0,1]", "machines=0,1"])
def test_machines_may_be_a_number_a_list_or_a_text(operator: Operator, words: str):
    """No steps: hypervisors come after the control plane. The parameter itself is good."""
    answer = operator.run("plan", "group=hypervisors", words)
    assert (answer.status, answer.results["steps"]) == ("completed", "0")
    assert operator.run("upgrade").results["code"] == "nothing-to-do"


@pytest.fixture
def login(ground: Ground) -> Iterator[str]:
    """The secret that the charm uses; as it was afterwards."""
    juju = ground.juju
    uri = juju.config("cou")["credentials"]
    yield str(uri)
    juju.config("cou", {"credentials": uri})
    ground.await_cou(lambda unit: unit.workload_status.message == "ready")


def refused(operator: Operator, code: str) -> str:
    answer = operator.run("plan")
    assert (answer.status, answer.results["code"]) == ("failed", code)
    return answer.message


def test_without_credentials_plan_names_the_command_that_sets_them(operator: Operator, login: str):
    operator.juju.config("cou", reset="credentials")
    told = operator.watch(lambda current, _: current == "blocked")
    assert told == "No credentials are set. Run: juju config cou credentials=SECRET-URI"
    assert "juju config cou credentials=" in refused(operator, "credentials-not-set")


def test_a_secret_that_is_not_granted_names_the_grant(operator: Operator, login: str):
    content = {"username": ACCOUNT, "password": PASSWORD}
    uri = operator.juju.add_secret("ungranted", content)
    operator.juju.config("cou", {"credentials": uri})
    told = operator.watch(lambda current, _: current == "blocked")
    grant, then = f"juju grant-secret {uri} cou", "juju run cou/0 plan"
    assert told == f"The credentials are not granted. Run: {grant}, then: {then}"
    assert f"juju grant-secret {uri} cou" in refused(operator, "credentials-not-granted")
    operator.juju.grant_secret("ungranted", "cou")
    assert operator.run("plan").status == "completed"
    assert operator.unit().message == "ready"


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ({"username": ACCOUNT}, "credentials-incomplete", "lack password"),
        ({"username": ACCOUNT, "password": "wrong"}, "login-refused", "invalid entity name"),
        ({"username": "nobody", "password": PASSWORD}, "login-refused", "invalid entity name"),
        (
            {"username": ACCOUNT, "password": PASSWORD, "ca-cert": "no certificate"},
            "bad-ca-certificate",
            "CA",
        ),
    ],
)
def test_a_secret_with_wrong_content_is_one_clear_error(
    operator: Operator, login: str, content: dict[str, str], code: str, told: str
):
    name = f"wrong-{'-'.join(content)}-{content['username']}-{code}"
    uri = operator.juju.add_secret(name, content)
    operator.juju.grant_secret(name, "cou")
    operator.juju.config("cou", {"credentials": uri})
    message = refused(operator, code)
    assert told in message
    assert PASSWORD not in message
    operator.watch(lambda current, words: current == "blocked" and told in words)


def test_an_account_that_may_not_act_is_a_blocking_problem_of_the_plan(
    operator: Operator, ground: Ground
):
    model = ground.juju.show_model().short_name
    ground.juju.cli("revoke", ACCOUNT, "admin", model, include_model=False)
    try:
        answer = operator.run("plan")
        assert "access" in (answer.results.get("plan", "") + answer.message)
        assert answer.results.get("problems", "1 blocking")[0] != "0"
    finally:
        ground.juju.cli("grant", ACCOUNT, "admin", model, include_model=False)


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        ("applications: [", "cannot unmarshal"),
        ("applications: {keystone: {charm: 7}}", "keystone"),
        (
            "series: focal\napplications: {x: {charm: no-such-charm, num_units: 1}}",
            "no-such-charm",
        ),
        ("applications: {keystone: {charm: 'cs:keystone-300', num_units: 1}}", "cs:"),
        ("series: focal\napplications: {keystone: {charm: keystone, to: ['lxd:99']}}", "99"),
    ],
)
def test_a_bundle_with_nonsense_in_it_deploys_nothing(
    operator: Operator, tmp_path: pathlib.Path, bundle: str, told: str
):
    path = tmp_path / "bundle.yaml"
    path.write_text(bundle)
    before = operator.juju.status().apps
    done = operator.type("deploy", str(path))
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert set(operator.juju.status().apps) == set(before)


def test_the_password_is_in_no_log(ground: Ground, operator: Operator):
    assert operator.run("plan").status == "completed"
    assert PASSWORD not in ground.juju.debug_log(limit=5000)
    assert SECRET in str(ground.juju.secrets())
