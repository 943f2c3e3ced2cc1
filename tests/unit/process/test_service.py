"""Unit files, cgroups, and which launcher a place has; real systemd is in ``tests/systemd``."""

from __future__ import annotations

import configparser
import os
import pathlib
import shlex
import shutil
import socket
import subprocess

import pytest
from cou.errors import CouError
from cou.journal.records import LEFT
from cou.process import command_line, launcher, sd_notify, systemd, unit_files
from cou.process.paths import RunPaths
from cou.process.spawn import SessionLauncher
from cou.process.systemd_service import ServiceLauncher

CHARM = pathlib.Path("/var/lib/juju/agents/unit-cou-0/charm")


@pytest.fixture
def place(tmp_path, monkeypatch):
    # Also on a machine without systemd.
    monkeypatch.setattr(systemd, "tool", "/usr/bin/{}".format)
    return RunPaths(tmp_path / "home", tmp_path / "run", "cou/0", CHARM, "cou-cou-0.service")


class Settings(dict):
    """A unit file's settings; one that stands twice keeps all its values."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            value = self[key] + value
        super().__setitem__(key, value)


def read(text):
    parser = configparser.RawConfigParser(strict=False, dict_type=Settings)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_a_place_names_how_its_supervisor_is_kept(place, tmp_path):
    assert isinstance(launcher.of(place), ServiceLauncher)
    assert isinstance(launcher.of(RunPaths(tmp_path, tmp_path)), SessionLauncher)


def test_the_service_never_starts_by_itself_and_stops_as_designed(place):
    service = read(unit_files.render(place, sandbox=True)[place.service])
    assert not service.has_section("Install")
    assert service["Service"]["Restart"] == "no"
    assert service["Service"]["KillMode"] == "mixed"
    assert service["Service"]["TimeoutStopSec"] == "90"
    assert service["Service"]["Type"] == "notify"
    assert int(service["Service"]["WatchdogSec"]) >= 10


def test_the_supervisor_understands_the_command_line_of_the_unit_file(place):
    text = unit_files.render(place, sandbox=False)[place.service]
    words = read(text)["Service"]["ExecStart"].split()
    given = [word.replace("${COU_TOKEN}", "7").replace("${COU_LOG}", "/l") for word in words]
    assert given[1:3] == ["-m", "cou.control.supervisor"]
    assert command_line.parse(given[3:]) == (place, 7, pathlib.Path("/l"))


def tell(place, tmp_path, fails):
    """Do what the teller's service does, where so many calls fail; return its code and calls."""
    text = unit_files.render(place, sandbox=False)[unit_files.notifier(place)]
    line = text[text.index("ExecStart=") :].partition("=")[2].partition("'\n")[0] + "'"
    given = shlex.split(line.replace("\\\n", " ").replace("$$", "$"))
    calls, pauses = tmp_path / "calls", tmp_path / "pauses"
    tools = {
        "juju-exec": f'echo "$*" >> {calls}\n[ $(wc -l < {calls}) -gt {fails} ]',
        "sleep": f"echo $1 >> {pauses}",
    }
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    assert f"Environment=COU_HOME={place.home}\n" in text
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "COU_HOME": str(place.home)}
    done = subprocess.run(given, env=env)
    made = calls.read_text().splitlines()
    assert set(made) == {"-u cou/0 -- JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch"}
    slept = [int(one) for one in pauses.read_text().split()] if pauses.exists() else []
    return done.returncode, made, slept


@pytest.mark.parametrize(("fails", "code"), [(0, 0), (3, 0), (1000, 1)])
def test_the_end_is_told_until_the_charm_has_looked(place, tmp_path, fails, code):
    place.home.mkdir()
    ended, made, slept = tell(place, tmp_path, fails)
    assert ended == code
    assert len(made) == (fails + 1 if not code else len(slept))
    assert code == 0 or 600 <= sum(slept) <= 900


@pytest.mark.parametrize("how", ["without its hooks", "with its hooks"])
def test_nobody_goes_on_telling_a_charm_that_was_removed(place, tmp_path, how):
    if how == "without its hooks":
        place.home.mkdir()
        (place.home / LEFT).touch()
    ended, made, slept = tell(place, tmp_path, 1000)
    assert (ended, len(made), slept) == (0, 1, [])


