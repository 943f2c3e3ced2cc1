"""Hypervisors go host by host; what is not empty is left alone and said."""

from __future__ import annotations

from cou.options.settings import Settings
from cou.plan.step import Part

from ..fakes import COMPUTE_ACTIONS, SERVICE_ACTIONS, World, principal_options
from .helpers import blocking, codes, does, find, groups, plan_of


def compute_world(zones=("az1", "az2", "az1"), versions=(), config=None) -> World:
    """A control plane at victoria, three hypervisors at ussuri and what comes after them."""
    world = World()
    done = principal_options("cloud:focal-victoria")
    world.add("keystone", "18.0.0", channel="victoria/stable", config=done)
    for number, zone in enumerate(zones):
        world.machines[str(number)] = zone
    world.add(
        "nova-compute",
        "" if versions else "21.2.4",
        channel="ussuri/stable",
        machines=" ".join(str(number) for number in range(len(zones))),
        versions=versions,
        config=config or principal_options(),
        actions=COMPUTE_ACTIONS,
    )
    world.add_core("neutron-api", "16.4.2")
    return world


def hyper(world, settings=None, **options):
    return plan_of(world, settings, group="hypervisors", backup=False, archive=False, **options)


def order(plan):
    return [step.target for step in plan.root.single_steps() if step.kind.value == "upgrade-unit"]


def test_hosts_go_one_at_a_time_zone_by_zone():
    plan = hyper(compute_world())
    assert groups(plan, "hypervisors") == ["az1", "az2"]
    assert order(plan) == ["nova-compute/0", "nova-compute/2", "nova-compute/1"]
    hosts = [s for s in plan.root.walk() if s.params.get("part") == Part.HOST.value]
    assert [host.id for host in hosts] == [
        "az1/nova-compute-0",
        "az1/nova-compute-2",
        "az2/nova-compute-1",
    ]
    assert not any(step.parallel for step in plan.root.walk())


def test_application_level_changes_are_made_once_before_the_first_host():
    told = does(hyper(compute_world()), "hypervisors")
    assert told[:4] == [
        "CONFIG nova-compute action-managed-upgrade=True (mark)",
        "REFRESH nova-compute victoria/stable",
        "WAIT nova-compute 300",
        "CONFIG nova-compute openstack-origin=cloud:focal-victoria",
    ]
    assert not any(line.startswith(("CONFIG", "REFRESH")) for line in told[4:])


def test_the_option_is_put_back_only_after_the_last_host():
    told = does(hyper(compute_world()))
    back = "PUT-BACK option:nova-compute:action-managed-upgrade"
    assert told.count(back) == 1
    assert told.index(back) > told.index("UNIT nova-compute/1 pause>openstack-upgrade>resume")


def test_the_option_stays_while_an_old_host_is_left_and_the_plan_says_why():
    plan = hyper(compute_world(), availability_zones="az1")
    assert order(plan) == ["nova-compute/0", "nova-compute/2"]
    assert not any("PUT-BACK" in line for line in does(plan))
    (problem,) = (p for p in plan.problems if p.code == "action-managed-upgrade-stays")
    assert "nova-compute/1" in problem.seen


def test_an_option_that_was_true_before_is_no_mark():
    config = {**principal_options(), "action-managed-upgrade": True}
    plan = hyper(compute_world(config=config))
    assert not any("action-managed-upgrade" in line for line in does(plan))
    assert "action-managed-upgrade-stays:nova-compute" in codes(plan)


def test_the_second_zone_repeats_nothing_that_is_so_already():
    world = compute_world(
        versions=("22.1.0", "21.2.4", "22.1.0"),
        config={
            "openstack-origin": "cloud:focal-victoria",
            "action-managed-upgrade": True,
        },
    )
    world.apps["nova-compute"] = world.apps["nova-compute"].__class__(
        **{**world.apps["nova-compute"].__dict__, "channel": "victoria/stable"}
    )
    assert does(hyper(world), "hypervisors") == [
        "DISABLE nova-compute/1",
        "verify-hypervisor-empty nova-compute/1",
        "PKG nova-compute/1",
        "UNIT nova-compute/1 pause>openstack-upgrade>resume",
        "ENABLE nova-compute/1",
        "WAIT model 2400",
        "VERIFY nova-compute nova-compute/1",
    ]


def test_a_host_with_instances_is_not_touched_and_named_with_its_count():
    world = compute_world()
    world.instances["nova-compute/1"] = "5"
    plan = hyper(world)
    assert order(plan) == ["nova-compute/0", "nova-compute/2"]
    (problem,) = (p for p in plan.problems if p.code == "hypervisor-not-empty")
    assert problem.subject == "nova-compute/1"
    assert "5 instances" in problem.seen
    assert not any("nova-compute/1" in line for line in does(plan, "hypervisors"))


