from __future__ import annotations

import pytest
from juju_testbed.charms import bundle, bundle_source
from juju_testbed.charms.bundle_source import BundleError
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.model import Model

ONE = {"series": "focal", "applications": {"keystone": {"charm": "keystone", "num_units": 1}}}


def deploy(source, **options):
    store = OpenStackStore()
    model = Model(store=store)
    bundle.deploy(model, source, store, **options)
    return model


def one(**spec):
    return {"series": "focal", "applications": {"keystone": {"charm": "keystone", **spec}}}


def test_the_demo_cloud_is_settled_and_whole():
    model = deploy(bundle.DEMO)
    assert {model.shown(name)[0].current for name in model.units} == {"idle"}
    assert {model.shown(name)[1].current for name in model.units} == {"active"}
    assert {model.machines[u.machine].zone for u in model.units_of("nova-compute")} == {
        "az1",
        "az2",
        "az3",
    }
    for name in model.applications:
        assert len([u for u in model.units_of(name) if u.leader]) == 1


def test_a_subordinate_has_one_unit_beside_each_unit_of_its_principal():
    model = deploy(bundle.DEMO)
    principals = [u.principal for u in model.units_of("keystone-hacluster")]
    assert principals == ["keystone/0", "keystone/1", "keystone/2"]
    assert model.units["keystone/0"].subordinates == [
        "keystone-hacluster/0",
        "keystone-mysql-router/0",
    ]
    assert model.applications["ovn-chassis"].subordinate_to == ["nova-compute"]


@pytest.mark.parametrize(
    ("series", "channel", "origin", "version"),
    [
        ("focal", "ussuri/stable", "distro", "17.0.1"),
        ("focal", "victoria/stable", "cloud:focal-victoria", "18.1.0"),
        ("focal", "latest/stable", "cloud:focal-yoga", "21.0.1"),
        ("jammy", "yoga/stable", "distro", "21.0.1"),
        ("jammy", "2023.2/stable", "cloud:jammy-bobcat", "24.0.0"),
    ],
)
def test_versions_fit_series_and_origin(series, channel, origin, version):
    data = one(num_units=1, channel=channel, options={"openstack-origin": origin})
    model = deploy({**data, "series": series})
    assert model.units["keystone/0"].workload_version == version


def test_default_base_means_its_series():
    data = {**one(num_units=1, channel="yoga/stable"), "default-base": "ubuntu@22.04/stable"}
    del data["series"]
    assert deploy(data).applications["keystone"].series == "jammy"


def test_an_older_revision_shows_what_it_can_be_upgraded_to():
    data = {**ONE, "testbed": {"older-revision": ["keystone"]}}
    app = deploy(data).applications["keystone"]
    assert app.can_upgrade_to.startswith("ch:amd64/focal/keystone-")
    assert app.can_upgrade_to != app.charm_url
    assert deploy(ONE).applications["keystone"].can_upgrade_to == ""


def test_placements_put_units_where_they_say():
    data = {
        "series": "focal",
        "machines": {"0": None, "1": {}},
        "applications": {
            "glance": {"charm": "glance", "num_units": 2, "to": ["lxd:keystone/1", "keystone/0"]},
            "keystone": {"charm": "keystone", "num_units": 2, "to": ["0", "lxd:1"]},
            "heat": {"charm": "heat", "num_units": 1},
        },
    }
    model = deploy(data)
    machines = {unit.name: unit.machine for unit in model.units.values()}
    assert machines == {
        "keystone/0": "0",
        "keystone/1": "1/lxd/0",
        "glance/0": "1/lxd/1",
        "glance/1": "0",
        "heat/0": "2",
    }


def test_zones_are_given_only_when_asked_for():
    data = {
        "series": "focal",
        "machines": {"0": {}, "1": {}, "2": {"constraints": "mem=8G zones=far"}},
        "applications": {
            "nova-compute": {"charm": "nova-compute", "num_units": 3, "to": ["0", "1", "2"]}
        },
    }
    assert [deploy(data).machines[m].zone for m in "012"] == ["", "", "far"]
    assert [deploy(data, zones=True).machines[m].zone for m in "012"] == ["az1", "az2", "far"]


