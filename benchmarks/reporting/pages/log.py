"""The page of the log: what was tried for speed, kept or not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..reasons import LOG
from .frame import Page, Source


def _body(source: Source) -> str:
    path = source.root / LOG
    if not path.is_file():
        return ""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Its own title would stand below the page's.
    tokens = reader.parse(path.read_text(encoding="utf-8").partition("\n")[2])
    _name_columns(tokens)
    text = re.sub(r"(<td[^>]*>)(.*?)</td>", r"\1<div>\2</div></td>", reader.renderer.render(tokens, reader.options, {}))
    return text.replace("<table>", "<div class=scroll tabindex=0><table>").replace("</table>", "</table></div>")


def _name_columns(tokens: Sequence[Token]) -> None:
    """Give each cell the heading of its column, which stands beside it on a phone."""
    headings: list[str] = []
    column = 0
    for token, inner in itertools.pairwise(tokens):
        if token.type == "thead_open":
            headings = []
        elif token.type == "th_open":
            headings.append(inner.content)
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            token.attrSet("data-column", headings[column])
            column += 1


PAGE = Page("perf-log.html", "Log", "what was tried for speed", _body)
