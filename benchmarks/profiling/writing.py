"""The files of a profile: the page and the same as text, JSON, flame graph, stacks for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import msgspec

from ..harness.atomic import write_whole
from ..reporting import documents, standalone
from . import flame
from .differential import Change, StackedDifferential
from .showing import ShownDifferential, ShownProfile
from .single import StackedProfile
from .stacks import Stacks, folded

LINKS = {
    "profile.md": "this page as text",
    "profile.json": "all figures",
    "flamegraph.svg": "the picture alone",
    "folded.txt": "stacks by microseconds per call",
    "instructions.txt": "stacks by instructions per call",
    "speedscope.json": "the same for speedscope.app",
    "memory.html": "memory, flame graph",
    "differential.svg": "the picture alone",
    "differential.txt": "stacks of both commits, by instructions or microseconds per call",
}


def write_single(made: StackedProfile, folder: Path) -> Path:
    """Write all of it into *folder*; the path of its page. Raises OSError."""
    files = {
        "folded.txt": folded(made.times),
        "instructions.txt": folded(made.instructions),
        "speedscope.json": speedscope(made.profile.benchmark, {"microseconds": made.times, "none": made.instructions}),
        "flamegraph.svg": pictures(made)[0][1].svg() if pictures(made) else "",
        "profile.md": documents.markdown(ShownProfile(made.profile)),
    }
    for file, text in files.items():
        if text:
            write_whole(folder / file, text.encode())
    write_json(folder / "profile.json", made.profile)
    return write_page(folder, ShownProfile(made.profile), pictures(made))


def pictures(made: StackedProfile) -> list[tuple[str, flame.Picture]]:
    """A flame graph each of time and instructions, where there are any."""
    both = (("Time", "us", made.times), ("Instructions", "instructions", made.instructions))
    return [(title, flame.Picture(flame.tree(stacks), unit)) for title, unit, stacks in both if stacks]


def write_page(folder: Path, shown: documents.Document, drawn: Sequence[tuple[str, flame.Picture]]) -> Path:
    """index.html with the pictures, the tables, and links to the other files of the folder. Raises OSError."""
    here = [(name, text) for name, text in LINKS.items() if (folder / name).exists()]
    links = "".join(f'<li><a href="{name}">{name}</a>: {escape(text)}</li>' for name, text in here)
    hints = [_hint(one) for _, one in drawn[:1]] + [""] * len(drawn)
    graphs = "".join(
        f"<h2>{escape(title)}, flame graph</h2>{hint}{one.svg(alone=False)}"
        for (title, one), hint in zip(drawn, hints, strict=False)
    )
    first = f"<style>{flame.STYLE}</style>{graphs}<script>{flame.SCRIPT}</script><h2>Files</h2><ul>{links}</ul>\n"
    write_whole(folder / "index.html", standalone.html(shown, first_section=first).encode())
    return folder / "index.html"


def _hint(picture: flame.Picture) -> str:
    said = "Wide as its cost per call; the benchmark on top, below a function what it calls. A click widens one."
    if picture.moved is not None:
        said += (
            " Widths are those of head. Red grew by itself and beyond noise, blue shrank; what is gone is in the table."
        )
    return f"<p class=note>{said}</p>"


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Raises OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def speedscope(name: str, weighed: Mapping[str, Stacks]) -> str:
    """Stacks as speedscope reads them: a profile for each unit that has any."""
    names = sorted({frame for stacks in weighed.values() for stack in stacks for frame in stack})
    places = {frame: at for at, frame in enumerate(names)}
    profiles = [
        {
            "type": "sampled",
            "name": f"{name}, {'instructions' if unit == 'none' else unit} per call",
            "unit": unit,
            "startValue": 0,
            "endValue": sum(stacks.values()),
            "samples": [[places[frame] for frame in stack] for stack in sorted(stacks)],
            "weights": [stacks[stack] for stack in sorted(stacks)],
        }
        for unit, stacks in weighed.items()
        if stacks
    ]
    shared = {"frames": [{"name": frame} for frame in names]}
    schema = "https://www.speedscope.app/file-format-schema.json"
    return json.dumps({"$schema": schema, "name": name, "shared": shared, "profiles": profiles})


def write_differential(made: StackedDifferential, folder: Path) -> Path:
    """Write all of it into *folder*; the path of its page. Raises OSError."""
    drawn = differing_pictures(made)
    best = made.instructions if made.instructions[0] else made.times
    files = {
        "differential.svg": drawn[0][1].svg() if drawn else "",
        "differential.txt": folded_pairs(*best),
        "profile.md": documents.markdown(ShownDifferential(made.differential)),
    }
    for file, text in files.items():
        if text:
            write_whole(folder / file, text.encode())
    write_json(folder / "profile.json", made.differential)
    return write_page(folder, ShownDifferential(made.differential), drawn)


def differing_pictures(made: StackedDifferential) -> list[tuple[str, flame.Picture]]:
    """A differential flame graph each of instructions and time, where there are any."""
    frames = made.differential.frames
    counted = {one.name for one in frames if one.by_instructions is not Change.SAME}
    timed = {one.name for one in frames if one.by_time is not Change.SAME}
    both = (
        ("Instructions", "instructions", made.instructions, counted),
        ("Time", "us", made.times, timed),
    )
    compared = [(title, unit, flame.tree(head, base), moved) for title, unit, (base, head), moved in both if head]
    return [(title, flame.Picture(top, unit, moved)) for title, unit, top, moved in compared]


def folded_pairs(base: Stacks, head: Stacks) -> str:
    """One stack a line, `frame;frame base head`, as difffolded.pl writes them."""
    lines = (
        f"{';'.join(stack)} {base.get(stack, 0):.3f} {head.get(stack, 0):.3f}\n"
        for stack in sorted(base.keys() | head.keys())
    )
    return "".join(lines)
