"""A wrong parameter is refused with its name, its value and what is allowed."""

from __future__ import annotations

import datetime
import shlex
from typing import Any

import pytest
import yaml
from cou.errors import BadInput
from cou.journal.records import Limit
from cou.options.options import Group, Options
from cou.options.settings import Settings
from juju_testbed.command import goyaml
from juju_testbed.command.errors import CommandError

import parameters

from .conftest import TOP

UTC = datetime.timezone.utc
NOW = datetime.datetime(2025, 6, 1, 12, 30, 15, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(2025, 6, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("22:45", at(1, 22, 45)),
        ("12:31", at(1, 12, 31)),
        ("12:30", at(2, 12, 30)),  # this minute has begun: the next one is meant
        ("9:05", at(2, 9, 5)),
        ("22:45Z", at(1, 22, 45)),
        ("22:45+02:00", at(1, 20, 45)),
        ("22:45 +0200", at(1, 20, 45)),
        ("01:00-05:00", at(2, 6)),
        ("00:30+14:00", at(2, 10, 30)),
        ("2025-06-03 04:00", at(3, 4)),
        ("2025-06-03T04:00", at(3, 4)),
        ("2025-06-03T04:00:00Z", at(3, 4)),
        ("2025-06-03T04:00:00.000+02:00", at(3, 2)),
        ("  2025-06-03 04:00  ", at(3, 4)),
    ],
)
def test_until_is_the_next_such_time_in_utc_unless_a_zone_is_given(
    given: str, meant: datetime.datetime
):
    found = parameters.until({"until": given}, NOW)
    assert found == meant
    assert found is not None
    assert found.tzinfo is UTC


def test_no_until_is_no_limit():
    assert parameters.until({}, NOW) is None


@pytest.mark.parametrize(
    "given",
    [
        "24:00",
        "12:60",
        "12",
        "noon",
        "2025-06-01 12:30",  # it is past
        "2025-02-31 04:00",
        "2025-06-03",
        "2025-06-03 25:00",
        "22:45+15:00",
        "22:45+02:61",
        "22:45 CEST",
        "22:45\n23:45",
        "99:99",
        "nan",
        "٢٢:٤٥",
        "02:30 Europe/Berlin",
        "2026-06-03 04:00",  # further away than any window
        "9999-12-31 23:59",
        "9999-12-31 23:59-14:00",  # in UTC it is beyond the last year there is
        "9999-12-31 23:59:59.9+14:00",
        "0001-01-01 00:00+14:00",
        "0000-01-01 00:00",
        "22:45-99:00",
        float("nan"),
        float("inf"),
        10**40,
        {"at": "22:45"},
        1365,  # what 22:45 is in some YAML: 22 times 60 plus 45
        True,
        ["22:45"],
    ],
)
def test_a_wrong_until_is_refused_by_name_and_value(given: Any):
    with pytest.raises(BadInput) as refusal:
        parameters.until({"until": given}, NOW)
    assert f"until={given!r}" in str(refusal.value)
    assert "HH:MM" in str(refusal.value)


@pytest.mark.parametrize("given", ["99:99", "9999-12-31 23:59-14:00", "2025-06-03 04:00+15:00"])
@pytest.mark.parametrize("now", [NOW, datetime.datetime.max.replace(tzinfo=UTC)])
def test_no_clock_of_the_unit_makes_until_a_traceback(given: str, now: datetime.datetime):
    with pytest.raises(BadInput):
        parameters.until({"until": given}, now)


def test_a_date_to_purge_before_has_digits_that_nova_reads():
    with pytest.raises(BadInput, match="purge-before="):
        parameters.plan_options({"purge": True, "purge-before": "٢٠٢٥-01-01"}, Settings())


@pytest.mark.parametrize(
    "read", [parameters.until, lambda params, _: parameters.plan_hash(params)]
)
def test_a_name_without_a_value_is_no_name_left_out(read: Any):
    """`until=$UNTIL` of a shell that does not know it must not mean no limit."""
    with pytest.raises(BadInput, match="=None is not allowed"):
        read({"until": None, "plan": None}, NOW)


@pytest.mark.parametrize("given", [None, 5, ["done"], {"done": 1}, "gone", "", True])
def test_what_became_of_a_step_must_be_said_in_one_of_the_words(given: Any):
    assert parameters.must_choose({"as": "skip"}, "as", parameters.RESOLUTIONS) == "skip"
    with pytest.raises(BadInput, match=r"as=.* is not allowed. Give done, retry or skip"):
        parameters.must_choose({"as": given} if given else {}, "as", parameters.RESOLUTIONS)