def looking(place):
    """Return the command line of the service that has the charm look again."""
    text = unit_files.render(place, sandbox=False)[unit_files.look_again_service(place)]
    assert read(text)["Service"]["SuccessExitStatus"] == "124"
    assert f"Environment=COU_BLOCKED={unit_files.blocked_file(place)}\n" in text
    line = text[text.index("ExecStart=") :].partition("=")[2].partition("'\n")[0] + "'"
    return shlex.split(line.replace("\\\n", " ").replace("$$", "$"))


def look(place, tmp_path, mended_at):
    """Let the charm look again on a clock that only `sleep` moves; return calls and pauses.

    Args:
        place: where it is blocked.
        tmp_path: for the tools.
        mended_at: after so many seconds whichever look comes next finds the cause gone.
    """
    blocked = unit_files.blocked_file(place)
    now, calls = tmp_path / "now", tmp_path / "calls"
    tools = {
        "timeout": f'echo 0 > {now}; echo $1 > {tmp_path}/limit; shift; exec "$@"',
        "sleep": f"echo $1 >> {tmp_path}/pauses; echo $(($(cat {now}) + $1)) > {now}\n"
        f"[ $(cat {now}) -lt $(cat {tmp_path}/limit) ] || kill $PPID",
        "juju-exec": f'echo "$*" >> {calls}; [ $(cat {now}) -lt {mended_at} ] || rm {blocked}\n'
        "exit 1",  # a look that fails is followed by another
    }
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    timeout, *rest = looking(place)
    assert timeout == "/usr/bin/timeout"
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "COU_BLOCKED": str(blocked)}
    subprocess.run([str(tmp_path / "timeout"), *rest], env=env, timeout=60)
    made = calls.read_text().splitlines() if calls.exists() else []
    assert set(made) <= {"-u cou/0 -- JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch"}
    return len(made), [int(one) for one in (tmp_path / "pauses").read_text().split()]


@pytest.mark.parametrize(
    ("mended_at", "calls", "pauses"),
    [(5, 1, [10]), (25, 2, [10, 20]), (100, 4, [10, 20, 40, 60])],
)
def test_a_blocked_charm_looks_again_until_the_cause_is_gone(
    place, tmp_path, mended_at, calls, pauses
):
    place.make()
    unit_files.blocked_file(place).touch()
    assert look(place, tmp_path, mended_at) == (calls, pauses)


def test_a_blocked_charm_looks_at_most_every_minute_and_for_a_quarter_of_an_hour(place, tmp_path):
    place.make()
    unit_files.blocked_file(place).touch()
    calls, pauses = look(place, tmp_path, 10_000)
    assert pauses[:3] == [10, 20, 40]
    assert set(pauses[3:]) == {60}
    assert 840 <= sum(pauses[:calls]) < 900 <= sum(pauses)


def test_a_charm_that_is_not_blocked_any_more_or_is_removed_does_not_look(place, tmp_path):
    assert look(place, tmp_path, 0) == (0, [10])


def test_the_end_of_the_time_is_no_failure_of_the_service(place, monkeypatch):
    monkeypatch.setattr(unit_files, "_LOOK_S", 0.2)
    place.make()
    unit_files.blocked_file(place).touch()
    env = {"PATH": os.environ["PATH"], "COU_BLOCKED": str(unit_files.blocked_file(place))}
    assert subprocess.run(looking(place), env=env, timeout=60).returncode == 124


@pytest.fixture
def asked(place, tmp_path, monkeypatch):
    """What systemd is asked for; its unit files lie in a folder of the test's."""
    (tmp_path / "units").mkdir()
    (tmp_path / "units" / unit_files.look_again_service(place)).touch()
    monkeypatch.setattr(systemd, "UNIT_FILES", tmp_path / "units")
    asked = []
    monkeypatch.setattr(systemd, "systemctl", lambda *words: asked.append(" ".join(words)) or "")
    return asked


def test_looking_again_is_begun_once_and_anew_where_somebody_tries_something(place, asked):
    service, blocked = ServiceLauncher(place), unit_files.blocked_file(place)
    start = "restart --no-block cou-cou-0-look.service"
    for _ in range(3):  # its own looks, and update-status, do not prolong it
        service.look_again(anew=False)
    assert asked == [start]
    assert blocked.stat().st_mode & 0o777 == 0o600
    service.look_again(anew=True)
    assert asked == [start, start]
    service.look_no_more()
    service.look_no_more()
    assert not blocked.exists()
    assert asked == [start, start], "it ends by itself: the look under way may be its own"
    service.look_again(anew=False)
    assert asked == [start, start, start]


