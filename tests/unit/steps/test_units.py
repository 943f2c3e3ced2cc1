"""Steps on single units: packages, hypervisors, pause-upgrade-resume."""

from __future__ import annotations

import subprocess

import pytest
from cou.errors import StepFailed
from cou.juju.port import Status, Task, TaskStatus
from cou.kinds import Kind
from cou.steps import units_at_release, upgrade_packages
from cou.steps.context import StepEnd

from ..fakes import NOW, example
from .bench import Bench, nodes

NOVA = "nova-compute/0"
MYSQL = "mysql-innodb-cluster/0"
PAUSED = Status("maintenance", "Paused. Use 'resume' action to resume normal service.", NOW)
ACTIONS = ["pause", "openstack-upgrade", "resume"]
CEILOMETER = "Services not running that should be: ceilometer-agent-compute"


def bench():
    return Bench(example())


def upgrade(made):
    return made.run(
        Kind.UPGRADE_UNIT, NOVA, actions=ACTIONS, charm="nova-compute", release="victoria"
    )


def upgraded_by_action(made):
    """Have openstack-upgrade do what it says."""

    def answer():
        made.unit(NOVA, workload_version="22.4.0")
        return ("", {"outcome": "success, upgrade completed."})

    made.answers["openstack-upgrade"] = answer
    return made


def sent(made):
    return [what for _, what in made.done]


def test_a_unit_is_paused_upgraded_and_resumed():
    made = upgraded_by_action(bench())
    assert upgrade(made).end is StepEnd.DONE
    assert sent(made) == ACTIONS
    assert made.marks == {}


def test_a_unit_whose_upgrade_failed_is_upgraded_again_although_it_shows_the_version():
    """The packages are new by then; what the action had to do after them was not done."""
    made = bench()
    made.unit(NOVA, workload_version="22.4.0")
    made.operations["openstack-upgrade"] = (NOW, failed_task(), {})
    made.again()
    assert upgrade(made).end is StepEnd.DONE
    assert sent(made) == ACTIONS


def failed_task():
    return Task(7, NOVA, "openstack-upgrade", {}, TaskStatus.FAILED, "no", {}, NOW, NOW, NOW)


def test_a_unit_at_the_target_is_sent_nothing():
    made = bench()
    made.unit(NOVA, workload_version="22.4.0")
    assert upgrade(made).end is StepEnd.SATISFIED
    assert made.done == []


def test_a_version_of_several_releases_is_no_sign_that_a_unit_is_upgraded():
    """gnocchi 4.4.1 is xena's and yoga's; its packages still have to come from the new origin."""
    made = bench()
    made.world.add("gnocchi", "4.4.1", channel="yoga/stable")
    for action in ACTIONS:
        made.answer(action)
    result = made.run(
        Kind.UPGRADE_UNIT, "gnocchi/0", actions=ACTIONS, charm="gnocchi", release="yoga"
    )
    assert result.end is StepEnd.DONE
    assert sent(made) == ACTIONS


def test_a_unit_that_was_paused_before_stays_paused():
    made = upgraded_by_action(bench())
    made.unit(NOVA, workload=PAUSED)
    assert upgrade(made).end is StepEnd.DONE
    assert sent(made) == ["openstack-upgrade"]


def test_a_unit_that_this_run_has_paused_is_resumed_although_it_is_at_the_target():
    made = bench()
    made.unit(NOVA, workload_version="22.4.0", workload=PAUSED)
    made.marks[f"paused:{NOVA}"] = {}
    assert upgrade(made).end is StepEnd.DONE
    assert sent(made) == ["resume"]


def test_a_failed_upgrade_leaves_the_unit_paused_and_its_mark_set():
    made = bench()
    made.answer("openstack-upgrade", fail="dpkg was interrupted")
    with pytest.raises(StepFailed) as failure:
        upgrade(made)
    assert "dpkg was interrupted" in failure.value.seen
    assert sent(made) == ["pause", "openstack-upgrade"]
    assert set(made.marks) == {f"paused:{NOVA}"}


