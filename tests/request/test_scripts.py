import linecache
import textwrap
import traceback
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrt import App, Query
from pyrt.request import scripts
from pyrt.request.scripts import Script
from pyrt.testing import TestClient

# Names that generated functions use themselves, and names that look like them.
OWN = (
    "context",
    "answer",
    "result",
    "response",
    "at",
    "every",
    "of",
    "function",
    "function_",
    "make",
    "run",
    "HANDLER",
)
LIKE_OWN = ("given_at", "value_at", "value_context", "refusal", "isawaitable", "ValidationError", "pools", "call")


class NewUser(msgspec.Struct):
    name: str


def run_of(app: App, path: str = "/") -> Any:
    return next(route.value.run for route in app.freeze().router if route.path == path)


def source_of(function: Any) -> str:
    return "".join(linecache.getlines(function.__code__.co_filename))


def test_a_script_becomes_a_function_that_sees_its_values() -> None:
    script = Script("def add(a)")
    script.add(f"return a + {script.name('value', 2)} + {script.name('value', 3)} + {script.name('value', 2)}")
    assert script.function("add")(1) == 8


def test_the_example_in_the_docstring_is_what_its_route_becomes() -> None:
    text = scripts.__doc__ or ""
    declared = text.partition("one after:\n")[2].partition("\nThis is its")[0]
    written = text.partition("and `stamp`:\n")[2].partition("\nThree modules")[0]
    app = App()
    exec(textwrap.dedent(declared), {"app": app, "NewUser": NewUser, "Query": Query})
    inner = source_of(run_of(app, "/teams/{team:int}/users")).split("\n", 1)[1].rpartition("    return run")[0]
    assert textwrap.dedent(inner).strip() == textwrap.dedent(written).strip()


def test_routes_of_one_shape_share_their_code_and_keep_their_own_values() -> None:
    app = App()
    app.get("/a")(lambda: "a")
    app.get("/b")(lambda: "b")
    app.get("/c", status=201)(lambda: "c")
    one, same, other = (run_of(app, path) for path in ("/a", "/b", "/c"))
    assert one.__code__ is same.__code__
    assert one.__code__ is not other.__code__
    assert one.__closure__ != same.__closure__


@pytest.mark.parametrize("way", ["path", "query"])
@given(names=st.lists(st.sampled_from(OWN + LIKE_OWN), min_size=1, max_size=6, unique=True))
async def test_parameters_may_have_any_name_that_generated_functions_use(way: str, names: list[str]) -> None:
    app, space = App(), {"Query": Query}
    parameters = ", ".join(f"{name}: Query[int]" if way == "query" else name for name in names)
    exec(f"async def handler({parameters}): return [{', '.join(names)}]", space)
    app.get("/" + "/".join(f"{{{name}:int}}" for name in names) if way == "path" else "/")(space["handler"])  # type: ignore[type-var]
    path = "/" + "/".join(map(str, range(len(names))))
    query = "/?" + "&".join(f"{name}={at}" for at, name in enumerate(names))
    assert (await TestClient(app).get(path if way == "path" else query)).value == [*range(len(names))]


@pytest.mark.parametrize("name", ["it's", 'a "b"', "{context}", "a\nb", "\\", "'''"])
async def test_a_hooks_name_may_have_any_characters(name: str) -> None:
    app = App()

    @app.before(name=name, critical=False, timeout_s=1)
    async def fails() -> None:
        raise RuntimeError

    app.get("/")(lambda: "ok")
    assert (await TestClient(app).get("/")).text == "ok"
    assert app.gctx.hook_failures == {name: 1}


def test_a_trace_shows_the_line_that_failed() -> None:
    script = Script("def fail()")
    script.add("number = 0", "return 1 / number")
    function = script.function("fail")
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as caught:
        function()
    assert "return 1 / number" in "".join(traceback.format_exception(caught.value))


async def test_the_trace_of_a_failing_request_ends_in_the_handler_and_shows_who_called_it() -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise RuntimeError("of the handler")

    with pytest.raises(RuntimeError, match="of the handler") as caught:
        await TestClient(app).get("/")
    *_, generated, last = traceback.extract_tb(caught.value.__traceback__)
    assert (last.filename, last.name, last.lineno) == (__file__, "handler", handler.__code__.co_firstlineno + 2)
    assert (generated.name, generated.line) == ("run", "result = await function()")
