from __future__ import annotations

import json

import pytest
from juju_testbed.charms.profile import DEMO, INSTANT
from juju_testbed.model.virtual import run

VICTORIA = "cloud:focal-victoria"


def versions(deployed, application):
    return [unit.workload_version for unit in deployed.model.units_of(application)]


async def test_a_changed_origin_moves_every_unit_in_its_own_hook(cloud):
    async with cloud() as deployed:
        deployed.configure("keystone", openstack_origin=VICTORIA)
        await deployed.model.clock.sleep(60)
        busy = [u.agent.message for u in deployed.model.units_of("keystone")]
        assert set(busy) == {"running config-changed hook"}
        assert versions(deployed, "keystone") == ["17.0.1"] * 3
        await deployed.settle()
    assert versions(deployed, "keystone") == ["18.1.0"] * 3
    assert "focal-updates/victoria" in (
        deployed.machine("keystone/0").files["/etc/apt/sources.list.d/cloud-archive.list"].text
    )
    upgraded = deployed.events("workload-upgraded")
    assert [(e["unit"], e["data"]["cause"]) for e in upgraded if "router" not in e["unit"]] == [
        (e["unit"], "origin") for e in upgraded if "router" not in e["unit"]
    ]
    assert len(upgraded) == 3


async def test_an_upgrade_makes_related_applications_run_hooks(cloud):
    async with cloud() as deployed:
        deployed.configure("keystone", openstack_origin=VICTORIA)
        await deployed.settle()
    hooks = {(e["unit"], e["data"]["hook"]) for e in deployed.events("hook-ended")}
    assert ("glance/0", "identity-service-relation-changed") in hooks


async def test_nothing_happens_until_the_action_while_upgrades_are_managed(cloud):
    async with cloud() as deployed:
        deployed.configure("nova-compute", action_managed_upgrade="True")
        await deployed.settle()
        deployed.configure("nova-compute", openstack_origin=VICTORIA)
        await deployed.settle()
        before = versions(deployed, "nova-compute")
        task = await deployed.act("nova-compute/1", "openstack-upgrade")
        again = await deployed.act("nova-compute/1", "openstack-upgrade")
    assert before == ["21.2.4", "21.2.4"]
    assert task.results["outcome"] == "success, upgrade completed."
    assert versions(deployed, "nova-compute") == ["21.2.4", "22.4.0"]
    assert again.results["outcome"] == "No upgrade available."


async def test_managed_upgrades_turned_off_too_early_upgrade_all_old_units_at_once(cloud):
    async with cloud() as deployed:
        deployed.configure("nova-compute", action_managed_upgrade="True")
        deployed.configure("nova-compute", openstack_origin=VICTORIA)
        await deployed.settle()
        await deployed.act("nova-compute/0", "openstack-upgrade")
        deployed.configure("nova-compute", action_managed_upgrade="False")
        await deployed.settle()
    assert versions(deployed, "nova-compute") == ["22.4.0", "22.4.0"]
    causes = [
        (e["unit"], e["data"]["cause"])
        for e in deployed.events("workload-upgraded")
        if e["unit"].startswith("nova-compute")
    ]
    assert causes == [("nova-compute/0", "action"), ("nova-compute/1", "action-managed-upgrade")]


async def test_the_action_is_skipped_where_upgrades_are_not_managed(cloud):
    async with cloud() as deployed:
        await deployed.model.clock.sleep(1)
        deployed.model.applications["glance"].config["openstack-origin"] = VICTORIA
        task = await deployed.act("glance/0", "openstack-upgrade")
    assert task.results["outcome"].startswith("action-managed-upgrade config is False")


async def test_an_origin_that_is_no_archive_fails_the_hook_until_it_is_put_right(cloud):
    async with cloud() as deployed:
        deployed.configure("glance", openstack_origin="cloud:focal-nosuch")
        await deployed.model.clock.sleep(60)
        failed = deployed.model.shown("glance/0")[1]
        deployed.configure("glance", openstack_origin=VICTORIA)
        await deployed.model.clock.sleep(1500)
        after = deployed.model.shown("glance/0")[1]
        seen = versions(deployed, "glance")
    assert (failed.current, failed.message) == ("error", 'hook failed: "config-changed"')
    assert (after.current, seen) == ("active", ["21.1.0"])


async def test_neighbours_on_a_machine_upgrade_each_others_packages(cloud):
    """ceph-osd shares the hypervisor; its package moves, its daemons run on as they were."""

    async with cloud() as deployed:
        deployed.configure("nova-compute", openstack_origin="cloud:focal-wallaby")
        await deployed.settle()
        ceph = await deployed.run("ceph-mon/0", "ceph versions")
        deployed.configure("ceph-osd", source="cloud:focal-wallaby")
        await deployed.settle()
        before = json.loads(ceph.stdout)
        after = await deployed.run("ceph-mon/0", "ceph versions")
    moved = deployed.events("workload-upgraded", "ceph-osd/0")
    assert [e["data"]["cause"] for e in moved] == ["packages"]
    assert [line.split()[2] for line in before["osd"]] == ["15.2.17"]
    assert [line.split()[2] for line in json.loads(after.stdout)["osd"]] == ["16.2.15"]


