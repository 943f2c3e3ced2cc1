"""Rules that every plan keeps, written from the reference and not from the planner.

Each rule gets the drawn cloud (`random_clouds.Cloud`) and its plan and asserts. What they know of
tracks and origins is in `tests.simulation.bundles`.
"""

from __future__ import annotations

from cou.kinds import Kind
from cou.plan.plan import Plan
from cou.plan.step import Part, Step

from ...simulation import bundles
from .random_clouds import MAJORS, QUORUM, RELEASES, SUBORDINATES, Cloud

FIRST = ["vault", "rabbitmq-server", "ceph-mon", "keystone", "cinder", "glance"]
FIRST += ["nova-cloud-controller"]
LATE = ["ovn-central", "neutron-api", "ceph-osd"]
DATA = {*LATE, "nova-compute"}
CHANGES = (Kind.REFRESH, Kind.SET_CONFIG, Kind.UPGRADE_PACKAGES, Kind.UPGRADE_UNIT)
ORIGINS = ("openstack-origin", "source")
SECTIONS = ["prepare", "subordinates", "control-plane", "hypervisors", "data-plane", "finish"]


def leaves(plan: Plan) -> list[Step]:
    """Return the steps that do something."""
    return list(plan.root.single_steps())


def application(step: Step) -> str:
    """Return the application that a step is about."""
    return step.target.partition("/")[0]


def changed(plan: Plan) -> set[str]:
    """Return the applications that a plan changes."""
    return {application(step) for step in leaves(plan) if step.kind in CHANGES}


def is_origin(step: Step) -> bool:
    """Whether a step changes an APT origin."""
    return step.kind is Kind.SET_CONFIG and step.params["key"] in ORIGINS


def computes(cloud: Cloud) -> set[str]:
    """Return the machines of hypervisors."""
    return {
        unit.machine
        for name, app in cloud.world.apps.items()
        if cloud.truth[name].charm == "nova-compute"
        for unit in app.units.values()
    }


def on_hypervisor(cloud: Cloud, name: str) -> bool:
    """Whether an application has a unit on a hypervisor's own machine."""
    machines = {unit.machine for unit in cloud.world.apps[name].units.values()}
    return bool(machines & computes(cloud))


def in_data_plane(cloud: Cloud, name: str) -> bool:
    """Whether an application belongs to the data plane."""
    charm = cloud.truth[name].charm
    return charm in DATA or (charm not in SUBORDINATES and on_hypervisor(cloud, name))


def skipped(cloud: Cloud) -> set[str]:
    """Return the applications that are skipped."""
    return {str(cloud.options.get("skip_apps", ""))} - {""}


def place_of(channel: str, charm: str, series: str) -> list[int]:
    """Return the releases that a channel's track is right for; empty for tracks of none."""
    track = channel.partition("/")[0]
    chain = bundles.FOCAL if series == "focal" else bundles.JAMMY
    return [RELEASES.index(r) for r in chain if bundles.track(charm, series, r) == track]


def ids_are_unique_and_speakable(cloud: Cloud, plan: Plan) -> None:
    found = [step.id for step in plan.root.walk()]
    assert len(found) == len(set(found))
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789./_-") for one in found)


def every_step_says_why_and_ends_some_day(cloud: Cloud, plan: Plan) -> None:
    for step in leaves(plan):
        assert step.why
        assert step.timeout_s > 0


def the_target_follows_the_oldest_release(cloud: Cloud, plan: Plan) -> None:
    told = [
        truth.release
        for name, truth in cloud.truth.items()
        if name not in skipped(cloud) and truth.release is not None
    ]
    if not told:
        assert not plan.root.steps
        return
    chain = bundles.FOCAL if cloud.series == "focal" else bundles.JAMMY
    oldest = RELEASES[min(told)]
    assert plan.origin == oldest
    if oldest == chain[-1]:
        assert [one.code for one in plan.blocking if one.code == "last-release"]
        assert not plan.root.steps
    else:
        assert plan.target == chain[chain.index(oldest) + 1]


