"""Connections that hypothesis draws by the grammar, and breaks: whatever a stranger sends, and however it is cut.

PYRT_EXAMPLES=5000 draws so many of each, and other ones at each run.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.ingress import grammar, strict
from tests.ingress.fuzzed import PARTS, Answer, Heard, Seen, heard
from tests.ingress.strict import Asked, End, Read

# What HTTP itself demands of a server that has not failed: a coding, a method or a version that is not known.
DEMANDED = {501, 505}
# Who waits for 100 Continue hears these in place of it, of a request that no route takes.
UNTAKEN = {204, 404, 405}

often = settings(
    max_examples=int(os.environ.get("PYRT_EXAMPLES", "250")),
    deadline=None,
    derandomize="PYRT_EXAMPLES" not in os.environ,
)


def said(stream: bytes, data: st.DataObject) -> list[bytes]:
    pieces = data.draw(grammar.cuts(stream))
    note(f"{stream!r} in pieces of {[len(piece) for piece in pieces]}")
    return pieces


@often
@given(stream=grammar.mutated(), ends=st.booleans(), data=st.data())
def test_whatever_comes_is_answered_by_the_grammar_and_leaves_nothing(
    stream: bytes, ends: bool, data: st.DataObject
) -> None:
    talk = heard(said(stream, data), ends=ends)
    assert {status for status in talk.statuses if status >= 500} <= DEMANDED
    assert not any(answer.closes for answer in talk.answers[:-1])
    if talk.answers and talk.answers[-1].closes:
        assert talk.closed or is_under_way(talk)
    assert talk.closed or not ends or is_under_way(talk)
    check_each_has_one_answer(talk)


def is_under_way(talk: Heard) -> bool:
    """Whether the last answer was begun, and waits for the rest of its request."""
    # Over HTTP/1.0 an answer that was broken off cannot be told from a whole one.
    return bool(talk.answers) and talk.answers[-1][::3] == (200, True) and talk.seen[-1].body is None


def check_each_has_one_answer(talk: Heard) -> None:
    """Answers are as many as the requests, and in their order; but for a last one that could not be answered whole."""
    asked = [request for request, _ in talk.noted if request is not None and request.headers]
    assert len(talk.answers) == len(talk.noted)
    assert [seen.request for seen in talk.seen][: len(asked)] == asked
    assert len(talk.seen) - len(asked) <= 1
    assert all(400 <= status < 600 for request, status in talk.noted if request is None)


@often
@given(requests=grammar.streams(), data=st.data())
def test_valid_requests_are_answered_alike_however_they_are_cut(requests: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(requests)
    whole, pieces = map(heard, [[stream], said(stream, data)])
    is_last = bool(whole.answers) and whole.answers[-1].status in UNTAKEN and whole.answers[-1].closes
    assert len(whole.answers) == len(requests) or is_last
    assert pieces.answers == whole.answers
    assert [seen.facts for seen in pieces.seen] == [seen.facts for seen in whole.seen]
    assert pieces.closed == whole.closed


@often
@given(stream=grammar.mutated(), data=st.data())
def test_what_is_cut_in_two_ways_is_answered_alike(stream: bytes, data: st.DataObject) -> None:
    one, other = map(heard, [said(stream, data), said(stream, data)])
    sure = surely_answered(one)
    assert [outcome(answer) for answer in one.answers[:sure]] == [outcome(answer) for answer in other.answers[:sure]]
    if sure == len(one.answers):
        assert len(one.answers) == len(other.answers)
        assert [seen.facts for seen in one.seen] == [seen.facts for seen in other.seen]
        assert one.closed == other.closed


def surely_answered(talk: Heard) -> int:
    """How many of the answers come before one that may have been given before the end of its request."""
    early = (
        at
        for at, (request, status) in enumerate(talk.noted)
        if request is not None and request.path in PARTS and 400 <= status < 500
    )
    return next(early, len(talk.answers))


def outcome(answer: Answer) -> tuple[object, ...]:
    """An answer, but for what exactly is wrong with a request: of two faults either may be met first."""
    return ("refused",) if is_refusal(answer) else answer


@often
@given(stream=grammar.mutated(), data=st.data())
def test_handlers_get_what_a_strict_reader_reads_and_nothing_else(stream: bytes, data: st.DataObject) -> None:
    talk, told = heard(said(stream, data)), strict.read(stream)
    told = as_far_as_answered(told, talk)
    check_requests(told.requests, talk)
    answers = talk.answers[len(told.requests) :]
    if told.end is End.CLOSED:
        assert (answers, talk.closed) == ([], True)
    elif told.end is End.FAULT or talk.closed:
        assert talk.closed
        assert len(answers) == 1
        assert is_refusal(answers[0]) or answers[0].content is None
        assert strict.read(stream + b"\r\n\r\n").end is End.FAULT or surely_answered(talk) == len(told.requests)
    else:
        assert len(answers) <= is_under_way(talk)


def as_far_as_answered(told: Read, talk: Heard) -> Read:
    """*told* but for what follows an answer that was begun before the end of its request: that is the last."""
    for at, (asked, answer) in enumerate(zip(told.requests, talk.answers, strict=False)):
        if answer.closes and is_early(answer, asked):
            return Read(told.requests[: at + 1], End.CLOSED)
    return told


def is_early(answer: Answer, asked: Asked) -> bool:
    """Whether a handler that takes its body as it comes has answered, and may not have waited for the end."""
    path = asked.target.partition("?")[0]
    is_untaken = asked.waits and answer.status in UNTAKEN
    return is_untaken or (
        asked.method == "POST" and (path == "/echo" or (path in PARTS and 400 <= answer.status < 500))
    )


def is_refusal(answer: Answer) -> bool:
    return answer.closes and (400 <= answer.status < 500 or answer.status in DEMANDED)


def check_requests(requests: list[Asked], talk: Heard) -> None:
    """What handlers got, and how often clients were told to go on."""
    seen = iter(talk.seen)
    for asked, answer in zip(requests, talk.answers, strict=False):
        if asked.is_refused:
            assert answer.status == 417
        else:
            check_request(asked, next(seen), answer)
    assert len(talk.answers) >= len(requests)
    assert len(list(seen)) <= 1
    assert talk.interim <= sum(asked.waits for asked in requests) + 1


def check_request(asked: Asked, seen: Seen, answer: Answer) -> None:
    path, _, query = asked.target.partition("?")
    assert (seen.method, seen.path, seen.query, seen.version) == (asked.method, path, query, asked.version)
    assert seen.lines == asked.lines
    if seen.body is None:
        assert path == "/form" or is_early(answer, asked)
    elif not is_early(answer, asked):
        assert (seen.body, seen.trailers) == (asked.body, asked.trailers)


# What was found


def posting(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def test_100_continue_never_comes_within_an_answer() -> None:
    talk = heard([posting("/echo", "Expect: 100-continue", "Content-Length: 2"), b"", b"a", b"", b"b"])
    assert talk.interim == 0
    assert [(answer.status, answer.content) for answer in talk.answers] == [(200, b"echo: ab")]


def test_the_end_of_a_body_and_what_follows_it_are_no_end_of_a_line() -> None:
    talk = heard([posting("/plain", "Content-Length: 1") + b"\r" + b"\n"])
    assert (talk.statuses, talk.closed) == ([200, 400], True)


@pytest.mark.parametrize("piece", [1000, 100_000])
def test_a_line_that_is_too_long_is_so_also_behind_an_empty_one(piece: int) -> None:
    stream = b"\r\n" + b"y" * 9000 + b"\r\n\r\n"
    assert heard(stream[at : at + piece] for at in range(0, len(stream), piece)).statuses == [501]


@pytest.mark.parametrize(
    ("pieces", "contents"),
    [
        ([posting("/echo", "Content-Length: 2"), b"a"], [None]),
        ([posting("/echo", "Transfer-Encoding: chunked"), b"1\r\na\r\n", b"x"], [None]),
        ([posting("/form", "Content-Type: multipart/form-data; boundary=b", "Content-Length: 9"), b"--nothing"], [400]),
    ],
    ids=["broken off", "malformed", "no form"],
)
def test_what_a_client_does_wrong_is_not_in_the_log(pieces: list[bytes], contents: list[int | None]) -> None:
    talk = heard(pieces, ends=True)  # which is told what was logged
    assert [answer.content and answer.status for answer in talk.answers] == contents
