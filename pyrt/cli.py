"""The command line: `pyrt serve module:app`, `pyrt routes module:app`, `pyrt openapi module:app`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import logging
import os
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from . import __version__
from .app import App
from .errors import PyrtError, UsageError
from .groups import RouteDeclaration
from .limits import Limits
from .request.hooks import PHASES

__all__ = ("load", "main")


def load(reference: str) -> App:
    """Import the app that `module:attribute` names, also from the current folder.

    Raises:
        UsageError: the module cannot be imported, or the attribute is missing or not an `App`.
    """
    module_name, mark, attribute = reference.partition(":")
    if not mark or not all(module_name.split(".")) or not attribute:
        raise UsageError(f"{reference!r} names no app; write module:app, such as examples.users:app")
    if "" not in sys.path:
        sys.path.insert(0, "")
    module = _imported(module_name)
    app = getattr(module, attribute, None)
    if not isinstance(app, App):
        raise UsageError(f"{reference!r} is {'missing' if app is None else repr(app)}; name a pyrt.App")
    return app


def _imported(name: str) -> ModuleType:
    """Import a module; an error in it becomes a UsageError of one line."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise UsageError(f"cannot import {name!r}: {error}; run pyrt in the folder that contains it") from None
        words = str(error) if isinstance(error, PyrtError) else traceback.format_exception_only(error)[-1]
        raise UsageError(f"cannot import {name!r}: {_place(error)}{' '.join(words.split())}") from None


def _place(error: Exception) -> str:
    """The place of an error: the innermost line outside pyrt, the standard library and installed packages."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    folders = [str(Path(__file__).parent), *map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))]
    others = ("<", *(f"{folder}{os.sep}" for folder in folders))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(others):
            return f"{frame.filename}:{frame.lineno}: "
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, or 2 after an error, which is printed."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        options.run(options)
    except (PyrtError, OSError) as error:
        print(f"pyrt: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(options: argparse.Namespace) -> None:
    from .serving.server import serve

    app = load(options.app)
    app.debug = app.debug or options.debug
    limits = dataclasses.replace(app.limits, **dict(options.limit))
    # Nothing else is printed to standard output if the access log goes there.
    where = sys.stderr if options.access_log == "-" else sys.stdout
    serve(
        app,
        options.host,
        options.port,
        lambda url: print(f"pyrt: serving on {url}", file=where, flush=True),
        limits=limits,
        access_log=options.access_log,
    )


def _routes(options: argparse.Namespace) -> None:
    app = load(options.app)
    app.freeze()
    rows: list[tuple[str, ...]] = [("METHOD", "PATH", "HANDLER", "HOOKS", "DEADLINE")]
    rows += [_row(method, route) for route in app.declared.routes for method in route.methods]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _openapi(options: argparse.Namespace) -> None:
    text = json.dumps(load(options.app).openapi(), indent=2)
    if options.output == "-":
        print(text)
    else:
        Path(options.output).write_text(text + "\n", encoding="ascii")


def _row(method: str, route: RouteDeclaration) -> tuple[str, ...]:
    handler = getattr(route.handler, "__qualname__", repr(route.handler))
    hooks = (f"{phase} {', '.join(each.name for each in route.hooks(phase))}" for phase in PHASES if route.hooks(phase))
    deadline_s = route.options["deadline_s"]
    deadline = "none" if deadline_s is None else f"{deadline_s:g} s"
    return method, route.path, handler, "; ".join(hooks) or "-", deadline


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyrt", description="A runtime for Python services.")
    parser.add_argument("--version", action="version", version=f"pyrt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="serve an app over HTTP", description="Serve an app over HTTP/1.1.")
    serving.set_defaults(run=_serve)
    serving.add_argument("app", metavar="module:app", help="module and name of the App, such as examples.users:app")
    serving.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serving.add_argument("--port", type=_port, default=8000, help="port (0: the system chooses; default: %(default)s)")
    serving.add_argument(
        "--access-log",
        metavar="FILE",
        default="",
        help="append a line of JSON per response to FILE; - is standard output (default: no access log)",
    )
    serving.add_argument(
        "--limit",
        metavar="NAME=NUMBER",
        type=_limit,
        action="append",
        default=[],
        help="replace a limit of the app, such as body_bytes=10000000; may be repeated. Limits: "
        f"{', '.join(_LIMITS)}. If one is given twice, its last value counts. See docs/ingress.md",
    )
    serving.add_argument("--debug", action="store_true", help="show clients the stack trace of an unexpected error")
    routes = commands.add_parser(
        "routes", help="list the routes of an app", description="List an app's routes, in order of declaration."
    )
    routes.set_defaults(run=_routes)
    routes.add_argument("app", metavar="module:app", help="module and name of the App, such as examples.users:app")
    openapi = commands.add_parser(
        "openapi",
        help="print the OpenAPI document of an app",
        description="Print an app's routes and schemas as an OpenAPI 3.1 document, in JSON.",
    )
    openapi.set_defaults(run=_openapi)
    openapi.add_argument("app", metavar="module:app", help="module and name of the App, such as examples.users:app")
    openapi.add_argument("--output", metavar="FILE", default="-", help="file to write (default: standard output)")
    return parser


_LIMITS = {field.name: field.type for field in dataclasses.fields(Limits)}


def _limit(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, int(number) if _LIMITS[name] == "int" else float(number)
    except KeyError:
        raise argparse.ArgumentTypeError(f"unknown limit {name!r}; the limits are {', '.join(_LIMITS)}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name} must be a number ({_LIMITS[name]}), got {number!r}") from None


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"the port must be a number from 0 to 65535, got {text!r}")
    return int(text)
