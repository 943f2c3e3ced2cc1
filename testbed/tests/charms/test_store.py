from __future__ import annotations

import pytest
from juju_testbed.charms import tables
from juju_testbed.charms.facts import catalogue
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.store import NotInStore


@pytest.fixture
def store():
    return OpenStackStore()


def test_the_same_question_always_has_the_same_answer(store):
    first = store.resolve("keystone", "victoria/stable", "focal", None)
    assert OpenStackStore().resolve("keystone", "victoria/stable", "focal", None) == first


def test_revisions_rise_from_track_to_track(store):
    numbers = [
        store.resolve("keystone", f"{track}/stable", "focal", None).revision
        for track in ("ussuri", "victoria", "wallaby", "xena", "yoga")
    ]
    assert numbers == sorted(set(numbers))


def test_the_store_has_latest_for_every_charm_above_or_below_its_tracks(store):
    above = below = 0
    for name, facts in catalogue().items():
        newest = store.resolve(name, "latest/stable", "focal", None).revision
        for track in tables.tracks(facts.track, "focal"):
            other = store.resolve(name, f"{track}/stable", "focal", None).revision
            above += newest > other
            below += newest < other
    assert above
    assert below


def test_a_revision_may_be_asked_for_by_number_while_following_another_channel(store):
    old, new = store.revisions("glance", "ussuri/stable", "focal")
    assert old < new
    kept = store.resolve("glance", "victoria/stable", "focal", old)
    assert (kept.revision, kept.channel) == (old, "victoria/stable")


@pytest.mark.parametrize(
    ("name", "channel", "series", "revision"),
    [
        ("nonesuch", "latest/stable", "focal", None),
        ("keystone", "zed/stable", "focal", None),
        ("keystone", "ussuri/stable", "jammy", None),
        ("ceph-mon", "reef/stable", "focal", None),
        ("hacluster", "2.0.3/stable", "jammy", None),
        ("vault", "1.8/stable", "focal", None),
        ("keystone", "2024.1/stable", "noble", None),
        ("keystone", "ussuri/rock", "focal", None),
        ("keystone", "ussuri/stable", "focal", 99999),
    ],
)
def test_what_does_not_exist_is_refused(store, name, channel, series, revision):
    with pytest.raises(NotInStore):
        store.resolve(name, channel, series, revision)


def test_charms_have_the_options_and_actions_that_matter(store):
    def definition(name, channel="latest/stable"):
        return store.resolve(name, channel, "focal", None).definition

    nova = definition("nova-compute")
    assert nova.options["openstack-origin"].default == "distro"
    assert nova.options["action-managed-upgrade"].default is False
    assert {"pause", "resume", "openstack-upgrade", "enable", "disable", "instance-count"} <= set(
        nova.actions
    )
    mysql = definition("mysql-innodb-cluster")
    assert mysql.options["source"].default == "distro"
    assert "pause" not in mysql.actions
    assert mysql.actions["mysqldump"].params["basedir"]["default"] == "/var/backups/mysql"
    assert "action-managed-upgrade" not in definition("ceph-mon").options
    assert "openstack-upgrade" not in definition("ceph-osd").actions
    assert definition("rabbitmq-server").options["enable-auto-restarts"].default is True
    assert definition("ovn-central").options["enable-version-pinning"].default is False
    assert definition("hacluster").subordinate


def test_versions_rise_with_the_release_for_every_charm_that_follows_it():
    for name, facts in catalogue().items():
        if facts.track != "release" or not facts.key or facts.key == "designate-bind":
            continue
        versions = [tables.version(facts.key, "jammy", r, "") for r in tables.releases()]
        ordered = sorted(versions, key=lambda v: [int(part) for part in v.split(".")])
        assert versions == ordered, name


def test_a_store_serves_one_model(store):
    store.attach(object())
    with pytest.raises(ValueError, match="one model"):
        store.attach(object())


@pytest.mark.parametrize(
    ("origin", "release"),
    [
        ("", "ussuri"),
        ("distro", "ussuri"),
        ("cloud:focal-victoria", "victoria"),
        ("cloud:focal-xena/proposed", "xena"),
        ("deb http://mirror/ubuntu focal-wallaby main|KEY", "wallaby"),
    ],
)
def test_origins_stand_for_releases(origin, release):
    assert tables.origin_release(origin, "focal") == release


@pytest.mark.parametrize(
    "origin", ["cloud:focal-zed", "ppa:some/where", "cloud:focal", "http://x"]
)
def test_an_origin_that_is_no_archive_is_refused(origin):
    with pytest.raises(tables.BadOrigin):
        tables.origin_release(origin, "focal")
