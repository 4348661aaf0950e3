"""What the verbs of `python -m benchmarks` have in common: exit codes, options, and writing their outcome."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..judging.comparison import write_whole

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


class Missed(click.ClickException):
    """A target or a gate is missed."""

    exit_code = 1


class WrongUse(click.ClickException):
    """There is nothing to do it with, or an argument is wrong."""

    exit_code = 2


class Invalid(click.ClickException):
    """The measurement itself, or what was made of it, is invalid."""

    exit_code = 3


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name what cannot be written: a wrong path is wrong use, a full disk is not. Nothing is half written."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        text = f"cannot write {path}: {error.strerror}; what stood there before is as it was"
        raise (Invalid if full else WrongUse)(text) from error


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write(path: Path, text: str) -> None:
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    with writing(path):
        write_whole(path, text.encode())
    click.echo(f"wrote {os.path.relpath(path)}", err=True)
