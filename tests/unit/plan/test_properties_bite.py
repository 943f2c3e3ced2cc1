"""Each rule for random clouds notices a planner that breaks it: no rule that cannot fail."""

from __future__ import annotations

import dataclasses

import pytest
from cou.checks import application, application_changes
from cou.cloud import analysis
from cou.kinds import Kind
from cou.openstack import charms, releases, tracks
from cou.plan import (
    application_steps,
    cloud_steps,
    hypervisor_order,
    hypervisor_steps,
    planner,
    single_steps,
)

from . import properties
from .helpers import plan_of
from .random_clouds import cloud_of

SEEDS = range(400)


def _filtered(module, name, keep):
    """Return a way to break a function that makes steps: it forgets those that `keep` refuses."""

    def breakage(patch):
        true = getattr(module, name)
        patch.setattr(module, name, lambda *a, **k: [s for s in true(*a, **k) if keep(s)])

    return breakage


def _replaced(module, name, function):
    return lambda patch: patch.setattr(module, name, function)


def _forgets_glance(patch):
    true = application_steps.application
    patch.setattr(
        application_steps,
        "application",
        lambda scene, app, m: None if app.name == "glance" else true(scene, app, m),
    )


def _codenames_as_tracks(patch):
    true = application_changes.channel_for

    def named(app, release):
        if app.charm.from_table:
            return true(app, release)
        return f"{release.codename}/stable"

    patch.setattr(application_changes, "channel_for", named)


def _oldest_of_principals(patch):
    true = analysis.oldest
    patch.setattr(
        analysis,
        "oldest",
        lambda found: true(one for one in found if not one.application.subordinate),
    )


def _order_turned_round(patch):
    true = hypervisor_steps._host

    def turned(*args):
        host = true(*args)
        return dataclasses.replace(host, steps=host.steps[::-1])

    patch.setattr(hypervisor_steps, "_host", turned)


def _quorum_at_once(patch):
    true = application_steps.packages

    def together(scene, app):
        single = dataclasses.replace(app.charm, one_at_a_time=False)
        return true(scene, dataclasses.replace(app, charm=single))

    patch.setattr(application_steps, "packages", together)


def _wait_forgotten(patch):
    true = single_steps.refresh
    patch.setattr(single_steps, "refresh", lambda *a, **k: true(*a, **k)[:1])


def _final_wait_for_another(patch):
    true = single_steps.final_wait
    patch.setattr(
        single_steps,
        "final_wait",
        lambda *a: dataclasses.replace(true(*a), params={"quiet": 10, "applications": []}),
    )


def _origin_first(patch):
    channel, origin = application_steps.to_channel, application_steps.to_origin
    patch.setattr(application_steps, "to_channel", origin)
    patch.setattr(application_steps, "to_origin", channel)


def _every_risk(patch):
    true = application_changes.channel_for
    patch.setattr(
        application_changes, "channel_for", lambda *a: true(*a).replace("/stable", "/edge")
    )


def _two_releases_at_once(patch):
    true = releases.following

    def far(release, series):
        one = true(release, series)
        return (one and true(one, series)) or one

    patch.setattr(releases, "following", far)


BREAKAGES = {
    "beyond-the-target": (
        _replaced(application, "_beyond", lambda *a: False),
        "nothing_goes_backwards_or_too_far",
    ),
    "an-application-forgotten": (_forgets_glance, "whoever_is_behind_is_planned_or_told"),
    "codenames-as-tracks": (_codenames_as_tracks, "the_last_channel_is_that_of_the_target"),
    "another-risk": (_every_risk, "the_last_channel_is_that_of_the_target"),
    "subordinates-do-not-count": (
        _oldest_of_principals,
        "the_target_follows_the_oldest_release",
    ),
    "two-releases-at-once": (_two_releases_at_once, "the_target_follows_the_oldest_release"),
    "a-host-turned-round": (
        _order_turned_round,
        "a_host_is_taken_out_looked_at_upgraded_and_given_back",
    ),
    "a-quorum-at-once": (
        _quorum_at_once,
        "a_quorum_goes_one_by_one_and_is_healthy_before_the_next",
    ),
    "no-wait-after-a-refresh": (_wait_forgotten, "every_refresh_is_followed_by_a_wait"),
    "a-wait-for-nobody": (
        _final_wait_for_another,
        "every_change_is_followed_by_a_wait_in_its_group",
    ),
    "hosts-that-remain-do-not-matter": (
        _replaced(hypervisor_steps, "remaining", lambda *a: ()),
        "late_charms_come_after_every_hypervisor",
    ),
    "no-look-at-all-hypervisors": (
        _replaced(application_steps, "hypervisors_done", lambda *a: []),
        "late_charms_come_after_every_hypervisor",
    ),
    "hosts-with-instances": (
        _replaced(hypervisor_order, "_emptiness", lambda *a: (True, [])),
        "hosts_with_instances_are_untouched_unless_chosen",
    ),
    "machines-moved-along": (
        _replaced(hypervisor_steps, "_moved_along", lambda *a: []),
        "whoever_upgrades_a_machine_with_instances_is_told",
    ),
    "the-filter-forgotten": (
        _replaced(hypervisor_order, "_wanted", lambda *a: True),
        "a_filter_reaches_no_other_machine",
    ),
    "osds-not-aligned": (
        _replaced(application_steps, "require_osd_release", lambda *a: []),
        "osds_are_aligned_before_ceph_moves_and_at_the_end",
    ),
    "noout-left-set": (
        _filtered(cloud_steps, "after", lambda s: s.kind is not Kind.SET_NOOUT),
        "noout_is_balanced_and_frames_everything",
    ),
    "a-mark-left-set": (
        _replaced(single_steps, "put_back_option", lambda *a: []),
        "marks_are_put_back_or_explained",
    ),
    "put-back-too-early": (
        _replaced(
            hypervisor_steps._Layout,
            "_put_back",
            lambda self, member, prefix: single_steps.put_back_option(
                self._scene, prefix, member.app, charms.MANAGED_UPGRADE, "rolling"
            ),
        ),
        "a_managed_option_goes_back_only_when_no_unit_stays_old",
    ),
    "units-that-are-done": (
        _replaced(planner.PlanContext, "done", lambda *a: False),
        "no_unit_is_upgraded_twice_or_at_the_target",
    ),
    "mismatched-units": (
        _replaced(application, "_units", lambda *a: []),
        "units_of_different_releases_go_only_on_hypervisors",
    ),
    "the-group-forgotten": (
        _replaced(planner, "_in_group", lambda *a: True),
        "only_the_group_is_touched",
    ),
    "the-origin-before-the-charm": (
        _origin_first,
        "an_application_is_changed_in_the_right_order",
    ),
    "tracks-of-another-release": (
        lambda patch: patch.setattr(
            tracks,
            "target",
            lambda charm, series, release: tracks.accepted(charm, series, release)[0],
        ),
        "the_last_channel_is_that_of_the_target",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_planner_is_noticed_by_the_rule_for_it(monkeypatch, name):
    breakage, rule = BREAKAGES[name]
    breakage(monkeypatch)
    check = getattr(properties, rule)
    for seed in SEEDS:
        cloud = cloud_of(seed)
        plan = plan_of(cloud.world, **cloud.options)
        try:
            check(cloud, plan)
        except AssertionError:
            return
    raise AssertionError(f"{rule} noticed nothing")
