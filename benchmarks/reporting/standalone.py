"""A report as one HTML file that needs no other file and no network."""

from __future__ import annotations

import re
from html import escape

from .changes import MARKS
from .documents import Document
from .pages.style import STYLE
from .spark import Spark
from .tables import NOTHING, Table

SHORT = 20  # characters of a cell that does not break
MORE_STYLE = """
body { max-width: 84rem; } table { font-size: .88rem; } th, td { padding: .35rem .5rem; }
td:first-child { min-width: 11rem; } td.whole:first-child { min-width: 0; }
.headline { font-size: 1.15rem; font-weight: 600; } .warn { color: var(--c1); font-weight: 600; }
summary { font-weight: 600; } details { margin: 1rem 0; }
@media (max-width: 34rem) { td:first-child { min-width: 0; } td.nothing { display: none; } }
svg.spark { width: 6.5rem; height: 1.5rem; max-width: none; }
svg.spark polyline { stroke: var(--c0); stroke-width: 1.5; } svg.spark circle { fill: var(--c0); }
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
_MARK = f"^({'|'.join(MARKS.values())}) "


def html(shown: Document, *, first_section: str = "") -> str:
    """One file, light and dark, wide and narrow; *first_section* is HTML that stands before the tables."""
    title = escape(shown.title)
    heading = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in shown.heading())
    first, *rest = map(_coded, shown.notes())
    notes = "".join(f"<p class=note>{text}</p>\n" for text in rest if text)
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}{MORE_STYLE}</style></head>\n<body>\n"
        f"<h1>{title}</h1>\n<p class=headline>{first}</p>\n{notes}<dl>{heading}</dl>\n"
        f"{first_section}{''.join(map(_section, shown.sections()))}</body></html>\n"
    )


def _coded(text: str) -> str:
    """A sentence, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _section(table: Table) -> str:
    note = f"<p class=note>{_coded(table.note)}</p>" if table.note else ""
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
    kinds = [kind for word, kind in KINDS if re.match(rf"{word}(?!\w)", text)]
    kinds += ["whole"] * (len(text) <= SHORT) + ["nothing"] * (text == NOTHING)
    # A mark of Markdown is a colour here: not every machine has a font with it, and the word behind it says the same.
    inside = (isinstance(text, Spark) and text.svg()) or escape(
        re.sub(_MARK, "", text).replace(" %", "\N{NO-BREAK SPACE}%")
    )
    return f'<td data-column="{escape(column)}" class="{" ".join(kinds)}">{inside}</td>'
