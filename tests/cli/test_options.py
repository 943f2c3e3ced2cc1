"""The command line: the peer's option names, ours, help, completion and refusals."""

from __future__ import annotations

import datetime

import click
import pytest
from click.testing import CliRunner
from cou.cli import commands, plan_options, window
from cou.plan.options import Group, NonEmpty, Options, Strategy
from cou.plan.settings import Settings


def parse(*arguments, environment=None):
    """Return the options and settings that a command line of `plan` means."""
    found = []

    @click.command()
    @plan_options.plan_options
    def plan(**given):
        settings = plan_options.settings(given)
        found.append((plan_options.options(given, settings), settings))

    done = CliRunner().invoke(plan, arguments, env=environment or {})
    if done.exit_code:
        return done.exit_code, done.output
    return found[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ("control-plane", {"group": Group.CONTROL_PLANE}),
        ("data-plane", {"group": Group.DATA_PLANE}),
        ("--no-backup --no-archive", {"backup": False, "archive": False}),
        ("--archive-batch-size 500", {"archive_batch_size": 500}),
        ("--purge --purge-before-date 2024-05-01", {"purge": True, "purge_before": "2024-05-01"}),
        ("--set-noout", {"set_noout": True}),
        ("--skip-apps vault,ntp --skip-apps heat", {"skip_apps": ("heat", "ntp", "vault")}),
        ("--force", {"non_empty_hypervisors": NonEmpty.UPGRADE}),
        ("--non-empty-hypervisors upgrade", {"non_empty_hypervisors": NonEmpty.UPGRADE}),
        ("hypervisors -m 3,4 -m 5", {"group": Group.HYPERVISORS, "machines": ("3", "4", "5")}),
        (
            "hypervisors --az zone-1",
            {"group": Group.HYPERVISORS, "availability_zones": ("zone-1",)},
        ),
        ("--strategy rolling --max-parallel 4", {"strategy": Strategy.ROLLING, "max_parallel": 4}),
        ("--accept ceph-health:ceph-mon", {"accept": ("ceph-health:ceph-mon",)}),
    ],
)
def test_options_mean_what_they_mean_to_the_peer(arguments, expected):
    options, _ = parse(*arguments.split())
    assert options == Options(**expected)


@pytest.mark.parametrize("first", [True, False])
def test_an_option_counts_before_and_after_the_group(first):
    words = ["--purge", "--purge-before-date", "2024-05-01", "--archive-batch-size", "7"]
    options, _ = parse(*(["data-plane"] * first), *words, *(["data-plane"] * (not first)))
    assert options == Options(
        group=Group.DATA_PLANE, purge=True, purge_before="2024-05-01", archive_batch_size=7
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("-m 3", "the group hypervisors"),
        ("hypervisors -m 3 --az a", "exclude each other"),
        ("hypervisors -m three", "'three'"),
        ("--purge-before-date 2024-05-01", "--purge-before-date needs --purge."),
        ("--purge --purge-before-date yesterday", "YYYY-MM-DD"),
        ("--archive-batch-size 0", "archive-batch-size"),
        ("everything", "control-plane"),
    ],
)
def test_a_wrong_value_is_a_bad_command_line_and_named(arguments, named):
    code, output = parse(*arguments.split())
    assert code == 2
    assert named in output


def test_timeouts_and_the_mirror_come_from_the_peers_environment_too():
    environment = {
        "COU_STANDARD_IDLE_TIMEOUT": "600",
        "COU_LONG_IDLE_TIMEOUT": "4800",
        "LANDSCAPE_MIRROR_URI": "http://mirror.example",
        "LANDSCAPE_APT_COMPONENT": "main",
    }
    _, settings = parse("--standard-idle-timeout", "700", environment=environment)
    assert settings == Settings(
        standard_idle_timeout_s=700,
        long_idle_timeout_s=4800,
        landscape_mirror_uri="http://mirror.example",
        landscape_apt_component="main",
    )


def test_every_verb_has_help_that_says_what_it_does():
    assert {"plan", "upgrade", "attach", "cancel", "resolve-step"} <= set(commands.cli.commands)
    for name, command in commands.cli.commands.items():
        done = CliRunner().invoke(commands.cli, ["help", name])
        assert done.exit_code == 0
        assert command.help
        assert command.help.splitlines()[0] in done.output
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in ("help", "count"):
                assert parameter.help, f"{name} {parameter.name}"


def test_help_teaches_by_example():
    output = CliRunner().invoke(commands.cli, ["--help"]).output
    assert "cou upgrade --auto-approve" in output
    assert "ctrl+c" in output
    assert "130" in output
    assert "..." not in output.partition("Commands:")[2], "the list of verbs must not be cut"
    assert output.index("  plan ") < output.index("  upgrade ") < output.index("  abandon ")


NOW = datetime.datetime(2026, 3, 1, 22, 30, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:00", "2026-03-01T23:00:00+00:00"),
        ("05:00", "2026-03-02T05:00:00+00:00"),
        ("22:30", "2026-03-02T22:30:00+00:00"),
        ("05:00+02:00", "2026-03-02T03:00:00+00:00"),
        ("2026-03-04 05:00", "2026-03-04T05:00:00+00:00"),
        ("2026-03-04T05:00:30+01:00", "2026-03-04T04:00:30+00:00"),
    ],
)
def test_until_is_the_next_such_time(text, expected):
    assert window.read(text, NOW).isoformat() == expected


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-02-31 05:00", "2026-03-01 22:00"])
def test_until_refuses_what_is_no_time_to_come(text):
    with pytest.raises(click.UsageError, match="HH:MM"):
        window.read(text, NOW)
