"""The case table, each row in three ways: whole, byte by byte, and with a further request behind it."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from tests.ingress.cases import ALWAYS, CASES, EXCLUDED, SECTIONS_WITH_A_MUST, Case, post, to
from tests.ingress.conversing import Conversation, by_byte, conversation

WITHOUT_CONTENT = (204, 205, 304)
IMF_FIXDATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    r"[0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section}: {case.rule}")


@each_case
def test_whole(case: Case) -> None:
    talk = conversation([case.data])
    check(case, talk, case.at_once)
    check_last_request(case, talk)


@each_case
def test_byte_by_byte(case: Case) -> None:
    talk = conversation(by_byte(case.data))
    check(case, talk, case.interim)
    check_last_request(case, talk)


@each_case
def test_with_another_request_behind_it(case: Case) -> None:
    if case.unfinished:
        check_broken_off(case)
        return
    talk = conversation([case.data + to(b"/next")])
    statuses = (*case.statuses, 200) if case.goes_on else case.statuses
    check(case._replace(statuses=statuses), talk, case.at_once)
    assert (bool(talk.seen) and talk.seen[-1].lines[0] == "GET /next") is case.goes_on


def check_broken_off(case: Case) -> None:
    """The client says half a request, and that nothing more will come: the connection is over (RFC 9112, 8)."""
    talk = conversation([case.data], ends=True)
    assert talk.statuses in ([*case.statuses], [*case.statuses, 400])
    assert talk.closed
    check_always(talk)


def check(case: Case, talk: Conversation, interim: int) -> None:
    assert talk.statuses == list(case.statuses)
    assert talk.interim == interim
    assert talk.closed is not (case.goes_on or case.unfinished)
    bare = [place for place, answer in enumerate(talk.finals) if not answer.content]
    assert bare == list(case.bare)
    for answer in talk.finals:
        if answer.status >= 400 and answer.content:
            assert answer.all("content-type") == ["application/problem+json"]
            assert json.loads(answer.content)["status"] == answer.status
    if case.statuses and talk.closed:
        assert talk.finals[-1].all("connection") == ["close"]
    check_always(talk)


def check_last_request(case: Case, talk: Conversation) -> None:
    """What the last handler got."""
    if case.body is not None:
        assert talk.seen[-1].body == case.body
    lines = talk.seen[-1].lines if talk.seen else []
    assert [line for line in case.sees if line not in lines] == []
    assert [line for line in lines if line.startswith(case.misses)] == []


def check_always(talk: Conversation) -> None:
    check_heads(talk)
    check_framing(talk)
    check_dates(talk)
    check_handlers(talk)
    check_end(talk)


def check_heads(talk: Conversation) -> None:
    """Each head is by the grammar: `conversation` reads no other."""
    assert all(100 <= answer.status < 600 for answer in talk.answers)


def check_framing(talk: Conversation) -> None:
    for answer in talk.answers:
        lengths = answer.all("content-length")
        assert answer.all("transfer-encoding") == [], "the length of an echo is known"
        assert len(lengths) == (answer.status not in (204, 304) and answer.status >= 200)
        if answer.content:
            assert lengths == [str(len(answer.content))]
        if answer.status in WITHOUT_CONTENT:
            assert answer.content == b""
        assert all(len(answer.all(name)) < 2 for name in ("connection", "content-type", "date"))


def check_dates(talk: Conversation) -> None:
    for answer in talk.finals:
        if answer.status < 500:
            (date,) = answer.all("date")
            assert IMF_FIXDATE.fullmatch(date)


def check_handlers(talk: Conversation) -> None:
    """The answers of handlers come in the order of their requests, none twice and none left out."""
    assert [answer.content for answer in talk.finals if answer.status == 200 and answer.content] == [
        seen.echo for seen in talk.seen if seen.echo is not None
    ]


def check_end(talk: Conversation) -> None:
    closing = [place for place, answer in enumerate(talk.answers) if "close" in answer.all("connection")]
    assert closing in ([], [len(talk.answers) - 1])
    assert talk.closed or not closing


@pytest.mark.parametrize("together", [False, True])
def test_100_continue_comes_behind_the_answers_that_are_due(together: bool) -> None:
    pieces = [to(b"/a"), post(b"Expect: 100-continue", b"Content-Length: 5")]
    talk = conversation([b"".join(pieces) if together else pieces[0], *([] if together else pieces[1:]), b"hello"])
    assert [answer.status for answer in talk.answers] == [200, 100, 200]


# The table itself


def place_of(section: str) -> tuple[int, ...]:
    found = re.fullmatch(r"RFC (9110|9112), ([0-9]+(?:\.[0-9]+)*)", section)
    assert found is not None, section
    return int(found[1]), *map(int, found[2].split("."))


def test_rows_stand_in_the_order_of_the_texts() -> None:
    for table in ([case.section for case in CASES], [row[0] for row in EXCLUDED], [row[0] for row in ALWAYS]):
        assert [(a, b) for a, b in pairwise(table) if place_of(a) > place_of(b)] == []


def test_each_rule_stands_once() -> None:
    for rules in ([case.rule for case in CASES], [row[:2] for row in EXCLUDED], [row[:2] for row in ALWAYS]):
        assert len(set(rules)) == len(rules)
    assert all(case.rule.isascii() and case.rule.isprintable() for case in CASES)


def test_rows_do_not_contradict_themselves() -> None:
    for case in CASES:
        refused = [status for status in case.statuses if status >= 400 and status != 417]
        assert refused in ([], [case.statuses[-1] if case.statuses else None]), case.rule
        assert not (case.goes_on and (refused or case.unfinished)), case.rule


def test_each_section_with_a_must_is_held_or_left_out_with_a_reason() -> None:
    found = {case.section for case in CASES} | {row[0] for row in (*ALWAYS, *EXCLUDED)}
    wanted = {f"{text}, {section}" for text, sections in SECTIONS_WITH_A_MUST.items() for section in sections}
    assert wanted - found == set()
    assert all(reason for _, _, reason in EXCLUDED)


def test_what_is_held_of_every_answer_has_its_check() -> None:
    assert {name for _, _, name in ALWAYS} == {
        "check_heads",
        "check_framing",
        "check_dates",
        "check_handlers",
        "check_end",
    }
    assert all(callable(globals()[name]) for _, _, name in ALWAYS)


@pytest.mark.parametrize("length", [0, 1, 1000, 64 * 1024 - 1, 64 * 1024, 100_000])
def test_pieces_are_the_whole(length: int) -> None:
    data = (bytes(range(256)) * 400)[:length]
    assert b"".join(by_byte(data)) == data
