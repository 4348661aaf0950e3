"""The page of profiles: what each folder of `.asv/profiles/` holds, by benchmark, copied beside the page.

A profile is a folder with `profile.json` (benchmark, commit, command, date) and any other files.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import msgspec

from .frame import Page, Source

FOLDER = Path(".asv", "profiles")  # not below results/: asv takes every .json there for a result
ABOUT, COPIES = "profile.json", "profiles"
KINDS = {
    "flamegraph.svg": "flame graph",
    "speedscope.json": "time by function, for speedscope",
    "components.json": "CPU by component",
    "memory.html": "memory, flame graph",
    "memory.bin": "memory, for memray",
    "gc.json": "garbage collections",
    "differential.svg": "flame graph of what grew",
    ABOUT: "what it is of",
}
SUFFIXES = {".svg": "picture", ".html": "page", ".json": "data", ".txt": "text", ".md": "text", ".folded": "stacks"}


class Profile(msgspec.Struct, frozen=True):
    """What a profile says of itself. `commit` is a full hash; where two are compared, the later one."""

    benchmark: str
    commit: str = ""
    command: str = ""
    date: str = ""


class Found(msgspec.Struct, frozen=True):
    """One folder: the profile, or why it cannot be read; `files` are relative to it."""

    folder: Path
    profile: Profile
    files: Sequence[Path]
    error: str = ""

    @property
    def name(self) -> str:
        return self.folder.name


def found(root: Path) -> list[Found]:
    """All profiles of a project, by benchmark, the newest first; those that cannot be read come last."""
    folders = (path.parent for path in (root / FOLDER).glob(f"*/{ABOUT}"))
    newest = sorted(map(_read, folders), key=lambda one: (one.profile.date, one.name), reverse=True)
    return sorted(newest, key=lambda one: (bool(one.error), one.profile.benchmark))


def paths(profiles: Iterable[Found], revisions: Mapping[str, int]) -> dict[str, str]:
    """Where the shell finds the newest profile of a benchmark, and of one at a revision (asv's number)."""
    by_key: dict[str, str] = {}
    for one in profiles:
        name, commit = one.profile.benchmark.partition("(")[0], one.profile.commit
        keys = [name, f"{name}@{revisions[commit]}"] if commit in revisions else [name]
        for key in keys if name else ():
            by_key.setdefault(key, f"{PAGE.file}#{quote(one.name)}")
    return by_key


def _read(folder: Path) -> Found:
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    try:
        return Found(folder, msgspec.json.decode((folder / ABOUT).read_bytes(), type=Profile), files)
    except (OSError, msgspec.MsgspecError) as error:
        return Found(folder, Profile(""), files, f"{folder.name}/{ABOUT} cannot be read: {error}. Profile again.")


def _body(source: Source) -> str:
    grouped = itertools.groupby(found(source.root), lambda one: one.profile.benchmark)
    return "".join(_benchmark(source, name, list(group)) for name, group in grouped)


def _benchmark(source: Source, name: str, group: Sequence[Found]) -> str:
    sections = "".join(f'<section id="{escape(one.name)}">{"".join(_profile(source, one))}</section>' for one in group)
    return f"<h2>{escape(name or 'Unreadable')}</h2>\n{sections}\n"


def _profile(source: Source, one: Found) -> Iterator[str]:
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


def _file(one: Found, path: Path) -> str:
    kind = KINDS.get(path.name) or SUFFIXES.get(path.suffix, "file")
    size = (one.folder / path).stat().st_size
    return (
        f'<li><a href="{_url(one, path)}">{escape(path.as_posix())}</a>: {kind}, {max(1, round(size / 1000)):,} kB</li>'
    )


def _url(one: Found, path: Path) -> str:
    return escape(quote(f"{COPIES}/{one.name}/{path.as_posix()}"))


PAGE = Page("profiles.html", "Profiles", "profiles by benchmark", _body)
