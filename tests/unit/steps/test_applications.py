"""Steps on applications: options, channels, waits, verification, and what is put back."""

from __future__ import annotations

import datetime

import pytest
from cou.errors import StepFailed
from cou.juju.port import Status
from cou.kinds import Kind
from cou.options.settings import Settings
from cou.steps.context import StepEnd

from ..fakes import NOW, example
from .bench import Bench

AMU = "action-managed-upgrade"
ORIGIN = "openstack-origin"
MARK = f"option:nova-compute:{AMU}"
VICTORIA = "cloud:focal-victoria"


def bench(**settings):
    return Bench(example(), Settings(**settings))


IDLE = Status("idle", "", NOW)


def error():
    return Status("error", 'hook failed: "config-changed"', NOW)


def set_origin(made):
    return made.run(Kind.SET_CONFIG, "keystone", key=ORIGIN, value=VICTORIA, mark=False)


def test_an_option_is_set_and_its_hooks_are_waited_for():
    made = bench()
    made.later.append(lambda: made.hooks("keystone", "config-changed"))
    assert set_origin(made).end is StepEnd.DONE
    assert made.world.options["keystone"][ORIGIN] == VICTORIA


def test_an_option_that_is_so_already_is_not_sent():
    made = bench()
    made.world.options["keystone"][ORIGIN] = VICTORIA
    assert set_origin(made).end is StepEnd.SATISFIED
    assert made.done == []


def test_an_idle_agent_alone_proves_no_hook():
    made = bench()
    later = NOW + datetime.timedelta(minutes=5)
    made.later.append(lambda: made.unit("keystone/0", agent=Status("idle", "", later)))
    with pytest.raises(StepFailed) as failure:
        set_origin(made)
    assert "has not run config-changed" in failure.value.seen


def test_a_change_that_was_sent_before_a_crash_is_still_waited_for():
    made = bench()
    with pytest.raises(StepFailed):
        set_origin(made)
    made.later.append(lambda: made.hooks("keystone", "config-changed"))
    assert set_origin(made).end is StepEnd.DONE
    assert len(made.done) == 1


def error_for(made, minutes):
    """Let time pass at whose end a unit is in a hook error."""

    def pass_by():
        made.now += datetime.timedelta(minutes=minutes)
        made.unit("keystone/0", workload=error())

    made.later.append(pass_by)


def healed(made, current="active"):
    made.later.append(lambda: made.unit("keystone/0", workload=Status(current, "", made.now)))


WAITS = {
    "option": (("config-changed",), set_origin),
    "refresh": (("upgrade-charm", "config-changed"), lambda made: refresh(made)),
    "idle": ((), lambda made: wait(made, "keystone")),
}


@pytest.mark.parametrize("what", WAITS)
def test_a_hook_error_is_given_its_grace(what):
    hooks, step = WAITS[what]
    made = bench(hook_error_grace_s=300, quiet_period_s=0)
    made.unit("keystone/0", workload=error())
    error_for(made, 4)
    healed(made)
    made.later.append(lambda: made.hooks("keystone", *hooks))
    assert step(made).end is StepEnd.DONE


@pytest.mark.parametrize("what", WAITS)
def test_a_hook_error_that_stays_fails_and_names_the_unit(what):
    """At the end of its grace, and long before the wait's own timeout."""
    made = bench(hook_error_grace_s=300)
    made.unit("keystone/0", workload=error())
    error_for(made, 6)
    with pytest.raises(StepFailed) as failure:
        WAITS[what][1](made)
    assert failure.value.code == "hook-error"
    assert "keystone/0" in failure.value.seen
    assert "juju resolved keystone/0" in failure.value.remedy


def test_an_error_from_before_a_wait_is_given_the_whole_grace():
    """As units have it that failed while vault was sealed, and that Juju retries every 5 min."""
    made = bench(hook_error_grace_s=300)
    made.unit("keystone/0", workload=error())
    made.now += datetime.timedelta(hours=8)
    error_for(made, 4.9)
    healed(made)
    made.later.append(lambda: setattr(made, "now", made.now + datetime.timedelta(minutes=1)))
    assert wait(made, "keystone").end is StepEnd.DONE


def test_retries_that_fail_do_not_begin_the_grace_anew():
    made = bench(hook_error_grace_s=300)
    made.unit("keystone/0", workload=error())
    retried = Status("executing", "running config-changed hook", NOW)
    for _ in range(2):
        made.later.append(
            lambda: made.unit("keystone/0", workload=Status("active", "", NOW), agent=retried)
        )
        made.later.append(lambda: made.unit("keystone/0", workload=error(), agent=IDLE))
        error_for(made, 2.6)
    with pytest.raises(StepFailed) as failure:
        wait(made, "keystone")
    assert failure.value.code == "hook-error"


