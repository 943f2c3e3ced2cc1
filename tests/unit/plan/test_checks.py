"""What is looked at before an upgrade, each finding with its code, subject and remedy."""

from __future__ import annotations

import pytest
from cou.checks.problem import Severity
from cou.checks.problem_codes import CODES
from cou.juju.port import Status

from ..fakes import EARLIER, Ceph, World, example, principal_options
from .helpers import blocking, codes, does, find, plan_of


def test_a_healthy_cloud_has_nothing_in_its_way():
    assert codes(plan_of(example(), set_noout=True)) == []


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (Status("blocked", "Missing relation", EARLIER), "not-idle:glance"),
        (Status("error", "hook failed", EARLIER), "not-idle:glance"),
        (Status("maintenance", "Paused. Use 'resume' action", EARLIER), "paused-unit:glance/0"),
    ],
)
def test_an_application_that_is_not_active_blocks_until_taken_on(status, problem):
    world = example()
    world.add_core("glance", "20.1.0", workload=status)
    assert blocking(plan_of(world)) == [problem]
    taken = plan_of(world, accept=problem)
    assert blocking(taken) == []
    waited = find(taken, "prepare/wait-idle").params["applications"]
    assert "glance" not in waited
    assert "keystone" in waited


def test_an_agent_that_runs_a_hook_is_only_a_warning():
    world = example()
    world.add_core(
        "glance", "20.1.0", agent=Status("executing", "running config-changed hook", EARLIER)
    )
    plan = plan_of(world)
    assert "busy:glance" in codes(plan)
    assert blocking(plan) == []


def test_a_lost_agent_blocks():
    world = example()
    world.add_core("glance", "20.1.0", agent=Status("lost", "agent is not communicating", EARLIER))
    (problem,) = plan_of(world).blocking
    assert "glance/0" in problem.seen
    assert "2026-03-01 11:00:00" in problem.seen


def test_a_skipped_application_may_be_in_any_state():
    world = example()
    world.add("glance", "nonsense", channel="x", workload=Status("error", "", EARLIER))
    plan = plan_of(world, skip_apps="glance")
    assert blocking(plan) == []
    assert "glance" not in find(plan, "prepare/wait-idle").params["applications"]


def test_a_sealed_vault_blocks_and_cannot_be_taken_on():
    world = World("jammy")
    world.add("keystone", "21.0.0", channel="yoga/stable", config=principal_options())
    sealed = Status("blocked", "Unit is sealed", EARLIER)
    world.add("vault", "1.7.9", channel="1.7/stable", units=2, workload=sealed)
    plan = plan_of(world, accept="vault-sealed:vault", backup=False)
    assert blocking(plan) == ["vault-sealed:vault"]
    assert "accept-unused:vault-sealed:vault" in codes(plan)


CEPH = [
    (Ceph(releases=("octopus", "pacific")), "ceph-mixed-versions", False),
    (Ceph(flags=("noout",)), "noout-set", True),
    (Ceph(health="HEALTH_ERR", checks=("OSD_DOWN",)), "ceph-health-error", True),
    (Ceph(health="HEALTH_WARN", checks=("OSD_DOWN",)), "ceph-health-warning", False),
    (Ceph(pgs={"active+undersized": 3}), "ceph-pgs-unclean", True),
    (Ceph(pgs={"active+clean": 9, "active+clean+inconsistent": 1}), "ceph-pgs-unclean", True),
]


def test_a_ceph_that_scrubs_is_well():
    world = example()
    pgs = {"active+clean": 9, "active+clean+scrubbing+deep": 2, "active+clean+snaptrim": 1}
    world.ceph["ceph-mon"] = Ceph(pgs=pgs)
    assert codes(plan_of(world, set_noout=True)) == []


@pytest.mark.parametrize(("ceph", "code", "blocks"), CEPH)
def test_ceph_tells_how_it_is(ceph, code, blocks):
    world = example()
    world.ceph["ceph-mon"] = ceph
    plan = plan_of(world, set_noout=True)
    assert codes(plan) == [f"{code}:ceph-mon"]
    assert bool(plan.blocking) is blocks
    if blocks:
        assert plan_of(world, set_noout=True, accept=f"{code}:ceph-mon").blocking == ()