# Values of every type that YAML has, for parameters that take none of them.
ODD = (None, True, -1, 1.5, "???", ["???"], [["a"]], {"a": 1}, [None])


@pytest.mark.parametrize("name", sorted(Options().to_dict()))
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_an_odd_value_is_refused_by_name_with_what_is_allowed(name: str, value: Any):
    params = {"group": "hypervisors", "purge": True, name: value}
    flag = name in ("backup", "archive", "purge", "set-noout") and value is True
    zone = name == "availability-zones" and value in (-1, "???", ["???"]) and value is not True
    if flag or zone:  # a zone may be called anything
        assert parameters.plan_options(params, Settings()).to_dict()[name]
        return
    with pytest.raises(BadInput) as refusal:
        parameters.plan_options(params, Settings())
    assert refusal.value.code == "bad-parameter"
    assert refusal.value.seen.startswith(f"{name}=")  # the value, or what of a list is wrong
    assert refusal.value.remedy.startswith("Give ")


def test_a_hash_is_p_and_fifteen_digits():
    assert parameters.plan_hash({"plan": "p0123456789abcde"}) == "p0123456789abcde"
    assert parameters.plan_hash({}) is None


@pytest.mark.parametrize("given", ["0123456789abcdef", "p0123", "p0123456789ABCDE", 12, 1e5, True])
def test_what_is_no_hash_is_refused(given: Any):
    with pytest.raises(BadInput, match="plan="):
        parameters.plan_hash({"plan": given})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (5, ("5",)),
        ("5", ("5",)),
        ("1, 5,0/lxd/2", ("0/lxd/2", "1", "5")),
        ([1, "5"], ("1", "5")),
    ],
)
def test_machines_may_be_a_number_a_text_or_a_list(given: Any, meant: tuple[str, ...]):
    options = parameters.plan_options(
        {"group": "hypervisors", "machines": given, "format": "json"}, Settings()
    )
    assert options.machines == meant
    assert options.group is Group.HYPERVISORS


def test_max_parallel_comes_from_the_charm_unless_it_is_given():
    assert parameters.plan_options({}, Settings(max_parallel=4)).max_parallel == 4
    assert parameters.plan_options({"max-parallel": 2}, Settings(max_parallel=4)).max_parallel == 2


def test_a_switch_is_off_unless_it_is_given():
    assert parameters.flag({}, "force") is False
    assert parameters.flag({"force": False}, "force") is False
    assert parameters.flag({"force": True}, "force") is True
    assert parameters.flag({"force": "true"}, "force") is True
    assert parameters.flag({"force": "false"}, "force") is False


def test_a_text_and_a_hash_are_what_was_given():
    assert parameters.words({"reason": " by hand "}, "reason") == "by hand"
    assert parameters.plan_hash({}) is None
    assert parameters.plan_hash({"plan": "p0123456789abcde"}) == "p0123456789abcde"


def test_a_limit_names_granularity_count_and_the_step_that_must_be_next():
    limit = parameters.limit({"granularity": "step", "count": 3, "expect": " keystone/refresh "})
    assert (limit.granularity, limit.count, limit.expect) == ("step", 3, "keystone/refresh")
    assert parameters.limit({}).granularity == "application"
    assert parameters.limit({}).count == 1


@pytest.mark.parametrize(
    "params",
    [
        {"count": 0},
        {"count": True},
        {"count": "one"},
        {"count": 1.0},
        {"count": 100_001},
        {"count": 10**40},
        {"expect": 5},
        {"granularity": "unit"},
    ],
)
def test_a_wrong_limit_is_refused_by_name_and_value(params: dict[str, Any]):
    (name,) = params
    with pytest.raises(BadInput) as refusal:
        parameters.limit(params)
    assert f"{name}={params[name]!r}" in str(refusal.value)
    assert "Give " in str(refusal.value)


@pytest.mark.parametrize("given", ["True!", 1, None, "", "never", ["true"], {"true": True}])
def test_a_switch_is_true_or_false_and_nothing_else(given: Any):
    with pytest.raises(BadInput, match="true or false"):
        parameters.flag({"force": given}, "force")


