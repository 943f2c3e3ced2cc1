"""What the data files say, and that a damaged one is refused."""

from __future__ import annotations

import pytest
from cou.openstack import (
    ceph_releases,
    channels,
    charms,
    known_issues,
    origins,
    preload,
    releases,
    tables,
    tracks,
    workload_versions,
)
from cou.openstack.charms import CharmKind
from cou.openstack.known_issues import Hits


def names(found):
    return [release.codename for release in found]


@pytest.mark.parametrize(
    ("series", "chain"),
    [
        ("focal", "ussuri victoria wallaby xena yoga"),
        ("jammy", "yoga zed antelope bobcat caracal"),
        ("bionic", ""),
    ],
)
def test_a_series_runs_its_releases_in_order(series, chain):
    assert names(releases.on_series(series)) == chain.split()


@pytest.mark.parametrize(
    ("release", "series", "next_one"),
    [
        ("ussuri", "focal", "victoria"),
        ("yoga", "focal", None),
        ("yoga", "jammy", "zed"),
        ("zed", "jammy", "antelope"),
        ("caracal", "jammy", None),
        ("train", "focal", None),
        ("ussuri", "jammy", None),
    ],
)
def test_an_upgrade_goes_one_release_and_never_beyond_the_series(release, series, next_one):
    found = releases.following(releases.get(release), series)
    assert (found.codename if found else None) == next_one


def test_tracks_are_codenames_up_to_zed_and_calendar_names_after():
    assert releases.get("zed").track == "zed"
    assert releases.get("2023.1").track == "2023.1"
    assert releases.get("antelope") is releases.get("2023.1")


def test_releases_are_ordered_by_place_not_by_name():
    assert releases.get("zed") < releases.get("antelope") < releases.get("bobcat")
    assert len(releases.all_releases()) == 26


@pytest.mark.parametrize(
    ("key", "version", "found"),
    [
        ("keystone", "17.0.0", "ussuri"),
        ("keystone", "17.0.1", "ussuri"),
        ("keystone", "18.0.0", "victoria"),
        ("keystone", "25.0.0rc1", "bobcat"),
        ("keystone", "26.0.0", ""),
        ("keystone", "", ""),
        ("keystone", "17.0.1-0ubuntu1", ""),
        ("keystone", "17.0.1~rc1", ""),
        ("horizon", "23.2.0", "antelope bobcat"),
        ("ceph", "15.2.17", "ussuri victoria"),
        ("rabbitmq-server", "3.8.3", "ussuri victoria wallaby xena yoga"),
        ("ovn", "22.03.3", "ussuri victoria wallaby xena yoga"),
        ("vault", "1.8.4", "yoga zed antelope bobcat caracal"),
        ("nonsense", "1.0", ""),
    ],
)
def test_a_version_belongs_to_every_release_whose_range_holds_it(key, version, found):
    assert names(workload_versions.compatible(key, version)) == found.split()


def test_a_unit_is_at_a_release_when_its_version_may_be_that_one_or_is_a_later():
    assert workload_versions.at_least("nova-compute", "22.1.0", "victoria")
    assert workload_versions.at_least("nova-compute", "23.1.0", "victoria")
    assert workload_versions.at_least("gnocchi", "4.4.1", "yoga")
    assert not workload_versions.surely_at_least("gnocchi", "4.4.1", "yoga")
    assert workload_versions.surely_at_least("gnocchi", "4.4.1", "xena")
    assert not workload_versions.surely_at_least("nova-compute", "22.1.0", "no-release")
    assert not workload_versions.at_least("nova-compute", "21.2.4", "victoria")
    assert not workload_versions.at_least("ntp", "1.0", "victoria")
    assert not workload_versions.at_least("hacluster", "1.0", "victoria")


@pytest.mark.parametrize(
    ("charm", "series", "release", "track"),
    [
        ("ceph-mon", "focal", "victoria", "octopus"),
        ("ceph-mon", "jammy", "bobcat", "reef"),
        ("ovn-central", "focal", "ussuri", "22.03"),
        ("rabbitmq-server", "focal", "xena", "3.9"),
        ("hacluster", "focal", "yoga", "2.4"),
        ("vault", "jammy", "yoga", "1.8"),
        ("vault", "jammy", "ussuri", ""),
        ("keystone", "focal", "ussuri", ""),
    ],
)
def test_the_last_track_of_the_table_is_the_one_to_move_to(charm, series, release, track):
    assert tracks.target(charm, series, releases.get(release)) == track


def test_an_older_track_is_accepted_for_the_releases_it_fits():
    fitting = names(tracks.releases_of("rabbitmq-server", "focal", "3.8"))
    assert fitting == ["ussuri", "victoria", "wallaby", "xena", "yoga"]
    assert tracks.releases_of("rabbitmq-server", "jammy", "3.8") == ()