def test_a_ceph_that_does_not_answer_blocks_until_taken_on():
    world = example()
    world.access = "write"
    plan = plan_of(world)
    assert blocking(plan) == ["access-too-low:model", "ceph-unknown:ceph-mon"]
    accepted = plan_of(world, accept="ceph-unknown:ceph-mon")
    assert blocking(accepted) == ["access-too-low:model"]


def test_ceph_without_noout_is_warned_of_only_where_ceph_is_upgraded():
    assert codes(plan_of(example())) == ["ceph-without-noout:ceph-mon"]
    done = plan_of(example(), skip_apps="ceph-mon,ceph-osd")
    assert "ceph-without-noout:ceph-mon" not in codes(done)


def reef_world(ceph):
    world = World("jammy")
    origin = "cloud:jammy-antelope"
    world.add("keystone", "23.0.0", channel="2023.1/stable", config=principal_options(origin))
    world.add("ceph-mon", "17.2.9", channel="quincy/stable", config={"source": origin})
    world.add("ceph-osd", "17.2.9", channel="quincy/stable", config={"source": origin})
    world.ceph["ceph-mon"] = ceph
    return world


def test_filestore_before_reef_can_never_be_taken_on():
    world = reef_world(Ceph(releases=("quincy",), filestore=(0, 2)))
    plan = plan_of(world, backup=False, accept="filestore-osd:ceph-mon")
    assert blocking(plan) == ["filestore-osd:ceph-mon"]
    assert "osd.0, osd.2" in plan.blocking[0].seen
    assert "REFRESH ceph-osd reef/stable" in does(plan)


def test_leaving_the_monitors_out_hides_nothing_of_the_osds():
    """What is skipped is not upgraded; the data of OSDs that are is in the same danger."""
    world = reef_world(Ceph(releases=("quincy",), filestore=(0,), health="HEALTH_ERR"))
    plan = plan_of(world, backup=False, skip_apps="ceph-mon")
    assert blocking(plan) == ["ceph-health-error:ceph-mon", "filestore-osd:ceph-mon"]
    assert blocking(plan_of(world, backup=False, skip_apps="ceph-mon,ceph-osd")) == []


def test_osds_whose_monitors_are_in_no_model_of_ours_block_before_reef():
    world = reef_world(Ceph(releases=("quincy",)))
    del world.apps["ceph-mon"]
    (problem,) = plan_of(world, backup=False).blocking
    assert (problem.code, problem.subject) == ("filestore-unknown", "ceph-osd")
    assert blocking(plan_of(world, backup=False, skip_apps="ceph-osd")) == []


def test_unknown_object_stores_before_reef_block_too():
    world = reef_world(Ceph(releases=("quincy",)))
    world.silent.add("ceph-mon/0")
    from cou.cloud import cloud, reading
    from cou.options.options import Options
    from cou.options.settings import Settings
    from cou.plan import planner
    from juju_testbed.model import virtual

    options = Options(backup=False, accept=("ceph-unknown:ceph-mon",))
    seen = virtual.run(reading.read(world, options, deadline_s=0.2))
    plan = planner.plan(cloud.build(seen), options, Settings())
    assert blocking(plan) == ["filestore-unknown:ceph-mon"]


def test_filestore_before_pacific_is_no_matter():
    world = example()
    world.ceph["ceph-mon"] = Ceph(filestore=(0,))
    assert blocking(plan_of(world)) == []


def test_a_scheduler_filter_that_is_gone_blocks_where_it_goes():
    world = World("jammy")
    filters = {"scheduler-default-filters": "ComputeFilter, AvailabilityZoneFilter"}
    config = {**principal_options("cloud:jammy-antelope"), **filters}
    world.add("nova-cloud-controller", "27.1.0", channel="2023.1/stable", config=config)
    plan = plan_of(world, backup=False)
    assert blocking(plan) == ["availability-zone-filter:nova-cloud-controller"]
    before = World("focal")
    config = {**principal_options(), **filters}
    before.add("nova-cloud-controller", "21.2.4", channel="ussuri/stable", config=config)
    assert blocking(plan_of(before, backup=False)) == []