def test_the_file_that_keeps_it_looking_is_no_way_to_write_elsewhere(place, tmp_path, asked):
    place.make()
    unit_files.blocked_file(place).symlink_to(tmp_path / "elsewhere")
    ServiceLauncher(place).look_again(anew=True)
    assert not (tmp_path / "elsewhere").exists()


def test_where_systemd_refuses_the_next_event_tries_again(place, asked, monkeypatch):
    def refuse(*_):
        raise CouError("systemd", "It is not up.")

    service = ServiceLauncher(place)
    with monkeypatch.context() as broken:
        broken.setattr(systemd, "systemctl", refuse)
        with pytest.raises(CouError):
            service.look_again(anew=False)
    service.look_again(anew=False)
    assert asked == ["restart --no-block cou-cou-0-look.service"]


@pytest.mark.slow
def test_a_removed_charm_has_nothing_that_looks(place, tmp_path, asked):
    (tmp_path / "units" / place.service).touch()
    service = ServiceLauncher(place)
    service.look_again(anew=True)
    service.remove()
    assert [*(tmp_path / "units").iterdir()] == []
    assert any("stop" in one and "cou-cou-0-look.service" in one for one in asked)


def test_without_a_sandbox_nothing_asks_for_a_mount_namespace(place):
    settings = unit_files.sandbox(place)
    assert "ProtectSystem=strict" in settings
    with_it, without = (
        unit_files.render(place, sandbox=sandbox)[place.service].splitlines()
        for sandbox in (True, False)
    )
    assert set(settings) <= set(with_it)
    assert not set(settings) & set(without)
    assert "CapabilityBoundingSet=" in without


def test_the_parameters_of_an_attempt_are_its_owners_alone(place):
    place.make()
    unit_files.write_attempt(place, 7, place.log("r"))
    path = unit_files.attempt_file(place)
    assert path.read_text() == f'COU_TOKEN="7"\nCOU_LOG="{place.log("r")}"\n'
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("/a b", '"/a b"'),
        ("50%", '"50%%"'),
        ('say "x"\\', '"say \\"x\\"\\\\"'),
        ("", '""'),
    ],
)
def test_words_are_quoted_as_systemd_reads_them(text, written):
    assert unit_files.word(text) == written


@pytest.mark.parametrize("text", ["$HOME", "a\nExecStart=/bin/false"])
def test_what_a_unit_file_would_read_otherwise_is_refused(text):
    with pytest.raises(CouError):
        unit_files.word(text)


def test_systemd_finds_no_fault_with_the_unit_files(place, tmp_path):
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("there is no systemd-analyze")
    for name, text in unit_files.render(place, sandbox=True).items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in unit_files.render(place, sandbox=True)]
    done = subprocess.run([verify, "verify", "--man=no", *paths], capture_output=True, text=True)
    found = [line for line in done.stderr.splitlines() if "cou-cou-0" in line]
    assert found == []


@pytest.mark.parametrize("hierarchy", ["", "unified", "systemd"])
def test_processes_of_a_cgroup_are_found_in_every_hierarchy(tmp_path, hierarchy):
    group = tmp_path / hierarchy / "system.slice" / "cou-cou-0.service"
    (group / "below").mkdir(parents=True)
    (group / "cgroup.procs").write_text("41\n42\n")
    (group / "below" / "cgroup.procs").write_text("43\n")
    assert systemd.members("/system.slice/cou-cou-0.service", tmp_path) == {41, 42, 43}


@pytest.mark.parametrize("group", ["", "/"])
def test_no_cgroup_has_no_processes(tmp_path, group):
    (tmp_path / "cgroup.procs").write_text("1\n")
    assert systemd.members(group, tmp_path) == set()


def test_words_to_systemd_arrive_and_are_not_missed_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    sd_notify.notify("READY=1")
    for address in (str(tmp_path / "socket"), f"@cou-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(address.replace("@", "\0", 1) if address[0] == "@" else address)
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            sd_notify.notify("READY=1", "STATUS=x")
            assert server.recv(100) == b"READY=1\nSTATUS=x"
    sd_notify.notify("WATCHDOG=1")  # nobody listens any more
