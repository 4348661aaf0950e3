"""What the verbs of `python -m benchmarks` have in common: exit codes, options, and telling their outcome."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..harness.atomic import write_whole
from ..judging.errors import Invalid, WrongUse

if TYPE_CHECKING:
    from ..reporting.tables import Heading, Table

EXIT_CODES = """\b
Exit codes:
  0  fine
  1  a target or a gate missed
  2  wrong use: nothing to do it with, or an argument is wrong
  3  the measurement itself is invalid: a benchmark failed
"""

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE_OR_OUTPUT = click.Path(path_type=Path, dir_okay=False, allow_dash=True)

json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=FILE_OR_OUTPUT,
    help="Write the outcome as JSON to FILE (- for standard output).",
)
markdown_option = click.option(
    "--markdown",
    "markdown_file",
    metavar="FILE",
    type=FILE_OR_OUTPUT,
    help="Write the report as Markdown to FILE (- for standard output).",
)


class Missed(Exception):
    """A target or a gate is missed."""


def say(text: str) -> None:
    """A step of a verb, on standard error."""
    click.echo(f"==> {text}", err=True)


def progress() -> Callable[[str], None]:
    """Says each step with the seconds since the start."""
    start = time.monotonic()
    return lambda text: say(f"[{time.monotonic() - start:4.0f} s] {text}")


def to_output(*files: Path | None) -> bool:
    """Whether one of the files is standard output, which then holds nothing else."""
    return "-" in map(str, files)


def answer(json_file: Path | None, value: Any, text: str) -> None:
    """The outcome as JSON, where that is asked for, and in words."""
    write_json(json_file, value)
    if not to_output(json_file):
        click.echo(text)


def show(heading: Heading, note: str, tables: Iterable[Table], markdown: str, last: str = "") -> None:
    """A report for people: coloured tables on a terminal, Markdown in a pipe."""
    from ..reporting import tables as shown

    if sys.stdout.isatty():
        shown.show(heading, note, tables, last)
    else:
        click.echo(markdown, nl=False)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name what cannot be written: a wrong path is wrong use, a full disk is not. Nothing is half written."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        text = f"cannot write {path}: {error.strerror}; what stood there before is as it was"
        raise (Invalid if full else WrongUse)(text) from error


def write_json(path: Path | None, value: Any) -> None:
    """Write it as JSON where that is asked for; a figure that JSON cannot hold is an error then alone."""
    if path is not None:
        write(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write(path: Path | None, text: str) -> None:
    """Write it where it is asked for."""
    if to_output(path):
        click.echo(text, nl=False)
    elif path is not None:
        with writing(path):
            write_whole(path, text.encode())
        click.echo(f"wrote {os.path.relpath(path)}", err=True)