def test_charm_store_urls_are_refused_and_can_be_rewritten():
    data = one(charm="cs:~openstack-charmers-next/focal/keystone-12", num_units=1)
    with pytest.raises(BundleError, match='schema "cs" not valid'):
        deploy(data)
    rewritten, done = bundle_source.rewrite_charm_store(data)
    assert done == [
        "keystone: cs:~openstack-charmers-next/focal/keystone-12 -> ch:keystone latest/stable"
    ]
    app = deploy(rewritten).applications["keystone"]
    assert app.channel == "latest/stable"
    assert app.charm_url.startswith("ch:amd64/focal/keystone-")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("just words", "a bundle is a mapping"),
        ("a: [", "cannot unmarshal"),
        ("series: focal\n---\napplications: {}\n", "overlay"),
        ({"series": "focal"}, "at least one application"),
        ({**ONE, "aplications": {}}, "field aplications not found"),
        (one(charm="nonesuch", num_units=1), "No charm or bundle with name 'nonesuch'"),
        (one(channel="zed/stable", num_units=1), 'not found for channel "zed/stable"'),
        (one(series="bionic", num_units=1), 'series "bionic"'),
        (one(num_units="three"), "invalid number of units"),
        (one(num_units=1, to=["lxd:7"]), "machine not defined in this bundle"),
        (one(num_units=1, to=["glance/0"]), "application not defined in this bundle"),
        (one(num_units=1, num_unit=2), "field num_unit not found"),
        (one(num_units=1, options={"openstack-origin": "cloud:focal-nosuch"}), "nosuch"),
        ({**ONE, "relations": [["keystone:a", "glance:b"]]}, 'application "glance" not defined'),
        ({**ONE, "relations": [["keystone"]]}, "1 endpoint"),
        ({**ONE, "testbed": {"instances": {"nova-compute/0": 1}}}, "no unit nova-compute/0"),
        (
            {"series": "focal", "applications": {"r": {"charm": "mysql-router", "num_units": 1}}},
            "subordinate",
        ),
    ],
)
def test_nonsense_gives_one_clear_error(data, words):
    with pytest.raises(BundleError, match=words):
        deploy(data)


def test_nothing_is_deployed_from_a_bundle_that_is_refused():
    store = OpenStackStore()
    model = Model(store=store)
    with pytest.raises(BundleError):
        bundle.deploy(model, {**ONE, "testbed": {"paused": ["glance/0"]}}, store)
    assert model.applications == {}
    assert model.log.entries == []


@pytest.mark.parametrize(
    "change",
    [
        {"a; reboot": {"charm": "keystone"}},
        {"keystone\n": {"charm": "keystone"}},
        {"\x1b[2J": {"charm": "keystone"}},
        {"keystone": {"charm": "ch:\x1b]0;owned\x07"}},
        {"keystone": {"charm": "keystone", "to": ["\u202e1"]}},
        {"keystone": {"charm": "keystone", "options": "\x9b31m"}},
        {"keystone": {"charm": "keystone", "num_units": 2**63}},
        {"keystone": {"charm": "keystone", "num_units": 1, "to": ["keystone/0"]}},
    ],
)
def test_hostile_words_are_refused_and_steer_no_terminal(change):
    with pytest.raises(BundleError) as refused:
        deploy({"series": "focal", "applications": change})
    for line in str(refused.value).split("\n"):
        assert bundle_source.harmless(line) == line


def test_a_hostile_line_about_what_was_rewritten_steers_no_terminal():
    data = {"applications": {"\x1b[2J": {"charm": "cs:keystone-\x9b1"}}}
    _, lines = bundle_source.rewrite_charm_store(data)
    assert lines == ["\\x1b[2J: cs:keystone-\\x9b1 -> ch:keystone-\\x9b1 latest/stable"]


def test_seeds_are_planted(cloud):
    data = bundle_source.load(
        """
        series: focal
        applications:
          nova-compute: {charm: nova-compute, num_units: 2}
          glance: {charm: glance, num_units: 1}
        testbed:
          instances: {nova-compute/1: 4}
          disabled: [nova-compute/0]
          paused: [glance/0]
        """
    )
    deployed = cloud(data)
    assert deployed.world("nova-compute/1").instances == 4
    assert not deployed.world("nova-compute/0").compute_enabled
    assert deployed.model.units["glance/0"].workload.current == "maintenance"


def test_the_log_says_how_the_cloud_was_at_the_start(cloud):
    deployed = cloud()
    rows = {entry["application"]: entry["data"] for entry in deployed.events("deployed")}
    assert rows["keystone"]["channel"] == "ussuri/stable"
    assert rows["keystone"]["units"]["keystone/0"]["version"] == "17.0.1"
    assert rows["keystone-mysql-router"]["units"]["keystone-mysql-router/0"]["principal"] == (
        "keystone/0"
    )
    assert rows["ceph-mon"]["cluster"]["noout"] is False


async def test_a_unit_added_later_installs_itself_from_its_origin(cloud):
    async with cloud() as deployed:
        deployed.configure("glance", openstack_origin="cloud:focal-victoria")
        await deployed.settle()
        deployed.model.add_machine("9", "focal")
        deployed.model.add_unit("glance", "9", settled=False)
        await deployed.settle()
        unit = deployed.model.units["glance/1"]
    assert unit.workload_version == "21.1.0"
    assert unit.workload.current == "active"


def test_the_demo_bundle_is_an_ordinary_bundle_but_for_its_own_section():
    data = bundle_source.load(bundle.DEMO.read_text(encoding="utf-8"))
    assert set(data) == {"name", "series", "machines", "applications", "relations", "testbed"}
    assert bundle_source.rewrite_charm_store(data) == (data, [])