def nothing_goes_backwards_or_too_far(cloud: Cloud, plan: Plan) -> None:
    goal = RELEASES.index(plan.target)
    for step in leaves(plan):
        name = application(step)
        if step.kind is Kind.REFRESH:
            charm, now = cloud.truth[name].charm, cloud.world.apps[name].channel
            if step.params["channel"] == now:
                assert step.params["switch"] or cloud.world.apps[name].can_upgrade_to
                continue
            wanted = place_of(step.params["channel"], charm, cloud.series)
            assert wanted, step.params["channel"]
            assert wanted[0] <= goal
            before = place_of(now, charm, cloud.series)
            if before and cloud.world.apps[name].scheme == "ch":
                assert wanted[-1] >= before[0]
        if is_origin(step):
            assert step.params["value"] == f"cloud:{cloud.series}-{plan.target}"
            at = cloud.truth[name].origin
            assert at is None or at <= goal


def the_last_channel_is_that_of_the_target(cloud: Cloud, plan: Plan) -> None:
    last: dict[str, str] = {}
    for step in leaves(plan):
        if step.kind is Kind.REFRESH:
            last[step.target] = step.params["channel"]
    for name, channel in last.items():
        track = bundles.track(cloud.truth[name].charm, cloud.series, plan.target)
        assert channel == f"{track}/stable"


def whoever_is_behind_is_planned_or_told(cloud: Cloud, plan: Plan) -> None:
    """Nothing is forgotten: the rule that an empty plan breaks."""
    group = cloud.options["group"]
    codes = {one.code for one in plan.problems}
    if {"last-release", "control-plane-first", "no-data-plane"} & codes or not plan.target:
        return
    if group in ("data-plane", "hypervisors") and not plan.root.steps:
        return  # the planes are level, or nothing could be chosen
    goal, told = RELEASES.index(plan.target), {one.subject for one in plan.problems}
    told |= {subject.partition("/")[0] for subject in told}
    for name, truth in cloud.truth.items():
        data = in_data_plane(cloud, name)
        wanted = {
            "all": True,
            "control-plane": not data,
            "data-plane": data,
            "hypervisors": on_hypervisor(cloud, name) and data and truth.charm not in LATE,
        }[str(group)]
        behind = truth.release is not None and truth.release < goal
        if wanted and behind and name not in skipped(cloud) and name not in told:
            if cloud.options.get("machines") or cloud.options.get("availability_zones"):
                continue
            left = {s for s in told if s.startswith("nova-compute")}
            assert name in changed(plan) or (truth.charm in MAJORS and data and left), name


def only_the_group_is_touched(cloud: Cloud, plan: Plan) -> None:
    group = cloud.options["group"]
    for name in changed(plan):
        assert name not in skipped(cloud)
        if group == "control-plane":
            assert not in_data_plane(cloud, name)
        if group in ("data-plane", "hypervisors"):
            assert in_data_plane(cloud, name)
        if group == "hypervisors":
            assert on_hypervisor(cloud, name)
            assert cloud.truth[name].charm not in LATE


def a_filter_reaches_no_other_machine(cloud: Cloud, plan: Plan) -> None:
    zones = cloud.world.machines
    machine, zone = cloud.options.get("machines"), cloud.options.get("availability_zones")
    for step in leaves(plan):
        on_unit = step.kind in (Kind.UPGRADE_UNIT, Kind.UPGRADE_PACKAGES, Kind.SET_COMPUTE_SERVICE)
        if on_unit and (machine or zone):
            home = cloud.world.apps[application(step)].units[step.target].machine
            assert home == machine or (zone and zones[home] == zone)


def one_origin_change_per_application(cloud: Cloud, plan: Plan) -> None:
    found = [step.target for step in leaves(plan) if is_origin(step)]
    assert len(found) == len(set(found))


def an_application_is_changed_in_the_right_order(cloud: Cloud, plan: Plan) -> None:
    """Packages, then the charm, then the origin, then the look at the version."""
    for group in plan.root.walk():
        if group.params.get("part") != Part.APPLICATION.value:
            continue
        ranks = []
        for step in group.single_steps():
            if step.kind is Kind.UPGRADE_UNIT:
                break  # unit by unit: packages of the next unit come later
            if step.kind is Kind.UPGRADE_PACKAGES:
                ranks.append(0)
            elif step.kind is Kind.REFRESH:
                ranks.append(1)
            elif is_origin(step):
                ranks.append(2)
            elif step.kind is Kind.VERIFY_WORKLOAD:
                ranks.append(3)
        units = [step.kind for step in group.single_steps() if step.kind is Kind.UPGRADE_UNIT]
        assert units or ranks == sorted(ranks)


