"""The page of pyrt beside its peers: the newest kept run of each subject, drawn and as tables, and the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..reporting.pages.frame import Page, Source, details, printed_by, titled
from . import stored
from .plot import plot
from .runs import PeerRun


def _body(source: Source) -> str:
    return "".join(_subject(source, subject, runs) for subject, runs in stored.load(source.root).items())


def _subject(source: Source, subject: str, runs: Sequence[PeerRun]) -> str:
    newest, *earlier = runs
    picture = f"peers-{subject}.svg"
    (source.html / picture).write_text(plot(newest), encoding="utf-8")
    before = "".join(details(f"Run of {run.date:%Y-%m-%d %H:%M} UTC", _tables(source, run)) for run in earlier)
    # A file of its own: its style would be the whole page's.
    drawing = (
        f'<div class=scroll tabindex=0><a href="{picture}">'
        f'<img src="{picture}" alt="{escape(newest.yardstick.what)} beside {escape(newest.peers[0].name)}"></a></div>'
    )
    return (
        f'<section id="{escape(subject)}"><h2>{escape(subject)}: {escape(newest.yardstick.what)}</h2>\n{drawing}'
        f"{_tables(source, newest)}{printed_by(f'python -m benchmarks peers {subject}')}"
        f"{'<h3>Earlier runs</h3>' if before else ''}{before}</section>\n"
    )


def _tables(source: Source, run: PeerRun) -> str:
    heading = "".join(
        f"<dt>{escape(name)}</dt><dd>{_commit(source, text) if name == 'Commit' else escape(text)}</dd>"
        for name, text in run.heading()
    )
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in run.notes)
    return f"<dl>{heading}</dl>\n{notes}{''.join(titled(table) for table in run.tables())}"


def _commit(source: Source, text: str) -> str:
    """The commit as it was written down, as a link where this history has it."""
    short, _, rest = text.partition(",")
    whole = next((one for one in source.messages if one.startswith(short)), "")
    shown = f"<code>{escape(short)}</code>{escape(rest and f',{rest}')}"
    return f'<a href="{escape(source.address(whole))}">{shown}</a>' if whole else shown


PAGE = Page("peers.html", "Peers", "beside other libraries and servers", _body)