def test_an_action_that_completed_and_did_nothing_is_not_believed():
    made = bench()
    made.answer("openstack-upgrade", outcome="No upgrade available.")
    with pytest.raises(StepFailed) as failure:
        upgrade(made)
    assert "21.2.4" in failure.value.seen


def test_a_version_that_comes_late_is_waited_for():
    made = bench()
    made.later.append(lambda: made.unit(NOVA, workload_version="22.4.0"))
    assert upgrade(made).end is StepEnd.DONE


def test_a_resume_over_ceilometer_is_helped_and_asks_both_for_their_status():
    made = upgraded_by_action(bench())
    made.world.add(
        "telemetry",
        charm="ceilometer-agent",
        channel="ussuri/stable",
        subordinate_to="nova-compute",
    )
    made.answer("resume", fail=f"Action resume failed: {CEILOMETER}")
    assert upgrade(made).end is StepEnd.DONE
    assert sent(made)[-1] == "systemctl restart ceilometer-agent-compute"
    asked = [unit for unit, what in made.reads if "update-status" in what]
    assert asked == [NOVA, "telemetry/0"]
    assert made.marks == {}


def test_any_other_failure_of_resume_fails_the_step():
    made = upgraded_by_action(bench())
    made.answer("resume", fail="Services not running that should be: nova-compute")
    with pytest.raises(StepFailed):
        upgrade(made)
    assert set(made.marks) == {f"paused:{NOVA}"}


def service(made, *, enabled):
    return made.run(Kind.SET_COMPUTE_SERVICE, NOVA, enabled=enabled)


def test_a_service_is_disabled_and_given_back():
    made = bench()
    made.answer("list-compute-nodes", **nodes(NOVA, enabled=True))
    assert service(made, enabled=False).end is StepEnd.DONE
    assert set(made.marks) == {f"compute-service:{NOVA}"}
    assert service(made, enabled=True).end is StepEnd.DONE
    assert made.marks == {}
    assert sent(made) == ["disable", "enable"]


def test_a_service_that_was_disabled_before_stays_disabled():
    made = bench()
    made.answer("list-compute-nodes", **nodes(NOVA, enabled=False))
    assert service(made, enabled=False).end is StepEnd.SATISFIED
    assert service(made, enabled=True).end is StepEnd.SATISFIED
    assert made.done == []


@pytest.mark.parametrize("reply", [{"fail": "nova is down"}, {"compute_nodes": "no json"}])
def test_a_service_whose_state_cannot_be_told_counts_as_enabled(reply):
    made = bench()
    made.answer("list-compute-nodes", **reply)
    assert service(made, enabled=False).end is StepEnd.DONE


def test_a_service_without_the_question_counts_as_enabled():
    made = bench()
    made.world.action_names["nova-compute"] = frozenset(["enable", "disable"])
    assert service(made, enabled=False).end is StepEnd.DONE
    assert made.reads == []


def test_the_mark_is_written_before_the_service_is_disabled():
    made = bench()
    made.answer("disable", fail="nova is down")
    with pytest.raises(StepFailed):
        service(made, enabled=False)
    assert set(made.marks) == {f"compute-service:{NOVA}"}


@pytest.mark.parametrize(("count", "end"), [("0", StepEnd.DONE), ("3", StepEnd.SKIP_GROUP)])
def test_a_hypervisor_with_instances_is_skipped_with_its_group(count, end):
    made = bench()
    made.answer("instance-count", instance_count=count)
    assert made.run(Kind.VERIFY_HYPERVISOR_EMPTY, NOVA).end is end
    assert made.done == []


def test_a_count_that_is_no_number_is_not_taken_for_zero():
    made = bench()
    made.answer("instance-count", instance_count="none")
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.VERIFY_HYPERVISOR_EMPTY, NOVA)
    assert NOVA in failure.value.seen


def packages(made, unit=NOVA, hold=(), pocket=""):
    return made.run(Kind.UPGRADE_PACKAGES, unit, hold=list(hold), pocket=pocket)


