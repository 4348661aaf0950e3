"""What all pages of ours share: their looks, the navigation, tables, and links to commits and commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import NamedTuple

from .. import commits as histories
from ..report import Report, describe
from ..results import Commit
from ..tables import Table
from .style import STYLE

OPEN_ROWS = 30
WHOLE = 16
COMMITS = "commits.html"
NO_URL = "#"  # asv's own default of show_commit_url
_KINDS = (("met", "met"), ("missed", "missed"), ("not measured", "unmeasured"), ("failed", "missed"))


@dataclass(frozen=True)
class Source:
    """All that the pages are made from.

    Attributes:
        html: the folder of the site, for what lies beside a page.
        commit_url: what a commit's hash follows; empty where the project has no such place.
        messages: of every commit of the history, oldest first, by hash.
        message: what to say when there is no report.
    """

    project: str
    root: Path
    html: Path
    reports: Sequence[Report] = ()
    message: str = ""
    commit_url: str = ""
    messages: Mapping[str, histories.Message] = field(default_factory=dict)
    pins: Sequence[histories.PinChange] = ()

    def address(self, commit: str) -> str:
        """Where a commit is shown: the project's own place for it, else our page of commits."""
        return f"{self.commit_url}{commit}" if self.commit_url else f"{COMMITS}#{commit}"

    def link(self, commit: Commit) -> str:
        return f'<a class=whole href="{escape(self.address(commit.hash))}"><code>{commit.short}</code></a>'

    def described(self, commit: Commit) -> str:
        """A commit as `report.describe` has it, its hash as a link."""
        return f"{self.link(commit)}{escape(describe(commit).removeprefix(commit.short))}"

    def marks(self, commits: Sequence[Commit]) -> list[tuple[int, str]]:
        return list(histories.marks(self.pins, list(self.messages), commits))

    @cached_property
    def pins_of(self) -> dict[str, histories.PinChange]:
        return {change.commit: change for change in self.pins}


class Page(NamedTuple):
    """One page of ours. `body` is HTML, empty where there is nothing to show yet: then there is no page."""

    file: str
    label: str
    title: str
    body: Callable[[Source], str]


class Html(str):
    """Text that is HTML already; a cell of anything else is escaped."""

    __slots__ = ()


def document(page: Page, body: str, project: str, links: Iterable[Page]) -> str:
    """A whole page, which needs no other file to be read."""
    title = escape(f"{project}: {page.title}")
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<style>{STYLE}</style></head>\n<body>\n"
        f"{navigation(links, page.file)}\n<h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def navigation(links: Iterable[Page], current: str = "index.html", style: str = "") -> str:
    """The pages there are, the graphs first; the same on every page, the shell's bar included."""
    all_links = [("index.html", "All graphs"), *((page.file, page.label) for page in links)]
    items = "".join(
        f'<a href="{file}"{" aria-current=page" if file == current else ""}{style}>{escape(label)}</a>'
        for file, label in all_links
    )
    return f'<nav class="pages" aria-label="Pages">{items}</nav>'


def per_machine(section: Callable[[Source, Report], str]) -> Callable[[Source], str]:
    """A page's body: the sections of all machines that have something to show, each under its machine's name."""

    def body(source: Source) -> str:
        found = [(report, text) for report in source.reports if (text := section(source, report))]
        jumps = ", ".join(f'<a href="#{anchor(one)}">{escape(one.measured.name)}</a>' for one, _ in found)
        machines = f"<p>Machines: {jumps}</p>" if len(found) > 1 else ""
        return machines + "".join(
            f'<section id="{anchor(report)}"><h2>Machine {escape(report.measured.name)}</h2>\n{text}</section>\n'
            for report, text in found
        )

    return body


def anchor(report: Report) -> str:
    return escape(f"machine-{report.measured.name}".replace(" ", "-"))


def printed_by(*commands: str) -> str:
    """Names the command that prints the figures above or below it."""
    return f"<p class=note>Printed by {' or '.join(f'<code>{escape(one)}</code>' for one in commands)}.</p>\n"


def asv_show(machine: str, name: str, commit: str = "COMMIT") -> str:
    return f"asv show {commit} --machine {machine} --bench {name}"


def titled(table: Table) -> str:
    """A table under its title, closed where it is long."""
    note = f"<p class=note>{escape(table.note)}</p>" if table.note else ""
    if not table.rows:
        return f"<h3>{escape(table.title)}</h3>{note}<p class=unmeasured>{escape(table.empty)}</p>\n"
    return f"<h3>{escape(table.title)}</h3>{note}{closed(len(table.rows), grid(table.columns, table.rows))}\n"


def closed(rows: int, table: str, *, words: str = "") -> str:
    """The table itself while it is short, else behind a line that says how long it is."""
    return table if rows <= OPEN_ROWS and not words else details(words or f"{rows} rows", table)


def details(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def grid(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=scroll tabindex=0>{table}</div>"


def _cell(column: str, text: str) -> str:
    kinds = [kind for word, kind in _KINDS if text.startswith(word)] + ["whole"] * (len(text) <= WHOLE)
    shown = text if isinstance(text, Html) else escape(text)
    return f'<td data-column="{escape(column)}" class="{" ".join(kinds)}"><div>{shown}</div></td>'
