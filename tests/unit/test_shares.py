"""A part of the tests: all parts together are the whole, and none is empty."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from tests.shares import Share, sample

TOP = pathlib.Path(__file__).parents[2]
KEYS = [f"tests/test_{number}.py" for number in range(23)]


@pytest.mark.parametrize("n", [1, 2, 7, 23])
def test_each_test_is_in_one_share_and_no_share_is_empty(n):
    dealt = [Share(k, n).of(KEYS) for k in range(1, n + 1)]
    assert sorted(key for share in dealt for key in share) == sorted(KEYS)
    sizes = {len(share) for share in dealt}
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 1


def test_of_more_shares_than_tests_each_has_one_and_all_are_run():
    dealt = [Share(k, 60).of(KEYS) for k in range(1, 61)]
    assert {len(share) for share in dealt} == {1}
    assert frozenset().union(*dealt) == set(KEYS)


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no tests that share 2/3 could be of"):
        Share(2, 3).of([])


def test_a_commit_has_one_share_and_commits_have_all_of_them():
    commits = [f"{number:040x}" for number in range(200)]
    assert Share.of_commit(commits[0], 8) == Share.of_commit(commits[0], 8)
    assert {Share.of_commit(commit, 8).k for commit in commits} == set(range(1, 9))


def test_a_sample_is_of_the_size_asked_for_and_always_the_same():
    assert len(sample(KEYS, 5)) == 5
    assert sample(KEYS, 5) == sample(reversed(KEYS), 5) <= set(KEYS)
    assert sample(KEYS[:3], 5) == set(KEYS[:3])


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "a/3", "1/0", "-1/3", "1/3/4"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="is not k/n"):
        Share.parse(text)


def collected(*options: str) -> tuple[int, set[str], str]:
    """Collect some of the project's own tests."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"),
            *("tests/unit/openstack", "tests/simulation/test_overlap.py", *options),
        ],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = {line for line in done.stdout.splitlines() if "::" in line}
    return done.returncode, found, done.stdout + done.stderr


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("marks", ["not deep", "deep"])
def test_the_shares_of_the_projects_own_tests_are_all_of_them(marks):
    code, whole, _ = collected("-m", marks)
    parts = [collected("-m", marks, "--share", f"{k}/2") for k in (1, 2)]
    assert code == 0
    assert [part[0] for part in parts] == [0, 0]
    assert all(part[1] for part in parts)
    assert sorted(one for part in parts for one in part[1]) == sorted(whole)


@pytest.mark.deep
@pytest.mark.slow
def test_a_share_of_the_slow_ones_has_all_fast_ones_in_it():
    _, fast, _ = collected("-m", "not slow")
    _, slow, _ = collected("-m", "slow")
    parts = [collected("--share-of-slow", f"{k}/2")[1] for k in (1, 2)]
    assert fast
    assert parts[0] & parts[1] == fast
    assert parts[0] | parts[1] == fast | slow
    assert all(part & slow for part in parts)


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("options", [("--share=0/3",), ("--share=1/3", "-k", "no such test")])
def test_a_share_that_selects_nothing_is_an_error(options):
    code, _, said = collected(*options)
    assert code == 4
    assert "ERROR" in said


@pytest.mark.deep
@pytest.mark.slow
def test_the_cases_of_a_sampled_test_are_either_in_the_sample_or_deep():
    test = "tests/cli/test_signals.py::test_while_it_runs_whoever_presses_learns_what_goes_on"
    _, whole, _ = collected(test)
    _, often, _ = collected(test, "-m", "not deep")
    _, rarely, _ = collected(test, "-m", "deep")
    cases = {one for one in whole if one.startswith(test)}
    assert {one for one in often if one.startswith(test)} == sample(cases, 3)
    assert {one for one in rarely if one.startswith(test)} == cases - sample(cases, 3)