def test_an_error_that_was_over_begins_a_grace_of_its_own():
    made = bench(hook_error_grace_s=300)
    made.unit("keystone/0", workload=error())
    for _ in range(2):
        healed(made, "waiting")
        error_for(made, 4)
    healed(made)
    made.later.append(lambda: setattr(made, "now", made.now + datetime.timedelta(minutes=1)))
    assert wait(made, "keystone").end is StepEnd.DONE


def managed(made, **more):
    return made.run(Kind.SET_CONFIG, "nova-compute", key=AMU, value="True", mark=True, **more)


def test_the_old_value_of_a_marked_option_is_kept():
    made = bench()
    made.later.append(lambda: made.hooks("nova-compute", "config-changed"))
    managed(made)
    assert made.marks == {MARK: {"was": "False", "set": "True"}}


def test_an_option_that_was_so_before_is_no_mark():
    made = bench()
    made.world.options["nova-compute"][AMU] = True
    assert managed(made).end is StepEnd.SATISFIED
    assert made.marks == {}


def test_what_an_earlier_run_has_changed_becomes_this_runs_to_put_back():
    made = bench()
    made.world.options["nova-compute"][AMU] = True
    assert managed(made, was="False").end is StepEnd.SATISFIED
    assert made.marks == {MARK: {"was": "False", "set": "True"}}
    assert made.done == []


def put_back(made, mark=MARK):
    return made.run(Kind.PUT_BACK, mark.split(":")[1], mark=mark)


def marked(version="22.4.0"):
    made = bench()
    made.world.options["nova-compute"].update({AMU: True, ORIGIN: VICTORIA})
    made.marks[MARK] = {"was": "False", "set": "True"}
    made.unit("nova-compute/0", workload_version=version)
    made.later.append(lambda: made.hooks("nova-compute", "config-changed"))
    return made


def test_an_option_is_put_back_when_every_unit_is_at_the_origins_release():
    made = marked()
    assert put_back(made).end is StepEnd.DONE
    assert made.world.options["nova-compute"][AMU] == "False"
    assert made.marks == {}


@pytest.mark.parametrize("origin", [VICTORIA, "ppa:someone/nova"])
def test_an_option_stays_while_old_units_would_all_be_upgraded_at_once(origin):
    made = marked(version="21.2.4")
    made.world.options["nova-compute"][ORIGIN] = origin
    put_back(made)
    assert made.done == []
    assert set(made.kept) == {MARK}
    assert made.kept[MARK]


def test_what_this_run_did_not_change_is_not_put_back():
    made = bench()
    assert put_back(made).end is StepEnd.SATISFIED
    assert made.done == []


@pytest.mark.parametrize("left", ["", "Services queued for restart: rabbitmq-server"])
def test_restarts_are_switched_on_again_only_when_none_is_deferred(left):
    made = bench()
    made.world.add("mq", "3.8.3", charm="rabbitmq-server", config={"enable-auto-restarts": False})
    made.marks["option:mq:enable-auto-restarts"] = {"was": "True", "set": "False"}
    made.unit("mq/0", workload=Status("active", f"Unit is ready. {left}", NOW))
    made.later.append(lambda: made.hooks("mq", "config-changed"))
    put_back(made, "option:mq:enable-auto-restarts")
    assert bool(made.kept) is bool(left)
    assert bool(made.done) is not bool(left)


def refresh(made, channel="victoria/stable", switch=""):
    return made.run(Kind.REFRESH, "keystone", channel=channel, switch=switch)


def test_a_charm_is_moved_and_both_hooks_are_waited_for():
    made = bench()
    made.later.append(lambda: made.hooks("keystone", "upgrade-charm", "config-changed"))
    result = refresh(made)
    assert result.end is StepEnd.DONE
    assert "ch:x-999" in result.note


def test_a_charm_that_follows_the_channel_is_not_refreshed():
    made = bench()
    assert refresh(made, "ussuri/stable").end is StepEnd.SATISFIED
    assert made.done == []


def test_a_newer_revision_in_the_same_channel_is_taken():
    made = bench()
    made.app("keystone", can_upgrade_to="ch:keystone-101")
    made.later.append(lambda: made.hooks("keystone", "upgrade-charm", "config-changed"))
    assert refresh(made, "ussuri/stable").end is StepEnd.DONE


def test_the_same_revision_in_the_new_channel_runs_no_hook_and_waits_for_none():
    made = bench()

    async def same(name, channel, switch=""):
        made.app(name, channel=channel)

    made.refresh = same
    assert refresh(made).end is StepEnd.DONE


