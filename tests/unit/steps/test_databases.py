"""Steps on databases: what is kept, what is done again, what is never believed."""

from __future__ import annotations

import datetime
import shlex

import pytest
from cou.errors import StepFailed
from cou.kinds import Kind
from cou.options.settings import Settings
from cou.steps.context import StepEnd

from ..fakes import example
from .bench import Bench

MYSQL = "mysql-innodb-cluster/0"
NOVA = "nova-cloud-controller/0"
FILE = "/var/backups/mysql/dump.gz"


def bench(**settings):
    made = Bench(example(), Settings(**settings))
    made.prints("du -sk", "3000 /var/lib/mysql")
    made.prints("df -Pk", "/dev/sda1 9000 1000 8000 12% /")
    made.answer("mysqldump", mysqldump_file=FILE)
    made.prints("gzip -t", "")
    made.prints("gzip -dc", "-- Dump completed on 2026-03-01")
    made.prints("stat -c", "4096")
    made.prints("sha256sum", "abc123  " + FILE)
    return made


def test_a_backup_is_made_checked_and_told():
    made = bench()
    result = made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert result.end is StepEnd.DONE
    assert made.done == [(MYSQL, "mysqldump")]
    for told in (FILE, "4096 bytes", "sha256 abc123", "made 2026-03-01 12:00:00", "juju ssh"):
        assert told in result.note
    asked = " ".join(command for _, command in made.reads)
    assert "chmod" not in asked
    assert "rm " not in asked


@pytest.mark.parametrize(
    ("what", "stdout", "code", "problem"),
    [
        ("df -Pk", "/dev/sda1 9000 7000 2000 80% /", 0, "backup-room"),
        ("du -sk", "what?", 0, "backup-room"),
        ("gzip -dc", "INSERT INTO project", 0, "backup-incomplete"),
        ("gzip -dc", "", 0, "backup-incomplete"),
        ("gzip -t", "", 1, "backup-incomplete"),
        ("gzip -t", "", 127, "task-failed"),
    ],
)
def test_a_backup_that_is_no_backup_fails(what, stdout, code, problem):
    made = bench()
    made.prints(what, stdout, code)
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert failure.value.code == problem


def test_without_room_no_dump_is_begun():
    made = bench()
    made.prints("df -Pk", "/dev/sda1 9000 7000 2000 80% /")
    with pytest.raises(StepFailed):
        made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert made.done == []


def test_a_dump_action_that_names_no_file_fails():
    made = bench()
    made.answer("mysqldump", outcome="Success")
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert failure.value.code == "backup-without-file"


@pytest.mark.parametrize("name", ["/a; reboot", "/$(reboot).gz", "/a b'c.gz", "/a\n`reboot`"])
def test_a_file_that_an_action_names_is_one_word_to_the_shell(name):
    made = bench()
    made.answer("mysqldump", mysqldump_file=name)
    made.prints("tail -n 1 ", "-- Dump completed on 2026-03-01")
    result = made.run(Kind.BACKUP_DATABASE, MYSQL)
    asked = [command for _, command in made.reads if "reboot" in command or "a b" in command]
    assert len(asked) >= 3
    for command in asked:
        assert name in shlex.split(command)
    typed = shlex.split(result.note.partition("copy it with: ")[2])
    assert typed[:4] == ["juju", "ssh", "--pty=false", MYSQL]
    assert shlex.split(" ".join(typed[4:-2])) == ["sudo", "cat", name]  # as ssh hands it on
    assert typed[-2] == ">"
    assert "/" not in typed[-1]


def test_two_dumps_are_copied_to_two_files():
    copies = []
    for unit, name in ((MYSQL, "/b/1.gz"), (MYSQL, "/b/2.gz"), ("nova-mysql/0", "/b/1.gz")):
        made = bench()
        made.answer("mysqldump", mysqldump_file=name)
        made.prints("tail -n 1 ", "-- Dump completed on 2026-03-01")
        result = made.run(Kind.BACKUP_DATABASE, unit)
        copies.append(shlex.split(result.note)[-1])
    assert len(set(copies)) == 3, copies


