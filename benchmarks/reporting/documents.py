"""What a report needs to become a document: Markdown, or HTML that needs no other file and no network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Protocol

from . import tables
from .page import STYLE
from .spark import Spark
from .tables import Heading, Table

SHORT = 16  # characters of a cell that does not break
MORE_STYLE = """
.headline { font-size: 1.15rem; font-weight: 600; } .warn { color: var(--p95); font-weight: 600; }
summary { font-weight: 600; } details { margin: 1rem 0; }
svg.spark { width: 7.5rem; height: 1.5rem; max-width: none; }
svg.spark polyline { stroke: var(--p50); stroke-width: 1.5; } svg.spark circle { fill: var(--p50); }
"""
KINDS = (
    ("met", "met"),
    ("missed", "missed"),
    ("not measured", "unmeasured"),
    ("failed", "missed"),
    ("fails", "missed"),
    ("❌", "missed"),
    ("⚠️", "warn"),
    ("🔸", "warn"),
    ("✅", "met"),
)


class Document(Protocol):
    """What is shown: a title, what the figures are of, sentences with the most important first, and all tables."""

    @property
    def title(self) -> str: ...

    def heading(self) -> Heading: ...

    def notes(self) -> Sequence[str]: ...

    def sections(self) -> Sequence[Table]: ...


def markdown(shown: Document, sections: Sequence[Table] | None = None) -> str:
    """GitHub-flavoured Markdown; of other sections than its own where they are given."""
    first, *rest = map(tables.escaped, shown.notes())
    notes = (f"**{first}**", *filter(None, rest))
    return tables.markdown(shown.title, shown.heading(), notes, shown.sections() if sections is None else sections)


def html(shown: Document) -> str:
    """One file, light and dark, wide and narrow."""
    title = escape(shown.title)
    heading = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in shown.heading())
    first, *rest = shown.notes()
    notes = "".join(f"<p class=note>{escape(text)}</p>\n" for text in rest if text)
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}{MORE_STYLE}</style></head>\n<body>\n"
        f"<h1>{title}</h1>\n<p class=headline>{escape(first)}</p>\n{notes}<dl>{heading}</dl>\n"
        f"{''.join(map(_section, shown.sections()))}</body></html>\n"
    )


def _section(table: Table) -> str:
    note = f"<p class=note>{escape(table.note)}</p>" if table.note else ""
    grid = _grid(table) if table.rows else f"<p class=unmeasured>{escape(table.empty)}</p>"
    if table.folded:
        summary = f"<summary>{escape(table.title)} ({len(table.rows)})</summary>"
        return f"<details>{summary}{note}{grid}</details>\n"
    return f"<h2>{escape(table.title)}</h2>{note}{grid}\n"


def _grid(table: Table) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in table.columns)
    body = "".join(f"<tr>{''.join(map(_cell, table.columns, row))}</tr>" for row in table.rows)
    return f"<div class=scroll tabindex=0><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(column: str, text: str) -> str:
    kinds = [kind for word, kind in KINDS if re.match(rf"{word}(?!\w)", text)] + ["whole"] * (len(text) <= SHORT)
    inside = (isinstance(text, Spark) and text.svg()) or escape(text)
    return f'<td data-column="{escape(column)}" class="{" ".join(kinds)}">{inside}</td>'