@pytest.mark.parametrize("given", [None, "", "  ", 3])
def test_a_reason_must_say_something(given: Any):
    with pytest.raises(BadInput, match="reason="):
        parameters.words({"reason": given}, "reason")


@pytest.mark.parametrize("given", ["yaml", 1, None, ["text"]])
def test_an_unknown_format_is_refused_with_those_that_are_known(given: Any):
    with pytest.raises(BadInput, match="text, json or markdown"):
        parameters.choice({"format": given}, "format", parameters.PLAN_FORMATS)


def _plan_option(params: dict[str, Any], name: str) -> Any:
    if name == "format":
        return parameters.choice(params, name, parameters.PLAN_FORMATS)
    beside = {"group": "hypervisors", "purge": True, **params}  # what some need
    return parameters.plan_options(beside, Settings()).to_dict()[name]


# What is typed after `juju run cou/0`, and what the charm takes it for.
TYPED: dict[str, Any] = {
    "plan group=data-plane": "data-plane",
    "plan machines=5": ["5"],
    "plan machines=0/lxd/2,5": ["0/lxd/2", "5"],
    "plan machines=[1,5]": ["1", "5"],
    "plan availability-zones=1": ["1"],
    "plan availability-zones=az1,az2": ["az1", "az2"],
    "plan skip-apps=nova": ["nova"],
    "plan skip-apps=nova,heat": ["heat", "nova"],
    "plan skip-apps=[nova,heat]": ["heat", "nova"],
    "plan non-empty-hypervisors=upgrade": "upgrade",
    "plan backup=false": False,
    "plan backup=no": False,
    "plan archive=false": False,
    "plan archive-batch-size=500": 500,
    "plan purge=true": True,
    "plan purge=y": True,
    "plan purge-before=2025-01-31": "2025-01-31",
    "plan purge-before=2025-01-31 04:00": "2025-01-31 04:00",
    "plan set-noout=true": True,
    "plan strategy=rolling": "rolling",
    "plan max-parallel=2": 2,
    "plan accept=hook-error:nova/0,unit-lost:heat": ["hook-error:nova/0", "unit-lost:heat"],
    "plan format=json": "json",
    "upgrade plan=p0123456789abcde": "p0123456789abcde",
    "upgrade plan=p012345678901234": "p012345678901234",
    "upgrade until=22:45": at(1, 22, 45),
    "upgrade until=2025-06-03 04:00": at(3, 4),
    "upgrade until=2025-06-03T04:00:00Z": at(3, 4),
    "upgrade-step granularity=step": Limit("step", 1, ""),
    "upgrade-step count=3": Limit("application", 3, ""),
    "upgrade-step expect=keystone/keystone-0/upgrade-packages": Limit(
        "application", 1, "keystone/keystone-0/upgrade-packages"
    ),
    "cancel force=true": True,
    "cancel force=false": False,
    "status format=json": "json",
    "resolve-step step=keystone/keystone-0/upgrade-packages": (
        "keystone/keystone-0/upgrade-packages"
    ),
    "resolve-step as=done": "done",
    "resolve-step reason=task 41 did it": "task 41 did it",
    "report format=html": "html",
}
READ: dict[str, Any] = {
    "plan": _plan_option,
    "upgrade plan": lambda params, _: parameters.plan_hash(params),
    "upgrade until": lambda params, _: parameters.until(params, NOW),
    "upgrade-step": lambda params, _: parameters.limit(params),
    "cancel": parameters.flag,
    "status": lambda params, name: parameters.choice(params, name, parameters.STATUS_FORMATS),
    "resolve-step as": lambda params, name: parameters.must_choose(
        params, name, parameters.RESOLUTIONS
    ),
    "resolve-step": parameters.words,
    "report": lambda params, name: parameters.choice(params, name, parameters.REPORT_FORMATS),
}


@pytest.mark.parametrize("typed", TYPED)
def test_each_parameter_is_taken_as_juju_reads_what_is_typed(typed: str):
    """Juju's own reading of YAML makes numbers, booleans and lists of it; no type is declared."""
    words, _, text = typed.partition("=")
    action, name = words.split()
    read = READ.get(words) or READ[action]
    found = read({name: goyaml.load(text)}, name)
    assert found == TYPED[typed]
    assert type(found) is type(TYPED[typed])


