from __future__ import annotations

import json

import pytest
from juju_testbed.charms.profile import INSTANT
from juju_testbed.model.virtual import run

VICTORIA = "cloud:focal-victoria"


@pytest.fixture
def bash(cloud):
    """Return a function that runs commands on a unit, one after the other; the last counts."""
    deployed = cloud(profile=INSTANT)

    def execute(*commands, unit="keystone/0"):
        async def scenario():
            async with deployed:
                return [await deployed.run(unit, command) for command in commands][-1]

        return run(scenario())

    execute.cloud = deployed
    return execute


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        ("true && echo yes", 0, "yes\n"),
        ("false && echo yes", 1, ""),
        ("false || echo no", 0, "no\n"),
        ("false; echo $?", 0, "1\n"),
        ("true && false || echo both", 0, "both\n"),
        ("! false", 0, ""),
        ("A=1 B='two words'; echo \"$A-$B\" ${C:-none}", 0, "1-two words none\n"),
        ("echo 'a $A' \"b \\\"q\\\"\" c\\ d", 0, 'a $A b "q" c d\n'),
        ("echo $(echo in $(echo deep))", 0, "in deep\n"),
        ("if [ -f /etc/hostname ]; then echo there; else echo gone; fi", 0, "there\n"),
        ("if test -e /nowhere; then echo a; elif false; then echo b; fi; echo c", 0, "c\n"),
        ("for x in a b; do echo $x; done | wc -l", 0, "2\n"),
        ("(echo sub; exit 3); echo $?", 0, "sub\n3\n"),
        ("{ echo one; echo two; } | tail -n 1", 0, "two\n"),
        ("set -e; false; echo never", 1, ""),
        ("set -e; if false; then true; fi; false || true; echo on", 0, "on\n"),
        ("set -o pipefail; false | true", 1, ""),
        ("sh -c 'echo \"$0 in\"; exit 4'", 4, " in\n"),
        ("bash -ec 'false; echo never'", 1, ""),
        ("env X=1 sh -c 'echo $X'", 0, "1\n"),
        ("timeout -k 5 60 nice -n 10 echo ok", 0, "ok\n"),
        ("sudo -u root X=2 sh -c 'echo $X'", 0, "2\n"),
        ("echo text > /tmp/file; cat /tmp/file; echo more >> /tmp/file; wc -l < /tmp/file", 0,
         "text\n2\n"),
        ("cat /nowhere 2>/dev/null; echo $?", 0, "1\n"),
        ("cat /nowhere 2>&1", 1, "cat: /nowhere: No such file or directory\n"),
        ("[ 3 -gt 2 ] && [ a != b ] && [ -n x ] && [ ! -d /nowhere ]", 0, ""),
        ("printf '%s=%d\\n' a 1 b 2", 0, "a=1\nb=2\n"),
        ("exit 7", 7, ""),
        ("# a comment\necho after", 0, "after\n"),
        ("ls /etc/apt/sources.*", 0, "/etc/apt/sources.list\n"),
    ],
)  # fmt: skip
def test_the_shell_does_as_bash_does(bash, command, code, out):
    outcome = bash(command)
    assert (outcome.code, outcome.stdout) == (code, out)


@pytest.mark.parametrize(
    "command",
    ["echo 'open", "if true; then echo x", "while true; do :; done", "echo x &", "a | | b"],
)
def test_what_it_cannot_read_is_a_syntax_error_and_runs_nothing(bash, command):
    outcome = bash(f"echo before; {command}")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("bash: line 1: ")


def test_an_unknown_program_is_not_found_and_written_down(bash):
    outcome = bash("frobnicate --now && echo never")
    assert outcome.code == 127
    assert outcome.stderr == "bash: line 1: frobnicate: command not found\n"
    assert bash.cloud.place.cloud.unknown == [("keystone/0", "frobnicate")]


def test_a_package_upgrade_stays_within_the_pocket(bash):
    outcome = bash(
        "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 update && "
        "apt-get --assume-yes -o Dpkg::Options::=--force-confnew dist-upgrade && "
        "apt-get --assume-yes autoremove"
    )
    assert outcome.code == 0
    assert "1 upgraded" in outcome.stdout
    assert bash.cloud.events("workload-upgraded") == []
    assert [e["data"]["pocket"] for e in bash.cloud.events("packages-upgraded")] == ["ussuri"]


