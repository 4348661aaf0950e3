"""The page of commits: what each measured one says of itself, what it changed in the pins, and how to see it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..commits import Message
from .frame import Page, Source, details


def _body(source: Source) -> str:
    measured = {commit.hash for report in source.reports for commit in report.measured.commits}
    wanted = [one for one in source.messages.values() if one.hash in measured or one.hash in source.pins_of]
    about = f"{len(measured)} commits are measured; the newest stands first, among those that changed pins."
    return f"<p>{about}</p>\n{''.join(_commit(source, one) for one in reversed(wanted))}" if measured else ""


def _commit(source: Source, one: Message) -> str:
    return f'<section id="{one.hash}">{"".join(_parts(source, one))}</section>\n'


def _parts(source: Source, one: Message) -> Iterator[str]:
    yield f"<h3>{escape(one.subject)}</h3><p class=note>{one.date} <code>git show {one.hash}</code>"
    if source.commit_url:
        yield f' <a href="{escape(source.address(one.hash))}">the change</a>'
    yield "</p>"
    if change := source.pins_of.get(one.hash):
        yield f"<p>Pins changed: {escape('; '.join(change.words()))}.</p>"
    if one.body:
        yield details("Message", f"<pre>{escape(one.body)}</pre>")


PAGE = Page("commits.html", "Commits", "the commits that are measured", _body)
