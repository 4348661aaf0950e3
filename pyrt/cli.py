"""The command line: `pyrt serve module:app`."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence

from . import __version__
from .app import App
from .errors import PyrtError, UsageError

__all__ = ("load", "main")


def load(reference: str) -> App:
    """The app that `module:attribute` names; the current folder is importable.

    Raises:
        UsageError: it is not there, or not an `App`.
    """
    module_name, mark, attribute = reference.partition(":")
    if not mark or not module_name or not attribute:
        raise UsageError(f"{reference!r} is not of the form module:app, such as examples.users:app")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(f"cannot import {module_name!r}: {error}; run from the folder that holds it") from None
    app = getattr(module, attribute, None)
    if not isinstance(app, App):
        raise UsageError(f"{reference!r} is {'missing' if app is None else repr(app)}, not a pyrt.App")
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, or 2 for wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return _serve(options)
    except (PyrtError, OSError) as error:
        print(f"pyrt: {error}", file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace) -> int:
    from .serving.server import serve

    serve(
        load(options.app),
        options.host,
        options.port,
        lambda url: print(f"pyrt: serving on {url}", flush=True),
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyrt", description="A runtime for Python services.")
    parser.add_argument("--version", action="version", version=f"pyrt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="serve an app over HTTP", description="Serve an app over HTTP/1.1.")
    serving.add_argument("app", metavar="module:app", help="where the App is, such as examples.users:app")
    serving.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serving.add_argument("--port", type=_port, default=8000, help="0 lets the system choose (default: %(default)s)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is from 0 to 65535, got {port}")
    return port
