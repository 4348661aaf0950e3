"""Figures and tables for people: three digits, a fitting unit, and GitHub-flavoured Markdown."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

NOTHING = "-"
Heading = Iterable[tuple[str, str]]
"""What figures are of: machine, commit, Python, each with its name."""

_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes")),
}


@dataclass(frozen=True)
class Table:
    """A titled table of ready-made text; every row is as long as `columns`.

    Attributes:
        folded: closed until somebody opens it, where a document can do that.
        empty: what stands in place of no rows.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    folded: bool = False
    empty: str = "Nothing measured yet."

    def trimmed(self) -> Table:
        """Without the columns in which no row says anything."""
        said = [any(row[at] not in ("", NOTHING) for row in self.rows) for at in range(len(self.columns))]
        kept = [list(itertools.compress(row, said)) for row in (self.columns, *self.rows)]
        return replace(self, columns=kept[0], rows=kept[1:]) if self.rows else self


def human(value: float | None, unit: str) -> str:
    """A figure for people: three digits and a fitting unit. None is `failed`, NaN is `n/a`."""
    if value is None:
        return "failed"
    if not math.isfinite(value):
        return "n/a"
    if "instructions" in unit:
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    if unit == "ratio":
        return f"{digits(value)}x" if value >= 0.1 or value == 0 else percent(value)
    size, name = scale(value, unit)
    return f"{digits(value / size)}{name}"


def scale(value: float, unit: str) -> tuple[float, str]:
    """The size of the unit that fits a figure, and how it is written behind it: `(1e-6, " us")`."""
    scales = _SCALES.get({"seconds": "s"}.get(unit, unit))
    if scales:
        # 999.6 us would round to 1,000 us; from there on the larger unit reads better.
        size, name = next((pair for pair in scales if abs(value) >= 0.9995 * pair[0]), scales[-1])
        return size, f" {name}"
    return 1.0, "/s" if unit == "1/s" else f" {unit}".rstrip()


def digits(value: float) -> str:
    """A number with three digits, or all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 99.95 or value == round(value) else f"{value:.3g}"


def percent(share: float) -> str:
    """A share of one, in percent with two digits."""
    value = 100 * share
    return f"{value:.0f} %" if abs(value) >= 9.95 else f"{value:.1f} %" if abs(value) >= 0.095 else f"{value:.1g} %"


def markdown(title: str, heading: Heading, notes: Iterable[str], tables: Iterable[Table]) -> str:
    """A document: its title, what its figures are of, notes, and a section for each table."""
    about = "\n".join(f"- {name}: {escaped(text)}" for name, text in heading)
    return "\n\n".join([f"# {title}", about, *notes, *map(_section, tables)]) + "\n"


def show(heading: Heading, note: str, tables: Iterable[Table], last: str = "") -> None:
    """The same on a terminal, in colour."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    for name, text in heading:
        console.print(Text.assemble((f"{name:9} ", "dim"), text))
    console.print(Text(note, style="dim"))
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left", title_style="bold")
        for column in table.columns:
            shown.add_column(column, overflow="fold")
        for row in table.rows:
            shown.add_row(*(Text(cell, style=_style(cell)) for cell in row))
        console.print()
        console.print(shown if table.rows else Text(f"{table.title}: {table.empty}", style="dim"))
    if last:
        console.print(Text(last, style="bold"))


def _style(cell: str) -> str:
    return next((style for word, style in _STYLES if cell.startswith(word)), "")


_STYLES = (
    ("met", "green"),
    ("missed", "bold red"),
    ("failed", "bold red"),
    ("not measured", "dim"),
    ("skipped", "dim"),
    ("❌", "bold red"),
    ("⚠️", "bold yellow"),
    ("✅", "green"),
)


def _section(table: Table) -> str:
    note = f"{table.note}\n\n" if table.note else ""
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    rows = "\n".join("| " + " | ".join(escaped(cell) for cell in line) + " |" for line in lines)
    body = f"{note}{rows if table.rows else table.empty}".rstrip()
    if table.folded:
        return f"<details><summary>{table.title} ({len(table.rows)})</summary>\n\n{body}\n\n</details>"
    return f"## {table.title}\n\n{body}"


def escaped(text: str) -> str:
    """Text as Markdown that opens no tag, cell or link, and calls nobody; `< 5 ms` and `name@commit` stay."""
    text = re.sub(r"[\\|]", r"\\\g<0>", " ".join(text.split()))
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text).replace("](", "]\\(").replace("][", "]\\[")
    return re.sub(r"(?<![A-Za-z0-9_])@(?=\w)", "@\u200b", text)
