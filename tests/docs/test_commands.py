"""Every command in the documentation is typed, in the order of its page, and does as shown."""

from __future__ import annotations

import pathlib

import pytest

from . import pages, reader

# How many blocks may be run otherwise than they are shown, or not at all.
MOST_INSTEAD, MOST_NOT_RUN = 9, 3
WITH_COMMANDS = [page for page in pages.PAGES if "sh" in pages.languages(page)]


def name(page: pathlib.Path) -> str:
    return str(page.relative_to(pages.TOP))


@pytest.mark.parametrize("page", pages.PAGES, ids=name)
def test_every_block_says_what_it_is(page):
    """A fence without a language, or of another shell, could be a command that nobody runs."""
    assert set(pages.languages(page)) <= {"sh", "text", "mermaid", "yaml", "json", "python"}
    if page in WITH_COMMANDS:
        assert pages.ground(page) in pages.GROUNDS


def test_few_blocks_are_run_otherwise_and_each_says_why():
    every = [block for page in WITH_COMMANDS for block in pages.blocks(page)]
    assert len(every) > 90
    assert sum(bool(block.instead) for block in every) <= MOST_INSTEAD
    assert sum(block.not_run for block in every) <= MOST_NOT_RUN
    for block in every:
        otherwise = block.instead or block.not_run
        assert (len(block.reason.split()) >= 3) == bool(otherwise), block


def test_a_line_that_does_not_come_in_its_place_is_noticed():
    printed = "step 3 of 12: Upgrade\nstate: running\n  next: b\n"
    assert pages.missing("state: …\nnext: b", printed) == ""
    assert pages.missing("next: b\nstate: …", printed) == "state: …"
    assert pages.missing("state: stopped", printed) == "state: stopped"
    assert pages.missing("step … of 12", printed) == "step … of 12"


def test_what_a_page_says_of_a_block_is_understood(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- tested on: small cloud -->\n\n<!-- first: a\nb -->\n<!-- repeated -->\n"
        "```sh\nc\n```\n```text\nd\n```\n<!-- instead, since it needs root: e -->\n```sh\nf\n```\n"
    )
    one, other = pages.blocks(page)
    assert (one.first, one.commands, one.output, one.repeated) == ("a\nb", "c", "d", True)
    assert (other.instead, other.reason, other.output) == ("e", "it needs root", "")


@pytest.mark.deep
@pytest.mark.integration
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name)
def test_the_commands_of_a_page_do_what_it_shows(page):
    with reader.prepared(pages.ground(page)) as someone:
        for block in pages.blocks(page):
            try:
                someone.follow(block)
            except AssertionError as error:
                raise AssertionError(f"{name(page)}:{block.line}: {error}") from error