def test_every_parameter_that_is_declared_is_typed_above():
    declared = yaml.safe_load((TOP / "actions.yaml").read_text())
    every = {
        f"{action} {name}" for action in declared for name in declared[action].get("params", {})
    }
    assert {typed.partition("=")[0] for typed in TYPED} == every


# What else is typed after the sign, by people, by shells that do not know a variable, by mistake.
ODDLY_TYPED = (
    *("", " ", ",", "~", "null", "[]", "[a]", "[1,5]", "[az1,az2]", "{}", "{a: 1}", "'5'", "'p'"),
    *("true", "TRUE", "True", "false", "yes", "YES", "no", "on", "off", "y", "n", "tRuE", "yEs"),
    *("0", "1", "5", " 5 ", "007", "010", "0x10", "1_000", "+5", "-1", "1.0", "1e3", "1.10"),
    *("100000", "100001", "2147483647", "2147483648", "9" * 25, "9" * 5000, "٣", "nan", ".inf"),
    *(
        "22:45",
        "2025-01-31",
        "2025-01-31 04:00",
        "2025",
        "all",
        "step",
        "json",
        "p012345678901234",
    ),
    *("task 41: done", "# why", "not-idle:nova", "a,b", "3,5", "0/lxd/2"),
)


def _taken(typed: str, text: Any) -> Any:
    """Return what a parameter means, or why it is refused."""
    words = typed.partition("=")[0]
    action, name = words.split()
    try:
        return (READ.get(words) or READ[action])({name: text}, name)
    except BadInput as error:
        refusal = error
    assert refusal.code == "bad-parameter"
    assert refusal.seen.startswith(f"{name}=")
    assert refusal.remedy.startswith("Give ")
    return refusal


@pytest.mark.parametrize("name", sorted({typed.partition("=")[0] for typed in TYPED}))
def test_with_string_args_the_same_is_meant_or_it_is_refused(name: str):
    """Juju hands over texts then, where it else reads numbers, booleans and lists."""
    expected = [typed for typed in TYPED if typed.startswith(f"{name}=") and "[" not in typed]
    for typed in expected:
        assert _taken(typed, typed.partition("=")[2]) == TYPED[typed], typed
    for text in ODDLY_TYPED:
        try:
            read = _taken(f"{name}=", goyaml.load(text))
        except CommandError:
            continue  # juju itself refuses it
        plain = _taken(f"{name}=", text)
        if isinstance(read, BadInput) or isinstance(plain, BadInput):
            continue
        if name == "plan availability-zones" and text[0] in "01+" and len(text) > 1:
            continue  # a zone of that name is not in the cloud, and the plan lists those there are
        assert (type(read), read) == (type(plain), plain), text


@pytest.mark.parametrize("name", sorted({typed.partition("=")[0] for typed in TYPED}))
@pytest.mark.parametrize("text", ["", " ", None])
def test_a_parameter_without_a_value_is_refused_and_never_one_left_out(name: str, text: Any):
    """`machines=$M` of a shell that does not know it must not mean all machines."""
    assert isinstance(_taken(f"{name}=", text), BadInput)


@pytest.mark.parametrize(
    ("typed", "largest"),
    [
        ("plan archive-batch-size", 2**31 - 1),
        ("plan max-parallel", 100_000),
        ("upgrade-step count", 100_000),
    ],
)
def test_a_number_that_is_absurdly_large_is_refused_with_the_limit(typed: str, largest: int):
    for text in (largest, str(largest)):
        assert not isinstance(_taken(f"{typed}=", text), BadInput)
    for text in (largest + 1, str(largest + 1), 10**40, "9" * 5000, 1e40):
        refusal = _taken(f"{typed}=", text)
        assert isinstance(refusal, BadInput)
        assert refusal.remedy == f"Give a whole number from 1 to {largest}."


@pytest.mark.parametrize("text", ["1234", "2025-06-01 12:00:00", "fixed: by hand", "yes", "[a]"])
def test_a_text_that_yaml_takes_for_something_else_is_refused_with_how_it_is_given(text: str):
    value = goyaml.load(text)
    if isinstance(value, str):
        assert parameters.words({"reason": value}, "reason") == text
        return
    with pytest.raises(BadInput) as refusal:
        parameters.words({"reason": value}, "reason")
    typed = [one for one in shlex.split(refusal.value.remedy) if one.startswith("reason=")]
    assert [goyaml.load(one.partition("=")[2]) for one in typed] == ["task 41: done"]