def every_refresh_is_followed_by_a_wait(cloud: Cloud, plan: Plan) -> None:
    found = leaves(plan)
    for place, step in enumerate(found):
        if step.kind is Kind.REFRESH:
            after = [one for one in found[place + 1 :] if one.kind is not Kind.WAIT_UNSEALED]
            assert after[0].kind is Kind.WAIT_IDLE
            assert step.target in after[0].params["applications"]


def every_change_is_followed_by_a_wait_in_its_group(cloud: Cloud, plan: Plan) -> None:
    for group in plan.root.walk():
        if group.params.get("part") not in (Part.APPLICATION.value, Part.ZONE.value):
            continue
        found = list(group.single_steps())
        for place, step in enumerate(found):
            if step.kind in CHANGES and cloud.world.apps[application(step)].units:
                assert any(
                    one.kind is Kind.WAIT_IDLE and application(step) in one.params["applications"]
                    for one in found[place + 1 :]
                )


def a_quorum_goes_one_by_one_and_is_healthy_before_the_next(cloud: Cloud, plan: Plan) -> None:
    for group in plan.root.walk():
        if group.parallel:
            assert {cloud.truth[application(step)].charm for step in group.steps} - set(QUORUM)
    found = leaves(plan)
    for place, step in enumerate(found):
        charm = cloud.truth[application(step)].charm if step.target != "model" else ""
        if step.kind is Kind.UPGRADE_PACKAGES and charm in QUORUM:
            after = [one for one in found[place + 1 :] if one.kind is not Kind.WAIT_UNSEALED]
            assert after[0].kind is Kind.WAIT_IDLE
            assert after[0].target == application(step)


def no_unit_is_upgraded_twice_or_at_the_target(cloud: Cloud, plan: Plan) -> None:
    units = [step.target for step in leaves(plan) if step.kind is Kind.UPGRADE_UNIT]
    assert len(units) == len(set(units))
    goal = RELEASES.index(plan.target)
    for unit in units:
        truth = cloud.truth[unit.partition("/")[0]]
        assert truth.units[int(unit.partition("/")[2])] < goal


def a_host_is_taken_out_looked_at_upgraded_and_given_back(cloud: Cloud, plan: Plan) -> None:
    order = [
        (Kind.SET_COMPUTE_SERVICE, False),
        (Kind.VERIFY_HYPERVISOR_EMPTY, None),
        (Kind.UPGRADE_PACKAGES, None),
        (Kind.UPGRADE_UNIT, None),
        (Kind.SET_COMPUTE_SERVICE, True),
    ]
    skip = cloud.options["non_empty_hypervisors"] == "skip"
    for host in plan.root.walk():
        if host.params.get("part") != Part.HOST.value:
            continue
        found = list(host.single_steps())
        ranks = [order.index((step.kind, step.params.get("enabled"))) for step in found]
        assert ranks == sorted(ranks)
        upgraded = {s.target for s in found if s.kind is Kind.UPGRADE_UNIT}
        nova = {u for u in upgraded if cloud.truth[u.partition("/")[0]].charm == "nova-compute"}
        for kind, enabled in order[:2] if skip else order[:1]:
            assert nova == {
                s.target for s in found if (s.kind, s.params.get("enabled")) == (kind, enabled)
            }
        assert nova == {s.target for s in found if s.params.get("enabled") is True}
        assert upgraded == {s.target for s in found if s.kind is Kind.UPGRADE_PACKAGES}