def test_packages_are_upgraded_without_a_terminal_and_without_a_limit():
    made = bench()
    made.prints("grep", code=1)
    assert packages(made, pocket="focal-updates/victoria").end is StepEnd.DONE
    assert sent(made) == [upgrade_packages.UPGRADE, upgrade_packages.REMOVE]
    assert "".join(sent(made)).count("DEBIAN_FRONTEND=noninteractive") == 3


def test_a_unit_whose_sources_are_the_targets_already_is_left_to_its_charm():
    """There "current" packages would be the new release's, ahead of the charm."""
    made = bench()
    made.prints("grep", code=0)
    assert packages(made, pocket="focal-updates/victoria").end is StepEnd.SATISFIED
    assert made.done == []


def test_packages_whose_upgrade_failed_are_upgraded_again_although_the_sources_are_the_targets():
    """The change of the sources shows; the upgrade that broke off half-way does not."""
    made = bench()
    made.prints("grep", code=1)
    made.answers[upgrade_packages.UPGRADE] = ("dpkg was interrupted", {"return-code": 100})
    with pytest.raises(StepFailed):
        packages(made, pocket="focal-updates/victoria")
    made.again()
    made.prints("grep", code=0)
    assert packages(made, pocket="focal-updates/victoria").end is StepEnd.DONE
    assert sent(made) == [*[upgrade_packages.UPGRADE] * 2, upgrade_packages.REMOVE]


def test_only_packages_that_nobody_held_are_held_and_released():
    made = bench()
    made.prints("apt-mark showhold", "linux-image\nmysql-server-core-8.0\n")
    assert packages(made, MYSQL, ["mysql-server-core-8.0", "other"]).end is StepEnd.DONE
    assert sent(made) == [
        "apt-mark hold other",
        upgrade_packages.UPGRADE,
        upgrade_packages.REMOVE,
        "apt-mark unhold other",
    ]
    assert made.marks == {}


def test_packages_that_were_all_held_before_stay_held():
    made = bench()
    made.prints("apt-mark showhold", "mysql-server-core-8.0\n")
    packages(made, MYSQL, ["mysql-server-core-8.0"])
    assert sent(made) == [upgrade_packages.UPGRADE, upgrade_packages.REMOVE]


def test_a_failed_upgrade_is_a_failure_although_releasing_worked():
    made = bench()
    made.prints("dist-upgrade", code=100)
    with pytest.raises(StepFailed) as failure:
        packages(made, MYSQL, ["mysql-server-core-8.0"])
    assert "100" in failure.value.seen
    assert sent(made)[-1] == "apt-mark unhold mysql-server-core-8.0"
    assert made.marks == {}


def test_nothing_is_upgraded_where_holding_failed():
    made = bench()
    made.prints("apt-mark hold", code=1)
    with pytest.raises(StepFailed):
        packages(made, MYSQL, ["mysql-server-core-8.0"])
    assert upgrade_packages.UPGRADE not in sent(made)


def test_an_action_is_run_once_and_must_succeed():
    made = bench()
    params = {"action": "run-deferred-hooks", "params": {}}
    assert made.run(Kind.RUN_ACTION, NOVA, **params).end is StepEnd.DONE
    assert sent(made) == ["run-deferred-hooks"]
    made = bench()
    made.answer("run-deferred-hooks", fail="no")
    with pytest.raises(StepFailed):
        made.run(Kind.RUN_ACTION, NOVA, **params)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["dispatch", "hooks/update-status"], "dispatch of hooks/update-status\n"),
        (["hooks/update-status"], "hooks/update-status of \n"),
        ([], ""),
    ],
)
def test_a_charm_is_asked_for_its_status_in_its_own_way(tmp_path, files, said):
    """Charms of before the operator framework have hooks and no dispatch; some have neither."""
    (tmp_path / "hooks").mkdir()
    for name in files:
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho "{name} of $JUJU_DISPATCH_PATH"\n')
        file.chmod(0o755)
    shell = ["/bin/sh", "-c", units_at_release.UPDATE_STATUS]
    done = subprocess.run(shell, cwd=tmp_path, check=True, capture_output=True, text=True, env={})
    assert done.stdout == said