def test_a_refresh_without_effect_fails():
    made = bench()

    async def nothing(name, channel, switch=""):
        pass

    made.refresh = nothing
    with pytest.raises(StepFailed) as failure:
        refresh(made)
    assert failure.value.code == "refresh-without-effect"


def wait(made, *names):
    return made.run(Kind.WAIT_IDLE, quiet=10, applications=list(names), timeout_s=300)


def test_a_settled_application_costs_one_look():
    assert wait(bench(), "keystone").end is StepEnd.DONE


def test_what_moved_a_moment_ago_is_given_its_quiet_period():
    made = bench()
    made.unit("keystone/0", agent=Status("idle", "", NOW))
    made.later.append(lambda: setattr(made, "now", NOW + datetime.timedelta(seconds=11)))
    assert wait(made, "keystone").end is StepEnd.DONE


def test_a_unit_that_never_settles_is_named_with_its_status():
    made = bench()
    made.unit("keystone/0", workload=Status("blocked", "Missing relation", NOW))
    with pytest.raises(StepFailed) as failure:
        wait(made, "keystone", "neutron-api")
    for told in ("keystone/0", "blocked", "Missing relation", "12:00:00"):
        assert told in failure.value.seen


def test_a_drain_ends_a_wait_when_nothing_is_busy():
    made = bench()
    made.draining = True
    made.unit("keystone/0", workload=Status("waiting", "", NOW))
    assert wait(made, "keystone").end is StepEnd.AGAIN


def test_a_drain_lets_a_hook_that_runs_end_first():
    made = bench()
    made.draining = True
    made.unit("keystone/0", agent=Status("executing", "running config-changed hook", NOW))
    with pytest.raises(StepFailed):
        wait(made, "keystone")


def verify(made, **more):
    return made.run(
        Kind.VERIFY_WORKLOAD, "keystone", charm="keystone", release="victoria", units=[], **more
    )


def test_a_workload_at_the_target_is_verified_without_asking():
    made = bench()
    made.unit("keystone/0", workload_version="18.1.0")
    assert verify(made).end is StepEnd.DONE
    assert made.reads == []


def test_a_late_version_is_asked_for_and_waited_for():
    made = bench()
    made.later.append(lambda: made.unit("keystone/0", workload_version="18.1.0"))
    assert verify(made).end is StepEnd.DONE
    assert [unit for unit, _ in made.reads] == ["keystone/0"]


def test_an_old_workload_fails_and_is_named():
    with pytest.raises(StepFailed) as failure:
        verify(bench())
    assert failure.value.code == "workload-not-upgraded"
    assert "keystone/0 shows version 17.0.1" in failure.value.seen


def test_units_that_were_left_out_are_not_verified():
    made = bench()
    made.skipped_units = frozenset(["keystone/0"])
    assert verify(made).end is StepEnd.DONE


def hypervisors(made):
    return made.run(
        Kind.VERIFY_HYPERVISORS_UPGRADED, release="victoria", applications=["nova-compute"]
    )


def test_old_hypervisors_stop_what_must_come_after_them():
    with pytest.raises(StepFailed) as failure:
        hypervisors(bench())
    assert "nova-compute/0" in failure.value.seen


def test_hypervisors_that_were_left_out_leave_the_rest_out_too():
    made = bench()
    made.skipped_units = frozenset(["nova-compute/0"])
    result = hypervisors(made)
    assert result.end is StepEnd.SKIP_GROUP


@pytest.mark.parametrize("version", ["22.4.0", "23.0.0"])
def test_hypervisors_at_the_target_or_beyond_it_let_the_rest_go_on(version):
    made = bench()
    made.unit("nova-compute/0", workload_version=version)
    assert hypervisors(made).end is StepEnd.DONE


SEALED = Status("blocked", "Unit is sealed", NOW)


def test_a_sealed_vault_is_waited_for_until_its_operator_unseals_it():
    made = bench()
    made.world.add("vault", "1.7.9", channel="1.7/stable", workload=SEALED)
    made.later.append(lambda: made.unit("vault/0", workload=Status("active", "", NOW)))
    assert made.run(Kind.WAIT_UNSEALED, "vault").end is StepEnd.DONE


def test_a_drain_does_not_wait_for_the_operator():
    made = bench()
    made.world.add("vault", "1.7.9", channel="1.7/stable", workload=SEALED)
    made.draining = True
    assert made.run(Kind.WAIT_UNSEALED, "vault").end is StepEnd.AGAIN


def test_an_application_that_is_gone_is_named():
    with pytest.raises(StepFailed) as failure:
        wait(bench(), "heat")
    assert failure.value.code == "application-gone"