@pytest.mark.parametrize("name", ["", "-rf", "dump.gz"])
def test_a_file_that_is_named_by_no_path_is_none(name):
    made = bench()
    made.answer("mysqldump", mysqldump_file=name)
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert failure.value.code == "backup-without-file"


def test_a_dump_of_an_earlier_runner_is_kept_and_checked():
    made = bench()
    made.run(Kind.BACKUP_DATABASE, MYSQL)
    made.now += datetime.timedelta(hours=2)
    made.prints("df -Pk", "/dev/sda1 9000 7000 2000 80% /")  # room is not needed twice
    assert made.run(Kind.BACKUP_DATABASE, MYSQL).end is StepEnd.DONE
    assert made.done == [(MYSQL, "mysqldump")]


def test_a_dump_that_is_too_old_gets_a_second_and_stays():
    made = bench(backup_max_age_s=3600)
    made.run(Kind.BACKUP_DATABASE, MYSQL)
    made.now += datetime.timedelta(hours=2)
    made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert made.done == [(MYSQL, "mysqldump"), (MYSQL, "mysqldump")]
    made.now += datetime.timedelta(minutes=30)
    made.run(Kind.BACKUP_DATABASE, MYSQL)
    assert len(made.done) == 2


def archiving(*outputs):
    """Answer batch by batch."""
    made = Bench(example())
    left = list(outputs)
    made.answers["archive-data"] = lambda: ("", {"archive-deleted-rows": left.pop(0)})
    return made


def test_archiving_goes_on_until_nothing_was_archived():
    made = archiving("instances | 7", "instances | 3", "Nothing was archived.")
    assert made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=7).end is StepEnd.DONE
    assert [what for _, what in made.done] == ["archive-data"] * 3


def test_archiving_stops_between_batches_and_goes_on_there():
    made = archiving("7 rows", "3 rows", "Nothing was archived.")
    made.draining = True
    assert made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=7).end is StepEnd.AGAIN
    assert len(made.done) == 1
    made.draining = False
    assert made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=7).end is StepEnd.DONE
    assert len(made.done) == 3


@pytest.mark.parametrize("begun", [0, 1])
def test_no_batch_begins_once_a_cancel_is_recorded_which_nobody_here_has_noticed(begun):
    made = archiving("7 rows", "3 rows", "Nothing was archived.")
    made.draining = bool(begun)
    if begun:
        assert made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=7).end is StepEnd.AGAIN
    made.draining, made.cancelled = False, True
    assert made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=7).end is StepEnd.AGAIN
    assert len(made.done) == begun


def test_archiving_never_goes_on_for_ever():
    made = Bench(example())
    made.answer("archive-data", archive_deleted_rows="1 row")
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.ARCHIVE_DATA, NOVA, batch_size=1)
    assert failure.value.code == "archive-endless"


@pytest.mark.parametrize("key", ["archive-data", "purge-data"])
def test_a_result_that_is_missing_is_no_success(key):
    made = Bench(example())
    made.answer(key, outcome="fine")
    kind = Kind.ARCHIVE_DATA if key == "archive-data" else Kind.PURGE_DATA
    with pytest.raises(StepFailed):
        made.run(kind, NOVA, batch_size=1, before="")


def test_purging_tells_nothing_done_from_failure():
    made = Bench(example())
    made.answer("purge-data", output="Purging stale soft-deleted rows and no data was deleted")
    assert made.run(Kind.PURGE_DATA, NOVA, before="").note == "nothing to purge"
    made = Bench(example())
    made.answer("purge-data", output="Purging stale soft-deleted rows failed: no table")
    with pytest.raises(StepFailed) as failure:
        made.run(Kind.PURGE_DATA, NOVA, before="2026-01-01")
    assert failure.value.code == "purge-failed"
