"""A supervisor in a session of its own."""

from __future__ import annotations

import pathlib
import shutil
import sys

import pytest
from cou.errors import CouError
from cou.run.access import Access
from cou.run.place import Place
from cou.run.spawn import Session

ACCESS = Access(("127.0.0.1:1",), "PEM", "uuid", "m", "cou", "secret")


def test_a_supervisor_that_cannot_be_started_is_an_error_that_names_the_log(tmp_path, monkeypatch):
    false = shutil.which("false")
    assert false
    monkeypatch.setattr(sys, "executable", false)
    place = Place(tmp_path / "home", pathlib.Path(tmp_path / "run"))
    with pytest.raises(CouError) as caught:
        Session(place).start("r1", 1, ACCESS)
    assert caught.value.code == "not-started"
    assert str(place.log("r1")) in caught.value.remedy
