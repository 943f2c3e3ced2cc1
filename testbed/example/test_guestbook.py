"""The example charm, tested with jubilant; nothing here knows of a testbed."""

from __future__ import annotations

import pathlib

import jubilant
import pytest

CHARM = pathlib.Path(__file__).parent / "charm"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def book(juju: jubilant.Juju) -> jubilant.Juju:
    """The charm on two units, open."""
    juju.deploy(CHARM, "guestbook", num_units=2)
    juju.wait(jubilant.all_blocked)
    token = juju.add_secret("guestbook-token", {"token": "abcdef"})
    juju.grant_secret(token, "guestbook")
    juju.config("guestbook", {"token": token})
    juju.wait(jubilant.all_active)
    return juju


def test_a_guest_is_greeted_as_the_option_says(book: jubilant.Juju):
    book.config("guestbook", {"greeting": "Welcome"})
    task = book.run("guestbook/0", "sign", {"name": "Ada"})
    assert task.results["said"] == "Welcome, Ada"


@pytest.mark.deep
def test_peers_know_each_others_guests(book: jubilant.Juju):
    book.run("guestbook/1", "sign", {"name": "Grace"})

    def known(status: jubilant.Status) -> bool:
        unit = status.apps["guestbook"].units["guestbook/0"]
        return "Grace" in unit.workload_status.message

    book.wait(known)


def test_a_guest_needs_a_name(book: jubilant.Juju):
    with pytest.raises(ValueError, match="name"):
        book.run("guestbook/0", "sign")


@pytest.mark.deep
def test_without_its_token_the_book_is_closed(book: jubilant.Juju):
    book.config("guestbook", reset="token")
    book.wait(jubilant.all_blocked)
    with pytest.raises(jubilant.TaskError) as failed:
        book.run("guestbook/0", "sign", {"name": "Alan"})
    assert failed.value.task.message == "the book is closed"