def test_a_package_upgrade_under_the_next_pocket_jumps_ahead_of_the_charm(bash):
    bash.cloud.machine("glance/0").write_sources("deb x focal-updates/victoria main", "victoria")
    stale = bash("apt-get -y dist-upgrade", unit="glance/0")
    assert stale.code == 0
    assert bash.cloud.events("workload-upgraded") == []
    bash("apt-get update && apt-get -y dist-upgrade", unit="glance/0")
    moved = bash.cloud.events("workload-upgraded", "glance/0")
    assert [(e["data"]["new"], e["data"]["cause"]) for e in moved] == [("21.1.0", "packages")]
    assert bash.cloud.model.units["glance/0"].workload_version == "20.2.0"
    bash("JUJU_DISPATCH_PATH=hooks/update-status ./dispatch", unit="glance/0")
    assert bash.cloud.model.units["glance/0"].workload_version == "21.1.0"


def test_held_packages_are_kept_back(bash):
    outcome = bash(
        "apt-mark hold mysql-server-core-8.0",
        "apt-get update && apt-get dist-upgrade -y && apt-mark showhold",
        unit="mysql-innodb-cluster/0",
    )
    assert "1 not upgraded" in outcome.stdout
    assert outcome.stdout.endswith("mysql-server-core-8.0\n")
    outcome = bash(
        "apt-mark unhold mysql-server-core-8.0",
        "apt-get dist-upgrade -y",
        unit="mysql-innodb-cluster/0",
    )
    assert "1 upgraded" in outcome.stdout
    assert bash.cloud.machine("mysql-innodb-cluster/0").held == set()


def test_sources_can_be_searched(bash):
    grep = "grep -rqsF focal-updates/victoria /etc/apt/sources.list /etc/apt/sources.list.d"
    assert bash(grep).code == 1
    bash.cloud.machine("keystone/0").write_sources("deb x focal-updates/victoria main", "victoria")
    assert bash(grep).code == 0
    assert bash("grep -h victoria /etc/apt/sources.list*/* | wc -l").stdout == "1\n"


def test_packages_are_listed_with_their_versions(bash):
    assert "keystone" in bash("dpkg -l keystone").stdout
    assert "Version: 17.0.1" in bash("dpkg -s keystone").stdout
    assert bash("dpkg -s nothing").code == 1
    assert bash("dpkg-query -W -f '${Version}' keystone").stdout == "17.0.1"


def test_ceph_answers_as_ceph_does_and_only_on_monitors(bash):
    found = json.loads(bash("ceph versions --format json", unit="ceph-mon/0").stdout)
    (entry,) = found["osd"]
    assert entry.split()[:3] == ["ceph", "version", "15.2.17"]
    assert entry.split()[4] == "octopus"
    assert found["osd"][entry] == 2
    dump = json.loads(bash("ceph osd dump --format=json", unit="ceph-mon/1").stdout)
    assert dump["require_osd_release"] == "octopus"
    status = json.loads(bash("ceph status -f json", unit="ceph-mon/0").stdout)
    assert status["health"]["status"] == "HEALTH_OK"
    assert status["pgmap"]["pgs_by_state"] == [{"state_name": "active+clean", "count": 129}]
    metadata = json.loads(bash("ceph osd metadata -f json", unit="ceph-mon/0").stdout)
    assert {row["osd_objectstore"] for row in metadata} == {"bluestore"}
    assert bash("ceph versions", unit="ceph-osd/0").code == 1


def test_require_osd_release_follows_what_the_osds_run(bash):
    early = bash("ceph osd require-osd-release pacific", unit="ceph-mon/0")
    assert early.code == 1
    assert "EPERM" in early.stderr
    for unit in ("ceph-osd/0", "ceph-osd/1"):
        bash.cloud.world(unit).running = "wallaby"
    assert bash("ceph osd require-osd-release pacific", unit="ceph-mon/0").code == 0
    assert bash("ceph osd require-osd-release octopus", unit="ceph-mon/0").code == 1
    assert [e["data"]["release"] for e in bash.cloud.events("osd-release")] == ["pacific"]


def test_room_and_size_can_be_measured(bash):
    unit = "mysql-innodb-cluster/0"
    used = int(bash("du -sk /var/lib/mysql", unit=unit).stdout.split()[0])
    free = int(bash("df -Pk /var/backups | tail -n 1", unit=unit).stdout.split()[3])
    assert 0 < used < free


def test_services_are_restarted_and_looked_at(bash):
    assert bash("systemctl is-active apache2").stdout == "active\n"
    assert bash("systemctl stop apache2", "systemctl is-active apache2").code == 3
    assert bash("test -e hooks/update-status").code == 0
    assert bash("test -e ./dispatch").code == 1
    bash("hooks/update-status")
    message = bash.cloud.model.units["keystone/0"].workload.message
    assert message == "Services not running that should be: apache2"
    assert bash("systemctl restart apache2", "systemctl is-active -q apache2").code == 0
    assert bash("systemctl restart nonesuch").code == 5
