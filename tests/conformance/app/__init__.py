"""The app under test: every feature of the request path, one small route each. Loaded anew for each edge."""

from tests.conformance.app import answers, errors, hooks, inputs, lifecycle, promises
from tests.conformance.app.declared import app
from tests.conformance.app.slashes import ignoring, redirecting

__all__ = ("answers", "app", "errors", "hooks", "ignoring", "inputs", "lifecycle", "promises", "redirecting")
