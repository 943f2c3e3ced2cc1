"""The command line: the peer's option names, ours, help, completion and refusals."""

from __future__ import annotations

import pathlib
import re

import click
import pytest
from click.testing import CliRunner
from cou.cli import command_process, commands, exit_codes, plan_options
from cou.cli.exit_codes import ExitCode
from cou.cli.signals import Signals
from cou.options import charm_config
from cou.options.options import Group, NonEmpty, Options, Strategy
from cou.options.settings import Settings


def parse(*arguments, environment=None):
    """Return the options and settings that a command line of `plan` means."""
    found = []

    @click.command()
    @plan_options.plan_options
    def plan(**given):
        settings = charm_config.settings({}, given=plan_options.settings(given))
        found.append((charm_config.options(plan_options.options(given), settings), settings))

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
        ("--purge-before-date 2024-05-01", "Plan with --purge"),
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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "nan",
        "25:00",
        "99:99",
        "2026-02-31 05:00",
        "2026-03-01 22:00",
        "9999-12-31 23:59",
        "9999-12-31 23:59-14:00",
        "0001-01-01 00:00+14:00",
        "22:00-99:00",
    ],
)
def test_until_is_refused_by_name_and_value_where_it_is_no_time_of_the_next_year(text, capsys):
    assert (
        command_process.run(["upgrade", "--auto-approve", "--until", text], Signals())
        is ExitCode.USAGE
    )
    said = capsys.readouterr().err
    assert f"--until={text!r} is not allowed. Give a time within" in said
    assert "HH:MM" in said


@pytest.mark.parametrize("name", ["--quiet-period", "--long-idle-timeout"])
def test_a_wait_longer_than_a_month_is_refused_by_name_and_value(name):
    result = CliRunner().invoke(commands.cli, ["plan", name, "10000000000000"])
    assert result.exit_code == 2
    assert name in result.output
    assert "10000000000000 is not in the range" in result.output
    assert "2592000" in result.output


def test_help_and_page_tell_the_exit_codes_that_the_command_has():
    """What each means is walked at a terminal, in test_transcripts.py and test_runs.py."""
    page = (pathlib.Path(__file__).parents[2] / "docs/how-to/command-line.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page[page.index("## Exit codes") :], re.M)
    listed = {int(code): meaning.replace("`", "") for code, meaning in rows}
    assert listed == {int(code): meaning for code, meaning in exit_codes.MEANINGS.items()}
    assert set(exit_codes.MEANINGS) == set(exit_codes.ExitCode)
    shown = CliRunner().invoke(commands.cli, ["--help"]).output
    assert all(
        re.search(rf"^ *{code} +{meaning}$", shown, re.M) for code, meaning in listed.items()
    )


@pytest.mark.parametrize(
    ("typed", "largest"),
    [
        ("plan --archive-batch-size", 2**31 - 1),
        ("plan --max-parallel", 100_000),
        ("plan --hypervisor-batch", 100_000),
        ("upgrade --max-parallel", 100_000),
        ("upgrade-step --count", 100_000),
    ],
)
@pytest.mark.parametrize("times", [1, 10**40])
def test_a_number_that_is_absurdly_large_is_refused_with_the_limit(typed, largest, times):
    words = [*typed.split(), str(largest * times + 1)]
    result = CliRunner().invoke(commands.cli, words)
    assert result.exit_code == ExitCode.USAGE
    assert f"<={largest}" in result.output


@pytest.mark.parametrize(
    "typed",
    [
        "plan hypervisors --machine",
        "plan hypervisors --az",
        "plan --skip-apps",
        "plan --accept",
        "plan --purge --purge-before",
        "plan --model",
        "upgrade --auto-approve --plan",
        "upgrade --auto-approve --until",
        "upgrade-step --expect",
        "cancel --model",
        "status --model",
    ],
)
@pytest.mark.parametrize("text", ["", " "])
def test_an_option_without_a_value_is_refused_and_never_one_left_out(typed, text):
    """`--machine "$M"` of a shell that does not know it must not mean all machines."""
    app_ = command_process.CommandContext(Signals())
    result = CliRunner().invoke(commands.cli, [*typed.split(), text], obj=app_)
    assert result.exit_code == ExitCode.USAGE, result.output