async def test_pause_and_resume_show_as_the_charms_do(cloud):
    async with cloud() as deployed:
        await deployed.act("glance/0", "pause")
        status = deployed.model.units["glance/0"].workload
        state = await deployed.run("glance/0", "systemctl is-active glance-api")
        await deployed.act("glance/0", "pause")
        await deployed.act("glance/0", "resume")
    assert status.current == "maintenance"
    assert status.message == "Paused. Use 'resume' action to resume normal service."
    assert (state.code, state.stdout) == (3, "inactive\n")
    assert deployed.model.units["glance/0"].workload.current == "active"
    assert [e["event"] for e in deployed.log if e["event"] in ("paused", "resumed")] == [
        "paused",
        "resumed",
    ]


async def test_rabbit_puts_off_its_upgrade_while_restarts_are_not_automatic(cloud):
    async with cloud() as deployed:
        deployed.configure("rabbitmq-server", enable_auto_restarts="False")
        await deployed.settle()
        deployed.configure("rabbitmq-server", source=VICTORIA)
        await deployed.settle()
        message = deployed.model.units["rabbitmq-server/0"].workload.message
        pocket = deployed.machine("rabbitmq-server/0").pocket
        await deployed.act("rabbitmq-server/0", "run-deferred-hooks")
    assert message.endswith("Hooks skipped due to disabled auto restarts: config-changed")
    assert pocket == "ussuri"
    assert deployed.machine("rabbitmq-server/0").pocket == "victoria"
    assert deployed.model.units["rabbitmq-server/0"].workload.message == "Unit is ready"
    left = [e["data"]["left"] for e in deployed.events("deferred-restarts")]
    assert left == [1, 0]


async def test_rabbit_upgrades_at_once_while_restarts_are_automatic(cloud):
    async with cloud() as deployed:
        deployed.configure("rabbitmq-server", source=VICTORIA)
        await deployed.settle()
    assert deployed.machine("rabbitmq-server/0").installed == "victoria"
    assert deployed.events("deferred-restarts") == []


def test_packages_leave_restarts_to_be_done_where_they_are_not_automatic(cloud):
    async def scenario():
        async with cloud() as deployed:
            deployed.configure("rabbitmq-server", enable_auto_restarts="false")
            await deployed.settle()
            await deployed.run("rabbitmq-server/0", "apt-get update && apt-get -y dist-upgrade")
            await deployed.run(
                "rabbitmq-server/0", "JUJU_DISPATCH_PATH=hooks/update-status ./dispatch"
            )
            return deployed.model.units["rabbitmq-server/0"].workload.message

    assert run(scenario()).endswith("Services queued for restart: rabbitmq-server")


async def test_the_compute_service_is_switched_and_listed(cloud):
    async with cloud() as deployed:
        await deployed.act("nova-compute/0", "disable")
        await deployed.act("nova-compute/0", "disable")
        listed = await deployed.act("nova-compute/0", "list-compute-nodes")
        count = await deployed.act("nova-compute/0", "instance-count")
        await deployed.act("nova-compute/0", "enable")
        listed = listed.results
        count = count.results
    rows = json.loads(listed["compute-nodes"])
    own = [row for row in rows if row["host"] == listed["node-name"]]
    assert [(row["status"], row["zone"]) for row in own] == [("disabled", "az1")]
    assert [row["status"] for row in rows] == ["disabled", "enabled"]
    assert count["instance-count"] == "0"
    assert [e["data"]["enabled"] for e in deployed.events("compute-service")] == [False, True]


async def test_archiving_ends_when_nothing_is_left(cloud):
    async with cloud() as deployed:
        deployed.place.cloud.deleted_rows["nova-cloud-controller"] = 2300
        texts = []
        for _ in range(4):
            task = await deployed.act(
                "nova-cloud-controller/0", "archive-data", **{"batch-size": 1000}
            )
            texts.append(task.results["archive-deleted-rows"])
        purged = await deployed.act("nova-cloud-controller/0", "purge-data")
        again = await deployed.act("nova-cloud-controller/0", "purge-data")
        purged = purged.results["output"]
        again = again.results["output"]
    assert [e["data"]["rows"] for e in deployed.events("data-archived")] == [1000, 1000, 300]
    assert texts[-1] == "Nothing was archived."
    assert "2300 rows deleted" in purged
    assert again == "Purging stale soft-deleted rows and no data was deleted"


async def test_a_dump_is_a_whole_file_that_only_root_reads(cloud):
    async with cloud() as deployed:
        task = await deployed.act("mysql-innodb-cluster/0", "mysqldump")
        path = task.results["mysqldump-file"]
        checks = [
            await deployed.run("mysql-innodb-cluster/0", command)
            for command in (
                f"gzip -t {path}",
                f"zcat {path} | tail -n 1",
                f"stat -c '%s %a' {path}",
            )
        ]
        whole, last, stat = checks
    assert whole.code == 0
    assert last.stdout.startswith("-- Dump completed on 2030-01-01")
    assert int(stat.stdout.split()[0]) > 100
    assert stat.stdout.split()[1] == "600"