def test_this_charm_may_not_sit_on_a_machine_that_it_upgrades():
    world = example()
    world.add("cou", charm="cou", machines="0")
    (problem,) = plan_of(world).blocking
    assert (problem.code, problem.subject) == ("cou-on-planned-machine", "cou/0")
    world.add("cou", charm="cou", machines="0/lxd/7")
    assert blocking(plan_of(world)) == []


def test_a_backup_without_a_database_blocks_until_taken_on():
    world = World()
    world.add_core("keystone", "17.0.1")
    assert blocking(plan_of(world)) == ["no-database:model"]
    assert blocking(plan_of(world, accept="no-database:model")) == []
    assert "no-way-back:model" in codes(plan_of(world, backup=False))


def test_every_database_is_backed_up_also_a_skipped_one():
    world = example()
    world.add(
        "other-mysql",
        "8.0.39",
        charm="mysql-innodb-cluster",
        channel="8.0/stable",
        config={"source": "distro"},
    )
    backups = [
        line
        for line in does(plan_of(world, skip_apps="other-mysql"), "prepare")
        if line.startswith("backup")
    ]
    assert backups == [
        "backup-database mysql-innodb-cluster/0",
        "backup-database other-mysql/0",
    ]


def test_what_cannot_be_archived_or_purged_is_said():
    world = example()
    world.action_names["nova-cloud-controller"] = frozenset(["archive-data"])
    assert "no-purge-action:model" in codes(plan_of(world, purge=True))
    plan = plan_of(example(), skip_apps="nova-cloud-controller")
    assert "no-nova-cloud-controller:model" in codes(plan)
    assert not any(line.startswith("archive") for line in does(plan))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda w: w.model_options.update({"automatically-retry-hooks": False}),
            "hooks-not-retried",
        ),
        (lambda w: w.notes.update({"cou-run": '{"run": "r1"}'}), "leftover-run"),
        (lambda w: setattr(w, "access", ""), "access-unknown"),
    ],
)
def test_surroundings_are_looked_at(change, problem):
    world = example()
    change(world)
    assert codes(plan_of(world, set_noout=True)) == [f"{problem}:model"]


def test_a_service_that_was_disabled_is_named_and_stays_so():
    world = example()
    world.disabled.add("nova-compute/0")
    assert "compute-service-disabled:nova-compute/0" in codes(plan_of(world))


def test_noout_where_it_means_nothing_is_said():
    assert "noout-not-in-group:model" in codes(
        plan_of(example(), group="control-plane", set_noout=True)
    )
    world = World()
    world.add_core("keystone", "17.0.1")
    assert "no-ceph:model" in codes(plan_of(world, backup=False, set_noout=True))


def test_misspelt_names_are_said():
    plan = plan_of(example(), skip_apps="keystoen", accept="not-idle:keystoen")
    assert {"unknown-skip-app:keystoen", "accept-unused:not-idle:keystoen"} <= set(codes(plan))


def test_errors_come_first_then_code_and_subject():
    world = example()
    world.add("swift-proxy", "2.25.0", channel="ussuri/stable")
    world.add("glance", "", channel="ussuri/stable")
    found = [(one.severity.value, one.code, one.subject) for one in plan_of(world).problems]
    assert found == sorted(found)
    assert len(found) == 3


def test_every_code_has_a_meaning_and_only_errors_are_acceptable():
    for name, code in CODES.items():
        assert code.name == name
        assert code.meaning.endswith(".")
        assert not (code.acceptable and code.severity is Severity.WARNING)


def test_an_application_without_units_is_no_unrest():
    """Juju calls it unknown, for no unit ever said anything."""
    world = example()
    nothing = Status("unknown", "", EARLIER)
    world.add_core("glance", units=0, workload=nothing)
    world.add("keystone-ldap", units=0, channel="ussuri/stable", workload=nothing)
    plan = plan_of(world)
    assert blocking(plan) == []
    assert does(plan, "glance") == [
        "REFRESH glance victoria/stable",
        "WAIT glance 300",
        "CONFIG glance openstack-origin=cloud:focal-victoria",
    ]