@pytest.mark.parametrize(
    ("scheme", "channel", "needed"),
    [
        ("cs", "stable", True),
        ("cs", "ussuri/stable", True),
        ("ch", "stable", True),
        ("ch", "latest/stable", True),
        ("ch", "latest/edge", False),
        ("ch", "ussuri/stable", False),
    ],
)
def test_the_charm_store_and_latest_stable_need_a_crossgrade(scheme, channel, needed):
    assert channels.crossgrade_needed(scheme, channel) is needed


@pytest.mark.parametrize(
    ("origin", "series", "landscape", "release"),
    [
        ("cloud:focal-victoria", "focal", False, "victoria"),
        ("cloud:jammy-antelope", "jammy", False, "antelope"),
        ("cloud:focal-victoria/proposed", "focal", False, None),
        ("distro", "focal", False, "ussuri"),
        ("", "jammy", False, "yoga"),
        ("distro", "plucky", False, None),
        ("deb http://mirror focal-ussuri main", "focal", True, "ussuri"),
        ("deb http://mirror focal-ussuri main", "focal", False, None),
        ("deb http://mirror", "focal", True, None),
        ("ppa:someone/else", "focal", False, None),
    ],
)
def test_an_origin_names_a_release_or_none(origin, series, landscape, release):
    found = origins.release_of(origin, series, landscape)
    assert (found.codename if found else None) == release


def test_new_origins_use_the_codename_also_after_zed():
    antelope = releases.get("antelope")
    assert origins.new_value("jammy", antelope, "", "") == "cloud:jammy-antelope"
    assert origins.new_value("jammy", antelope, "http://m", "") == "cloud:jammy-antelope"
    mirrored = origins.new_value("jammy", antelope, "http://m", "main")
    assert mirrored == "deb http://m jammy-antelope main"
    assert origins.pocket("focal", releases.get("victoria")) == "focal-updates/victoria"


def test_every_charm_with_a_version_key_has_its_versions():
    keys = workload_versions.keys()
    assert len(charms.charms()) == 66
    for charm in charms.charms().values():
        if not charm.from_channel and charm.kind is not CharmKind.SUBORDINATE:
            assert charm.version_key in keys, charm.name


def test_every_charm_that_follows_the_table_has_tracks_in_it():
    for charm in charms.charms().values():
        assert charm.from_table == tracks.known(charm.name), charm.name


def test_members_of_a_quorum_are_known():
    alone = {name for name, charm in charms.charms().items() if charm.one_at_a_time}
    assert alone == {
        "mysql-innodb-cluster",
        "rabbitmq-server",
        "ceph-mon",
        "ovn-central",
        "vault",
    }


def test_a_known_issue_is_told_only_where_it_hits():
    zed, xena = releases.get("zed"), releases.get("xena")
    assert "LP#2114254" in known_issues.note("designate", zed, Hits.CHANNEL)
    assert known_issues.note("designate", xena, Hits.CHANNEL) == ""
    assert known_issues.note("designate", zed, Hits.ORIGIN) == ""
    for issue in known_issues.issues():
        assert all(charms.find(charm) for charm in issue.charms)


@pytest.mark.parametrize(
    ("entry", "release"),
    [
        ("ceph version 15.2.17 (8a82819d84cf) octopus (stable)", "octopus"),
        ("ceph version 19.2.0 (8a82819d84cf) squid (stable)", "squid"),
        ("ceph version 14.2.22 (8a82819d84cf) nautilus (stable)", ""),
        ("nonsense", ""),
    ],
)
def test_the_fifth_word_names_the_release_of_ceph(entry, release):
    assert ceph_releases.release_of(entry) == release


def test_ceph_releases_are_ordered():
    assert ceph_releases.at_least("squid", "reef")
    assert not ceph_releases.at_least("quincy", "reef")
    assert not ceph_releases.at_least("nautilus", "reef")


@pytest.mark.parametrize(
    "damage",
    ["charm,kind\nvault,auxiliary\n", "", "order,codename\n1\n"],
    ids=["other-columns", "empty", "short-row"],
)
def test_a_damaged_data_file_is_refused_when_it_is_loaded(damage, tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "x.csv").write_text(damage)
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "data")
    with pytest.raises(tables.DataError) as caught:
        tables.rows("x.csv", ("order", "codename"))
    assert caught.value.code == "data-damaged"


def test_loading_once_makes_later_look_ups_independent_of_the_disk(monkeypatch):
    preload.load()

    def gone(file, columns):
        raise AssertionError(f"{file} was read again")

    monkeypatch.setattr(tables, "rows", gone)
    assert workload_versions.at_least("keystone", "18.0.0", "victoria")
    assert tracks.target("vault", "jammy", releases.get("zed")) == "1.8"
    assert charms.find("vault") is not None
    assert known_issues.issues()
