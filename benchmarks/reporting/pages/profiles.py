"""The page of profiles: what each folder of `.asv/profiles/` holds, by benchmark, copied beside the page."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from ..stored_profiles import ABOUT, StoredProfile, load
from .frame import Page, Source

COPIES = "profiles"
KINDS = {
    "index.html": "all of it on one page",
    "flamegraph.svg": "flame graph",
    "speedscope.json": "time by function, for speedscope",
    "folded.txt": "stacks by microseconds per call",
    "instructions.txt": "stacks by instructions per call",
    "memory.html": "memory, flame graph",
    "differential.svg": "flame graph of what grew",
    "differential.txt": "stacks of both commits",
    ABOUT: "what it is of",
}
SUFFIXES = {".svg": "picture", ".html": "page", ".json": "data", ".txt": "text", ".md": "text", ".folded": "stacks"}


def paths(profiles: Iterable[StoredProfile], revisions: Mapping[str, int]) -> dict[str, str]:
    """Where the shell finds the newest profile of a benchmark, and of one at a revision (asv's number)."""
    by_key: dict[str, str] = {}
    for one in profiles:
        name, commit = one.profile.benchmark.partition("(")[0], one.profile.commit
        keys = [name, f"{name}@{revisions[commit]}"] if commit in revisions else [name]
        for key in keys if name else ():
            by_key.setdefault(key, f"{PAGE.file}#{quote(one.name)}")
    return by_key


def _body(source: Source) -> str:
    grouped = itertools.groupby(load(source.root), lambda one: one.profile.benchmark)
    return "".join(_benchmark(source, name, list(group)) for name, group in grouped)


def _benchmark(source: Source, name: str, group: Sequence[StoredProfile]) -> str:
    sections = "".join(f'<section id="{escape(one.name)}">{"".join(_profile(source, one))}</section>' for one in group)
    return f"<h2>{escape(name or 'Unreadable')}</h2>\n{sections}\n"


def _profile(source: Source, one: StoredProfile) -> Iterator[str]:
    copies = source.html / COPIES / one.name
    shutil.copytree(one.folder, copies, dirs_exist_ok=True)
    commit = one.profile.commit
    subject = source.messages[commit].subject if commit in source.messages else ""
    shown = f"<code>{escape(commit[:8])}</code>"
    link = f'<a href="{escape(source.address(commit))}">{shown}</a>' if subject else shown
    yield f"<h3>{link} {escape(subject)}</h3>" if commit else f"<h3>{escape(one.name)}</h3>"
    yield f"<p class=missed>{escape(one.error)}</p>" if one.error else f"<p class=note>{escape(one.profile.date)}</p>"
    pictures = [path for path in one.files if path.suffix == ".svg"][:1]
    yield from (
        f'<div class=scroll tabindex=0><img loading=lazy alt="" src="{_url(one, path)}"></div>' for path in pictures
    )
    yield f"<ul>{''.join(_file(one, path) for path in one.files)}</ul>"
    if one.profile.command:
        yield f"<p class=note>Made by <code>{escape(one.profile.command)}</code>.</p>"


def _file(one: StoredProfile, path: Path) -> str:
    kind = KINDS.get(path.name) or SUFFIXES.get(path.suffix, "file")
    size = (one.folder / path).stat().st_size
    return (
        f'<li><a href="{_url(one, path)}">{escape(path.as_posix())}</a>: {kind}, {max(1, round(size / 1000)):,} kB</li>'
    )


def _url(one: StoredProfile, path: Path) -> str:
    return escape(quote(f"{COPIES}/{one.name}/{path.as_posix()}"))


PAGE = Page("profiles.html", "Profiles", "profiles by benchmark", _body)
