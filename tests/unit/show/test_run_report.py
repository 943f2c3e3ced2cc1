"""The report tells everything, in every form, and nothing in it comes alive."""

from __future__ import annotations

import dataclasses
import datetime
import html.parser
import importlib.resources
import json
import re
import unicodedata

import pytest
from cou import printable
from cou.journal.records import RunState
from cou.show import formatting, run_report, timeline
from cou.show.report_data import LastLook, MarkLine, WaitLine, next_step
from hypothesis import given
from hypothesis import strategies as st

from .accounts import NOON, account, at

STEERS = ("Cc", "Cf", "Cs", "Zl", "Zp")
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "a\nb\r\nc\td",
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x00",
    "safe\u202egpj.exe\u2066",
    "zero\u200bwidth\ufeff soft\xadhyphen tag\U000e0041 half\ud83d",
    "line\u2028paragraph\u2029next\x85",
    "| cell | **bold** | [link](javascript:alert(1)) `code` ![x](http://x)",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;script&gt;",
)


class Tags(html.parser.HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.values: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.names.update(name for name, _ in attrs)
        self.values.extend(
            value or "" for name, value in attrs if name not in ("title", "content")
        )

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text_in_html(text):
    page = run_report.html(account(text))
    found, harmless = Tags(page), Tags(run_report.html(account()))
    assert found.tags == harmless.tags
    assert found.names == harmless.names
    assert printable.line(text) in found.text
    assert not steers(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text_in_markdown(text):
    page = run_report.markdown(account(text))
    assert "<" not in page.replace("&lt;", "")
    assert not re.search(r"(?<!\\)\[link", page)
    assert len(page.splitlines()) == len(run_report.markdown(account()).splitlines())
    assert cells(page) == cells(run_report.markdown(account()))
    assert not steers(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_json_is_ascii_and_gives_the_texts_back(text):
    page = run_report.text(account(text), "json")
    assert page.isascii()
    assert "\x1b" not in page
    assert json.loads(page)["steps"][0]["title"] == text


@given(st.text())
def test_no_text_whatever_steers_or_opens_a_tag(text):
    assert not steers(printable.line(text))
    assert "\n" not in formatting.markdown(text)
    assert "<" not in formatting.markdown(text)


def steers(page: str) -> bool:
    """Whether anything in a text controls, hides, turns or is half a character."""
    return any(unicodedata.category(one) in STEERS and one != "\n" for one in page)


def cells(page: str) -> list[int]:
    """Return the number of cells of each row of each table."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return [len(re.findall(r"(?<!\\)\|", row)) for row in rows]


def test_the_html_loads_nothing():
    page = run_report.html(account())
    found = Tags(page)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(found.tags)
    assert not {"src", "href", "action", "srcset"} & found.names
    assert "default-src 'none'" in page
    assert "http://" not in page
    assert "https://" not in page
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_style_serves_light_dark_phone_and_paper():
    style = importlib.resources.files("cou.show").joinpath("templates/report.css").read_text()
    for query in ("prefers-color-scheme: dark", "max-width", "@media print"):
        assert query in style
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    colours = set(re.findall(r"--[a-z]+(?=:)", light))
    assert colours <= set(re.findall(r"--[a-z]+(?=:)", dark.split("}")[0]))
    assert {f"--{name}" for name in re.findall(r"var\(--([a-z]+)\)", style)} <= colours


def test_every_form_tells_the_cause_the_decision_the_doubt_and_the_mark():
    for form in run_report.FORMS:
        page = run_report.text(account("told here"), form)
        assert page.count("told here") > 25
        assert "interrupted" in page
        assert "decision" in page
        assert "kept" in page


def test_the_same_account_gives_the_same_text():
    for form in run_report.FORMS:
        assert run_report.text(account(), form) == run_report.text(account(), form)


def test_a_rest_between_attempts_takes_no_room_in_the_timeline():
    chart = timeline.chart(account())
    assert chart.seconds == 200
    assert chart.rests == (50,)
    first, second, third = chart.rows
    assert (first.bars[0].left, first.bars[0].width) == (0, 30)
    assert [(bar.left, bar.width) for bar in second.bars] == [(30, 20), (50, 15)]
    assert third.bars == ()


def test_a_bar_never_leaves_its_axis():
    sittings = account().sittings
    assert timeline.offset(sittings, at(-50)) == 0
    assert timeline.offset(sittings, at(2000)) == 100
    assert timeline.offset(sittings, at(90_000)) == 200


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.6, "1m 00s"), (185, "3m 05s"), (7620, "2h 07m"), (273_600, "3d 04h")],
)
def test_durations_are_for_people(seconds, text):
    assert formatting.duration(seconds) == text


def test_a_stamp_is_utc_or_a_dash():
    assert formatting.stamp(NOON) == "2025-06-01 12:00:00"
    assert formatting.stamp(None) == "–"


@pytest.mark.parametrize("state", [one.value for one in RunState])
def test_the_first_sentence_says_what_every_state_asks_of_the_reader(state):
    told = dataclasses.replace(account(state=state), next=next_step(state))
    assert told.verdict.count(".") >= 2 - bool(told.next)
    assert told.verdict in run_report.markdown(told)
    if state in ("stopped", "killed", "interrupted", "failed"):
        assert "upgrade" in told.verdict


def test_what_is_still_switched_is_said_at_the_top_and_stands_first():
    put_back = MarkLine("noout:ceph-mon", "put-back", at(5), "")
    still = MarkLine("paused:nova-compute/0", "set", at(6), "")
    told = dataclasses.replace(account(state="stopped"), marks=(put_back, still))
    assert "1 thing is still switched: paused:nova-compute/0." in told.verdict
    assert told.marks_by_need == (still, put_back)
    calm = dataclasses.replace(told, marks=(put_back,), last_look=LastLook(at(9), (), ""))
    assert "Nothing is left switched." in calm.verdict
    assert "found nothing amiss" in calm.verdict


def test_a_step_tells_who_held_it_up():
    told = account()
    waited = WaitLine("keystone/0", 41.0, "keystone/0 is executing")
    step = dataclasses.replace(told.steps[0], waited=waited)
    told = dataclasses.replace(told, steps=(step, *told.steps[1:]))
    assert "Waited 41s for keystone/0: keystone/0 is executing" in run_report.html(told)
    assert "waited 41s for keystone/0" in run_report.markdown(told)


@pytest.mark.parametrize("form", run_report.FORMS)
def test_an_attempt_tells_the_time_that_it_had(form):
    told = account()
    assert "2025-06-02" not in run_report.text(told, form)
    until = NOON + datetime.timedelta(hours=12)
    first, second = told.sittings
    limited = dataclasses.replace(told, sittings=(first, dataclasses.replace(second, until=until)))
    page = run_report.text(limited, form)
    assert "2025-06-02T00:00:00+00:00" in page or "until 2025-06-02 00:00:00 UTC" in page