def test_what_needs_all_hypervisors_is_left_out_while_one_stays_old():
    world = compute_world()
    world.instances["nova-compute/1"] = "5"
    plan = plan_of(world, group="data-plane", backup=False, archive=False)
    assert groups(plan, "data-plane") == []
    (problem,) = (p for p in plan.problems if p.code == "needs-all-hypervisors")
    assert problem.subject == "neutron-api"
    assert "nova-compute/1" in problem.seen
    assert blocking(plan) == []


def test_what_needs_all_hypervisors_is_planned_where_all_are_done_or_planned():
    plan = plan_of(compute_world(), group="data-plane", backup=False, archive=False)
    assert groups(plan, "data-plane") == ["neutron-api"]


def test_a_skipped_compute_application_keeps_the_rest_waiting():
    world = compute_world()
    world.add("ovn-central", "22.03.3", channel="22.03/stable", config={"source": "distro"})
    plan = plan_of(
        world, group="data-plane", skip_apps="nova-compute", backup=False, archive=False
    )
    assert groups(plan, "data-plane") == []
    assert "needs-all-hypervisors:ovn-central" in codes(plan)


def test_hosts_with_instances_go_when_chosen_and_are_listed():
    world = compute_world()
    world.instances["nova-compute/1"] = "5"
    plan = hyper(world, non_empty_hypervisors="upgrade")
    assert order(plan) == ["nova-compute/0", "nova-compute/2", "nova-compute/1"]
    assert not any(line.startswith("verify-hypervisor-empty") for line in does(plan))
    assert "hypervisor-with-instances:nova-compute/1" in codes(plan)
    assert "DISABLE nova-compute/1" in does(plan)


def test_an_unknown_count_blocks_until_it_is_taken_on_as_not_empty():
    world = compute_world()
    world.instances["nova-compute/1"] = "?"
    assert blocking(hyper(world)) == ["instance-count-unknown:nova-compute/1"]
    plan = hyper(world, accept="instance-count-unknown:nova-compute/1")
    assert blocking(plan) == []
    assert "nova-compute/1" not in order(plan)


def test_one_machine_can_be_the_canary():
    plan = hyper(compute_world(), machines="1")
    assert order(plan) == ["nova-compute/1"]
    assert groups(plan, "hypervisors") == ["az2"]


def test_wrong_filters_are_named():
    world = compute_world()
    assert blocking(hyper(world, machines="77")) == ["unknown-machine:77"]
    container = next(iter(world.apps["keystone"].units.values())).machine
    assert blocking(hyper(world, machines=container)) == [f"not-a-hypervisor:{container}"]
    assert blocking(hyper(world, availability_zones="az9")) == ["unknown-zone:az9"]


def test_a_batch_is_a_group_of_its_own():
    plan = hyper(compute_world(zones=("az1",) * 3), Settings(hypervisor_batch=2))
    assert groups(plan, "hypervisors") == ["az1.batch-1", "az1.batch-2"]
    assert order(plan) == ["nova-compute/0", "nova-compute/1", "nova-compute/2"]
    assert "PUT-BACK option:nova-compute:action-managed-upgrade" in does(plan, "az1.batch-2")
    assert not any("PUT-BACK" in line for line in does(plan, "az1.batch-1"))


def test_ten_comes_after_two():
    plan = hyper(compute_world(zones=("az1",) * 11))
    assert order(plan) == [f"nova-compute/{number}" for number in range(11)]


def test_a_zone_named_like_an_application_keeps_its_own_id():
    plan = hyper(compute_world(zones=("keystone", "keystone", "KEYSTONE")))
    assert groups(plan, "hypervisors") == ["zone.keystone", "zone.keystone.2"]


def colocated(world, machines, **more):
    config = more.pop("config", principal_options())
    world.add(
        "cinder",
        "16.4.2",
        channel="ussuri/stable",
        machines=machines,
        config=config,
        actions=SERVICE_ACTIONS,
        **more,
    )
    return world


def test_a_service_on_a_hypervisor_goes_with_its_host_before_nova():
    plan = hyper(colocated(compute_world(), "0 2"))
    assert order(plan) == [
        "cinder/0",
        "nova-compute/0",
        "cinder/1",
        "nova-compute/2",
        "nova-compute/1",
    ]
    assert "PUT-BACK option:cinder:action-managed-upgrade" in does(plan, "az1")


def test_all_units_of_an_application_on_and_off_hypervisors_are_reached():
    plan = hyper(colocated(compute_world(), "0 60"))
    assert does(plan, "cinder") == [
        "CONFIG cinder action-managed-upgrade=True (mark)",
        "REFRESH cinder victoria/stable",
        "WAIT cinder 300",
        "CONFIG cinder openstack-origin=cloud:focal-victoria",
        "PKG cinder/1",
        "UNIT cinder/1 pause>openstack-upgrade>resume",
        "WAIT cinder 300",
        "VERIFY cinder cinder/1",
    ]
    assert "UNIT cinder/0 pause>openstack-upgrade>resume" in does(plan, "az1")
    assert "PUT-BACK option:cinder:action-managed-upgrade" in does(plan, "az1")