async def test_a_dump_that_was_cut_off_is_seen_to_be(cloud):
    async with cloud() as deployed:
        operation = deployed.model.enqueue([("mysql-innodb-cluster/0", "mysqldump", {})], "cou")
        await deployed.model.clock.sleep(20)
        deployed.model.cancel(operation.tasks[0], "admin")
        await deployed.settle()
        listed = await deployed.run(
            "mysql-innodb-cluster/0", "ls /var/backups/mysql/*.gz | xargs gzip -t"
        )
        task = deployed.model.tasks[operation.tasks[0]]
    assert task.status == "aborted"
    assert listed.code == 1
    assert "unexpected end of file" in listed.stderr
    assert deployed.events("database-dumped") == []


async def test_noout_is_a_flag_of_the_cluster(cloud):
    async with cloud() as deployed:
        await deployed.act("ceph-mon/1", "set-noout")
        dump = await deployed.run("ceph-mon/0", "ceph osd dump -f json")
        health = await deployed.run("ceph-mon/0", "ceph health")
        await deployed.act("ceph-mon/0", "unset-noout")
        dump = json.loads(dump.stdout)
        health = health.stdout
    assert "noout" in dump["flags_set"]
    assert health.startswith("HEALTH_WARN")
    assert [e["data"]["set"] for e in deployed.events("noout")] == [True, False]


async def test_vault_seals_itself_when_its_own_version_changes(cloud):
    source = {
        "series": "jammy",
        "applications": {"vault": {"charm": "vault", "channel": "1.7/stable", "num_units": 1}},
    }

    async with cloud(source) as deployed:
        deployed.refresh("vault", "1.8/stable")
        await deployed.settle()
        sealed = deployed.model.units["vault/0"].workload
        looked = await deployed.run("vault/0", "vault status")
        for key in ("one", "two", "three"):
            await deployed.run("vault/0", f"vault operator unseal {key}")
        await deployed.model.clock.sleep(60)  # update-status never shows as executing
    assert (sealed.current, sealed.message) == ("blocked", "Unit is sealed")
    assert looked.code == 2
    assert deployed.model.units["vault/0"].workload.current == "active"
    assert versions(deployed, "vault") == ["1.8.8"]
    assert [e["event"] for e in deployed.log if "sealed" in e["event"]] == ["sealed", "unsealed"]


def test_vault_stays_open_when_only_its_charm_is_refreshed(cloud):
    async def scenario():
        async with cloud() as deployed:
            deployed.refresh("vault", "latest/stable")
            await deployed.settle()
            return deployed

    assert run(scenario()).events("sealed") == []


def test_vault_is_sealed_after_a_reboot(cloud):
    async def scenario():
        async with cloud() as deployed:
            deployed.model.reboot(deployed.model.units["vault/0"].machine, 30)
            await deployed.model.clock.sleep(120)
            return deployed.model.units["vault/0"].workload.message

    assert run(scenario()) == "Unit is sealed"


async def test_a_refresh_runs_its_hooks_and_changes_no_release(cloud):
    async with cloud() as deployed:
        deployed.refresh("keystone", "victoria/stable")
        await deployed.settle()
    hooks = [e["data"]["hook"] for e in deployed.events("hook-ended", "keystone/1")]
    assert hooks == ["upgrade-charm", "config-changed"]
    assert versions(deployed, "keystone") == ["17.0.1"] * 3


async def test_an_upgrade_cut_off_in_the_middle_leaves_dpkg_unfinished(cloud):
    async with cloud() as deployed:
        deployed.configure("nova-compute", action_managed_upgrade="true")
        deployed.configure("nova-compute", openstack_origin=VICTORIA)
        await deployed.settle()
        deployed.model.enqueue([("nova-compute/0", "openstack-upgrade", {})], "cou")
        await deployed.model.clock.sleep(100)
        deployed.model.restart_agent("nova-compute/0")
        await deployed.settle()
        refused = await deployed.run("nova-compute/0", "apt-get -y dist-upgrade")
        again = await deployed.act("nova-compute/0", "openstack-upgrade")
    assert refused.code == 100
    assert "dpkg was interrupted" in refused.stderr
    assert again.results["outcome"] == "success, upgrade completed."
    assert versions(deployed, "nova-compute") == ["22.4.0", "21.2.4"]


@pytest.mark.parametrize("profile", [DEMO, INSTANT])
def test_every_profile_ends_in_the_same_cloud(cloud, profile):
    async def scenario():
        async with cloud(profile=profile) as deployed:
            deployed.configure("keystone", openstack_origin=VICTORIA)
            await deployed.settle()
            return versions(deployed, "keystone")

    assert run(scenario()) == ["18.1.0"] * 3


def test_the_same_seed_gives_the_same_times(cloud):
    async def scenario():
        async with cloud() as deployed:
            deployed.configure("keystone", openstack_origin=VICTORIA)
            await deployed.settle()
            return [(e["at"], e["event"], e["unit"]) for e in deployed.log]

    assert run(scenario()) == run(scenario())
