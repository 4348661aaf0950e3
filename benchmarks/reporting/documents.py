"""What a report needs to become a document, and how it becomes Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from . import tables
from .tables import Heading, Table


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