def test_a_filter_does_not_reach_beyond_the_chosen_hosts():
    plan = hyper(colocated(compute_world(), "0 60"), machines="0")
    assert order(plan) == ["cinder/0", "nova-compute/0"]
    assert not any("PUT-BACK option:cinder" in line for line in does(plan))


def test_an_auxiliary_on_a_hypervisor_goes_as_a_whole():
    world = compute_world()
    world.add(
        "ceph-mon",
        "15.2.17",
        channel="octopus/stable",
        machines="0 1 2",
        config={"source": "distro"},
    )
    plan = plan_of(world, group="data-plane", set_noout=True, backup=False, archive=False)
    assert groups(plan, "hypervisors") == ["ceph-mon", "az1", "az2"]
    assert "CONFIG ceph-mon source=cloud:focal-victoria" in does(plan, "ceph-mon")
    assert not any("pause" in line and "ceph-mon" in line for line in does(plan))
    assert "NOOUT ceph-mon/0" in does(plan, "prepare")
    filtered = hyper(world, machines="0")
    assert "not-with-filter:ceph-mon" in codes(filtered)


def test_what_upgrades_a_hypervisors_machine_is_told_and_blocks_where_instances_run():
    """APT's sources belong to the machine: one charm's hooks upgrade what others run there."""
    world = compute_world()
    world.add(
        "rabbitmq-server",
        "3.8.3",
        channel="3.9/stable",
        machines="0 1",
        config={"source": "distro"},
    )
    assert "hypervisor-moves-along:rabbitmq-server" in codes(hyper(world))
    assert blocking(hyper(world)) == []
    world.instances["nova-compute/1"] = "5"
    (problem,) = hyper(world).blocking
    assert (problem.code, problem.subject) == ("hypervisor-not-spared", "rabbitmq-server")
    assert "nova-compute/1" in problem.seen
    assert "nova-compute/0" not in problem.seen
    assert blocking(hyper(world, accept="hypervisor-not-spared:rabbitmq-server")) == []
    chosen = hyper(world, non_empty_hypervisors="upgrade")
    assert "hypervisor-moves-along:rabbitmq-server" in codes(chosen)
    assert "hypervisor-not-spared:rabbitmq-server" not in codes(hyper(world, machines="0"))
    done = compute_world(versions=("22.1.0",) * 3)
    done.apps["rabbitmq-server"] = world.apps["rabbitmq-server"]
    done.options["rabbitmq-server"] = {"source": "distro"}
    done.action_names["rabbitmq-server"] = frozenset()
    assert not any(one.startswith("hypervisor-moves") for one in codes(hyper(done)))


def test_what_comes_after_hypervisors_also_does_so_on_a_hypervisor():
    world = compute_world()
    world.add(
        "ovn-central",
        "22.03.3",
        channel="22.03/stable",
        machines="0 1 2",
        config={"source": "distro"},
    )
    assert groups(hyper(world), "hypervisors") == ["az1", "az2"]
    plan = plan_of(world, group="data-plane", backup=False, archive=False)
    assert groups(plan, "data-plane") == ["ovn-central", "neutron-api"]


def test_a_version_of_several_releases_is_decided_by_the_origin():
    world = compute_world()
    world.add(
        "ovn-dedicated-chassis",
        "22.03.3",
        channel="22.03/stable",
        machines="0",
        config={"source": "distro", "action-managed-upgrade": False},
        actions=SERVICE_ACTIONS,
    )
    assert "ovn-dedicated-chassis/0" in order(hyper(world))


def test_swift_on_a_hypervisor_stops_only_itself():
    world = compute_world()
    world.add("swift-storage", "2.25.0", channel="ussuri/stable", machines="0")
    plan = hyper(world)
    assert blocking(plan) == ["unsupported-charm:swift-storage"]
    assert order(plan) == ["nova-compute/0", "nova-compute/2", "nova-compute/1"]


def test_an_application_whose_units_are_done_is_brought_after_them():
    world = compute_world(versions=("22.1.0",) * 3)
    told = does(hyper(world), "nova-compute")
    assert told == [
        "CONFIG nova-compute action-managed-upgrade=True (mark)",
        "REFRESH nova-compute victoria/stable",
        "WAIT nova-compute 300",
        "CONFIG nova-compute openstack-origin=cloud:focal-victoria",
        "WAIT model 2400",
        "PUT-BACK option:nova-compute:action-managed-upgrade",
        "WAIT nova-compute 2400",
    ]


def test_the_check_for_instances_comes_right_before_the_host_is_touched():
    told = does(hyper(compute_world()), "az2/nova-compute-1")
    assert told == [
        "DISABLE nova-compute/1",
        "verify-hypervisor-empty nova-compute/1",
        "PKG nova-compute/1",
        "UNIT nova-compute/1 pause>openstack-upgrade>resume",
        "ENABLE nova-compute/1",
    ]
    assert find(hyper(compute_world()), "az2/nova-compute-1/upgrade-unit").params["actions"] == [
        "pause",
        "openstack-upgrade",
        "resume",
    ]