def units_of_hypervisors_are_upgraded_inside_their_host_and_zone(cloud: Cloud, plan: Plan) -> None:
    inside: set[str] = set()
    for zone in plan.root.walk():
        if zone.params.get("part") != Part.ZONE.value:
            continue
        assert not zone.parallel
        homes: set[str] = set()
        for host in zone.steps:
            if host.params.get("part") == Part.HOST.value:
                there = {
                    cloud.world.apps[application(step)].units[step.target].machine
                    for step in host.single_steps()
                }
                assert len(there) == 1
                assert not there & homes
                homes |= there
                inside |= {s.target for s in host.single_steps() if s.kind is Kind.UPGRADE_UNIT}
        assert len({cloud.world.machines[home] for home in homes}) <= 1
    for step in leaves(plan):
        if step.kind is Kind.UPGRADE_UNIT:
            home = cloud.world.apps[application(step)].units[step.target].machine
            assert (step.target in inside) == (home in computes(cloud))


def hosts_with_instances_are_untouched_unless_chosen(cloud: Cloud, plan: Plan) -> None:
    if cloud.options["non_empty_hypervisors"] == "upgrade":
        return
    full = {unit for unit, count in cloud.world.instances.items() if count != "0"}
    machines = {cloud.world.apps[u.partition("/")[0]].units[u].machine for u in full}
    for step in leaves(plan):
        if step.kind is Kind.UPGRADE_UNIT:
            assert cloud.world.apps[application(step)].units[step.target].machine not in machines


def whoever_upgrades_a_machine_with_instances_is_told(cloud: Cloud, plan: Plan) -> None:
    """An origin that changes while hooks act upgrades the whole machine."""
    by_action = {
        step.target
        for step in leaves(plan)
        if step.kind is Kind.SET_CONFIG
        and step.params["key"] == "action-managed-upgrade"
        and step.params["value"] == "True"
    }
    if cloud.options["non_empty_hypervisors"] == "upgrade":
        return
    goal = RELEASES.index(plan.target)
    full = {
        cloud.world.apps[unit.partition("/")[0]].units[unit].machine
        for unit, count in cloud.world.instances.items()
        if count != "0"
        and cloud.truth[unit.partition("/")[0]].told
        and cloud.truth[unit.partition("/")[0]].units[int(unit.partition("/")[2])] < goal
    }
    told = {one.subject for one in plan.problems if one.code == "hypervisor-not-spared"}
    for step in leaves(plan):
        name = application(step)
        if is_origin(step) and name not in by_action and name not in told:
            managed = cloud.world.options[name].get("action-managed-upgrade") is True
            homes = {unit.machine for unit in cloud.world.apps[name].units.values()}
            assert managed or not homes & full, name


def marks_are_put_back_or_explained(cloud: Cloud, plan: Plan) -> None:
    backs = [s.params["mark"] for s in leaves(plan) if s.kind is Kind.PUT_BACK]
    stays = {one.subject for one in plan.problems if one.code == "action-managed-upgrade-stays"}
    marks = {
        f"option:{s.target}:{s.params['key']}": s.target
        for s in leaves(plan)
        if s.kind is Kind.SET_CONFIG and s.params["mark"]
    }
    assert len(backs) == len(set(backs))
    assert set(backs) <= set(marks)
    for mark, name in marks.items():
        assert mark in backs or (name in stays and mark.endswith("managed-upgrade"))


def a_managed_option_goes_back_only_when_no_unit_stays_old(cloud: Cloud, plan: Plan) -> None:
    found = leaves(plan)
    for at, step in enumerate(found):
        if step.kind is not Kind.PUT_BACK or not step.params["mark"].endswith("managed-upgrade"):
            continue
        units = cloud.world.apps[step.target].units
        before = {s.target for s in found[:at] if s.kind is Kind.UPGRADE_UNIT}
        after = {s.target for s in found[at:] if s.kind is Kind.UPGRADE_UNIT}
        assert not after & set(units)
        if not before & set(units):
            continue  # upgraded together by its hooks, or nothing was left to upgrade
        goal = RELEASES.index(plan.target)
        for number, unit in enumerate(sorted(units)):
            assert cloud.truth[step.target].units[number] >= goal or unit in before


def noout_is_balanced_and_frames_everything(cloud: Cloud, plan: Plan) -> None:
    switches = [s for s in leaves(plan) if s.kind is Kind.SET_NOOUT]
    on = [s.target for s in switches if s.params["noout"]]
    off = [s.target for s in switches if not s.params["noout"]]
    assert on == off
    wanted = cloud.options["set_noout"] and cloud.options["group"] in ("all", "data-plane")
    mons = {n for n, t in cloud.truth.items() if t.charm == "ceph-mon"} - skipped(cloud)
    if plan.root.steps:
        assert {name.partition("/")[0] for name in on} == (mons if wanted else set())
    if on:
        kinds = [s.kind for s in leaves(plan)]
        first_change = next(n for n, k in enumerate(kinds) if k in CHANGES)
        assert kinds.index(Kind.SET_NOOUT) < first_change
        assert kinds[-1] is Kind.SET_NOOUT


def osds_are_aligned_before_ceph_moves_and_at_the_end(cloud: Cloud, plan: Plan) -> None:
    found = leaves(plan)
    aligned = [n for n, s in enumerate(found) if s.kind is Kind.REQUIRE_OSD_RELEASE]
    for at, step in enumerate(found):
        if is_origin(step) and cloud.truth[step.target].charm == "ceph-mon":
            assert any(n < at and application(found[n]) == step.target for n in aligned)
        if is_origin(step) and cloud.truth[step.target].charm == "ceph-osd":
            mons = {n for n, t in cloud.truth.items() if t.charm == "ceph-mon"} - skipped(cloud)
            assert mons == {application(found[n]) for n in aligned if n > at}


def late_charms_come_after_every_hypervisor(cloud: Cloud, plan: Plan) -> None:
    found = leaves(plan)
    nova = [n for n, s in enumerate(found) if s.kind is Kind.UPGRADE_UNIT]
    for name in LATE:
        own = [n for n, s in enumerate(found) if s.kind in CHANGES and application(s) == name]
        if own and nova:
            assert min(own) > max(nova)
        if own:
            assert found[min(own) - 1].kind is Kind.VERIFY_HYPERVISORS_UPGRADED
    if changed(plan) & set(LATE):
        goal, going = RELEASES.index(plan.target), {found[n].target for n in nova}
        for name, truth in cloud.truth.items():
            if truth.charm == "nova-compute" and truth.told:
                old = {f"{name}/{n}" for n, at in enumerate(truth.units) if at < goal}
                assert old <= going


def sections_come_in_order(cloud: Cloud, plan: Plan) -> None:
    sections = [step.id for step in plan.root.steps]
    assert sections == [one for one in SECTIONS if one in sections]
    for section in plan.root.steps:
        names = {application(s) for s in section.single_steps() if s.kind in CHANGES}
        charms = {cloud.truth[name].charm for name in names}
        if section.id == "subordinates":
            assert charms <= set(SUBORDINATES)
        else:
            assert not charms & set(SUBORDINATES)
        if section.id in ("prepare", "finish"):
            assert not charms


def the_control_plane_keeps_its_order(cloud: Cloud, plan: Plan) -> None:
    for section in plan.root.steps:
        if section.id == "control-plane":
            found = [cloud.truth[step.id].charm for step in section.steps]
            ranks = [FIRST.index(one) if one in FIRST else len(FIRST) for one in found]
            assert ranks == sorted(ranks)
        if section.id == "data-plane":
            late = [LATE.index(cloud.truth[step.id].charm) for step in section.steps]
            assert late == sorted(late)


def an_application_with_an_error_has_no_steps(cloud: Cloud, plan: Plan) -> None:
    own = {"unknown-origin", "unknown-channel", "unexpected-channel", "mismatched-units"}
    own |= {"local-charm", "origin-ahead", "unknown-workload-version"}
    refused = {one.subject.partition("/")[0] for one in plan.problems if one.code in own}
    assert not refused & changed(plan)
    for name, truth in cloud.truth.items():
        if not truth.told and name not in skipped(cloud):
            assert name in refused


def units_of_different_releases_go_only_on_hypervisors(cloud: Cloud, plan: Plan) -> None:
    for name in changed(plan):
        if len(set(cloud.truth[name].units)) > 1:
            assert on_hypervisor(cloud, name)


RULES = [
    value
    for value in list(globals().values())
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and list(getattr(value, "__annotations__", {})) == ["cloud", "plan", "return"]
]
