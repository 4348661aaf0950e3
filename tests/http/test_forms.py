import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import App, HttpError, Limits, LocalContext, Request, UsageError
from pyrt.errors import ProtocolError
from pyrt.http.forms import Form, Upload, read_form
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import MemoryTransport, TestClient

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"

Plain = list[tuple[Any, ...]]


async def parts(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    ends = sorted({cut % (len(body) + 1) for cut in cuts} | {len(body)})
    for start, end in zip([0, *ends], ends, strict=False):
        if start < end:
            yield body[start:end]


async def plain(form: Form) -> Plain:
    """The fields of a form, of its files the name, type and content; it is closed."""
    found: Plain = []
    for name, value in form.fields:
        if isinstance(value, str):
            found.append((name, value))
            continue
        found.append((name, value.filename, value.content_type, await value.read()))
        assert value.size == len(found[-1][3])
    form.close()
    return found


def fields(body: bytes, content_type: str = MULTIPART, cuts: list[int] | None = None, **limits: int) -> Plain | int:
    """The fields that are read of a body that comes in parts, or the status that it is answered with."""
    request = Request("POST", "/", {"content-type": content_type} if content_type else {})
    request.body = parts(body, cuts or [])

    async def read() -> Plain:
        return await plain(await read_form(request, Limits(**limits)))

    try:
        return asyncio.run(read())
    except HttpError as error:
        return error.status


def part(disposition: str = 'form-data; name="a"', body: bytes = b"x", more: bytes = b"") -> bytes:
    return b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n" + more + b"\r\n" + body + b"\r\n"


def every_cut(body: bytes) -> Iterator[list[int]]:
    yield []
    yield list(range(len(body)))
    yield from ([cut] for cut in range(1, len(body)))


# Which forms there are


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("application/json", 415),
        ("text/plain", 415),
        ("multipart/mixed; boundary=b", 415),
        ("application/x-www-form-urlencoded-not", 415),
        (f"{URLENCODED}; charset=iso-8859-1", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        (f"multipart/form-data; boundary={'b' * 300}", 400),
    ],
)
def test_a_body_that_is_no_form_is_refused(content_type: str, status: int) -> None:
    assert fields(b"", content_type) == status


@pytest.mark.parametrize("content_type", [URLENCODED.upper(), f"{URLENCODED} ; charset=UTF-8", f"{URLENCODED};x=y"])
def test_a_content_type_is_read_by_its_grammar(content_type: str) -> None:
    assert fields(b"a=1", content_type) == [("a", "1")]


@pytest.mark.parametrize("content_type", ['Multipart/Form-Data; Boundary="b"', "multipart/form-data;x=y; boundary=b"])
def test_so_is_a_boundary(content_type: str) -> None:
    assert fields(part() + b"--b--", content_type) == [("a", "x")]


# application/x-www-form-urlencoded


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        (b"a&b=&=c", [("a", ""), ("b", ""), ("", "c")]),
        (b"a=b=c;d", [("a", "b=c;d")]),
        (b"a+b=%2B+%26%3D", [("a b", "+ &=")]),
        (b"a=%00%c3%a9", [("a", "\0é")]),
        (b"a=%zz%", [("a", "%zz%")]),
        (b"a=%ff", 400),
        (b"%ff=a", 400),
        ("a=é".encode(), 400),
    ],
)
def test_a_urlencoded_form(body: bytes, expected: Plain | int) -> None:
    assert fields(body, URLENCODED) == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=8), st.lists(st.integers(0), max_size=4))
def test_what_urllib_encodes_is_read_as_it_was(sent: list[tuple[str, str]], cuts: list[int]) -> None:
    assert fields(urlencode(sent).encode(), URLENCODED, cuts) == sent


# multipart/form-data


def by_httpx(texts: dict[str, list[str]], files: list[tuple[str, tuple[str, bytes, str]]]) -> tuple[bytes, str]:
    sent = httpx.Request("POST", "http://x", data=texts, files=files)
    return sent.read(), sent.headers["content-type"]


# Control characters and quotes are sent as escapes, which nobody can tell from what they stand for.
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'))
CONTENTS = st.binary() | st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n--b"])).map(b"".join)
FILES = st.lists(
    st.tuples(NAMES, st.tuples(NAMES.filter(bool), CONTENTS, st.just("application/x-any"))), min_size=1, max_size=4
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.lists(st.text(), max_size=3), max_size=3), FILES, st.lists(st.integers(0), max_size=5))
def test_what_httpx_encodes_is_read_as_it_was(
    texts: dict[str, list[str]], files: list[tuple[str, tuple[str, bytes, str]]], cuts: list[int]
) -> None:
    body, content_type = by_httpx(texts, files)
    expected: Plain = [(name, value) for name, values in texts.items() for value in values]
    expected += [(name, filename, kind, content) for name, (filename, content, kind) in files]
    assert fields(body, content_type, cuts) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b--", []),
        (b"--b--\r\nwhat follows is nobody's", []),
        (part() + part(body=b"y") + b"--b--\r\n", [("a", "x"), ("a", "y")]),
        (b"\r\n" + part() + b"--b--", [("a", "x")]),
        (part(body="é\0".encode()) + b"--b--", [("a", "é\0")]),
        (part(body=b"") + b"--b--", [("a", "")]),
        (part('form-data; name="f"; filename=""', b"") + b"--b--", [("f", "", "", b"")]),
        (part("form-data; name=f; filename=g") + b"--b--", [("f", "g", "", b"x")]),
        (part("Form-Data ;NAME=f ; FileName=g") + b"--b--", [("f", "g", "", b"x")]),
        # A boundary that begins like ours, within a part.
        (part(body=b"--b2\r\n\r\nx\r\n--b2--\r\n--bb") + b"--b--", [("a", "--b2\r\n\r\nx\r\n--b2--\r\n--bb")]),
        # Neither ends nor whole.
        (b"", 400),
        (b"\r\n\r\n", 400),
        (b"--b", 400),
        (part(), 400),
        (part() + b"--b", 400),
        (part() + b"--b-", 400),
        (part() + b"--c--", 400),
        # Not as they should be.
        (b"a preamble\r\n" + part() + b"--b--", 400),
        (b"\r\na preamble\r\n" + part() + b"--b--", 400),
        (part().replace(b"\r\n", b"\n") + b"--b--", 400),
        (b"--b\r\n\r\nx\r\n--b--", 400),
        (b"--b\r\nno header\r\n\r\nx\r\n--b--", 400),
        (b"--b\r\n: no name\r\n\r\nx\r\n--b--", 400),
        (part("form-data") + b"--b--", 400),
        (part('attachment; name="a"') + b"--b--", 400),
        (part('form-data; name="a"; name="b"') + b"--b--", 400),
        (part('form-data; name="a') + b"--b--", 400),
        (part('form-data; name="a"b') + b"--b--", 400),
        (part('form-data; name="a";') + b"--b--", 400),
        (part(more=b'content-disposition: form-data; name="b"\r\n') + b"--b--", 400),
        (part('form-data; name="a\0"') + b"--b--", 400),
        (part('form-data; name="f"; filename="a\nb"') + b"--b--", 400),
        (b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--', 400),
        (b'--b\r\nContent-Disposition: form-data; name="f"; filename="\xff"\r\n\r\nx\r\n--b--', 400),
        (part(body=b"\xff") + b"--b--", 400),
        (part(more=b"Content-Type: text/plain; charset=iso-8859-1\r\n") + b"--b--", 415),
        # More than there is room for in the headers of a part.
        (part(more=b"X: " + b"x" * 5000 + b"\r\n") + b"--b--", 400),
        (part(more=b"X" * 5000 + b": x\r\n") + b"--b--", 400),
        (part(more=b"".join(b"X%d: x\r\n" % at for at in range(20))) + b"--b--", 400),
    ],
)
def test_a_multipart_form_reads_alike_however_it_is_cut(body: bytes, expected: Plain | int) -> None:
    cuts = every_cut(body) if len(body) < 300 else iter([[], list(range(len(body)))])
    assert all(fields(body, cuts=each) == expected for each in cuts)


@pytest.mark.parametrize(
    ("sent", "filename"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        (r"C:\\temp\\a.txt", r"C:\temp\a.txt"),
        (r"C:\temp\a.txt", r"C:\temp\a.txt"),
        (r"a\"b\\", 'a"b\\'),
        ("a%22b", "a%22b"),
        ("na\u00efve \u202e\U0001f600.txt", "na\u00efve \u202e\U0001f600.txt"),
        ("a; filename=b", "a; filename=b"),
    ],
)
def test_a_filename_is_what_the_client_says_and_nothing_is_written_under_it(
    sent: str, filename: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    body = part(f'form-data; name="f"; filename="{sent}"; filename*=UTF-8\'\'other', b"x" * 10) + b"--b--"
    assert fields(body, form_memory_bytes=1) == [("f", filename, "", b"x" * 10)]
    assert list(tmp_path.iterdir()) == []


# Limits


@pytest.mark.parametrize("at", [0, 1])
def test_a_form_has_so_many_fields_and_no_more(at: int) -> None:
    forms = [
        (b"&".join([b"a"] * (20 + at)), URLENCODED),
        (part() * (20 + at) + b"--b--", MULTIPART),
        (part('form-data; name="a"; filename="f"') * (20 + at) + b"--b--", MULTIPART),
    ]
    for body, content_type in forms:
        found = fields(body, content_type, form_fields=20)
        assert (found if isinstance(found, int) else len(found)) == (413 if at else 20)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=" + b"x" * 20, URLENCODED, 200),
        (b"a=" + b"x" * 21, URLENCODED, 413),
        (b"a" * 21, URLENCODED, 413),
        (b"a=" + b"%c3%a9" * 11, URLENCODED, 413),
        (part(body=b"x" * 20) + b"--b--", MULTIPART, 200),
        (part(body=b"x" * 21) + b"--b--", MULTIPART, 413),
        (part('form-data; name="a"; filename="f"', b"x" * 21) + b"--b--", MULTIPART, 200),
    ],
)
def test_a_text_has_so_many_bytes_and_no_more(body: bytes, content_type: str, status: int) -> None:
    found = fields(body, content_type, form_text_bytes=20)
    assert (found if isinstance(found, int) else 200) == status


def test_a_form_that_has_too_much_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield part()

    request = Request("POST", "/", {"content-type": MULTIPART})
    request.body = endless()
    with pytest.raises(HttpError, match="413"):
        asyncio.run(read_form(request, Limits(form_fields=10)))
    assert read == 11


# Files


def temporary() -> list[str]:
    """The descriptors of this process that are files without a name, as those of uploads are."""
    found = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
    return [each for each in found if os.path.lexists(each) and os.readlink(each).endswith("(deleted)")]


Count = Callable[[], int]


@pytest.fixture
def opened() -> Count:
    """How many of them there are beyond those of before the test."""
    before = len(temporary())
    return lambda: len(temporary()) - before


@pytest.mark.parametrize("at", [0, 1])
def test_a_form_has_so_many_files_and_no_more(at: int, opened: Count) -> None:
    body = part() * 5 + part('form-data; name="a"; filename="f"', b"xx") * (20 + at) + b"--b--"
    found = fields(body, form_files=20, form_memory_bytes=1)
    assert (found if isinstance(found, int) else len(found)) == (413 if at else 25)
    assert opened() == 0


def upload(size: int) -> bytes:
    return part('form-data; name="f"; filename="g"', b"x" * size)


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def app(seen: list[Any], opened: Count) -> App:
    app = App(limits=Limits(form_memory_bytes=100))

    @app.post("/{outcome}")
    async def handler(outcome: str, form: Form, lctx: LocalContext) -> Any:
        upload = form.get("f")
        assert isinstance(upload, Upload)
        seen.append((opened(), upload.file))
        if outcome == "fail":
            raise HttpError(418)
        if outcome == "stream":
            return told(upload)
        if outcome == "wait":
            await asyncio.Event().wait()
        return {"size": upload.size, "first": (await upload.read(2)).decode(), "rest": len(await upload.read())}

    async def told(upload: Upload) -> AsyncIterator[bytes]:
        while found := await upload.read(50):
            yield found

    return app


@pytest.mark.parametrize(("size", "on_disk"), [(0, 0), (100, 0), (101, 1), (100_000, 1)])
@pytest.mark.parametrize(("outcome", "status"), [("answer", 200), ("fail", 418), ("stream", 200)])
async def test_a_file_is_on_disk_past_its_limit_and_gone_with_the_request(
    app: App, seen: list[Any], opened: Count, size: int, on_disk: int, outcome: str, status: int
) -> None:
    async with TestClient(app) as client:
        answer = await client.post(f"/{outcome}", headers={"content-type": MULTIPART}, body=upload(size) + b"--b--")
    assert answer.status == status
    if outcome == "answer":
        assert answer.value == {"size": size, "first": "x" * min(size, 2), "rest": max(0, size - 2)}
    elif outcome == "stream":
        assert answer.body == b"x" * size
    ((count, file),) = seen
    assert (count, file.closed, opened()) == (on_disk, True, 0)


@pytest.mark.parametrize("rest", [b"", b"--b", part(body=b"\xff"), part("none"), b"--b\r\nno header\r\n"])
async def test_nothing_is_left_of_the_files_of_a_form_that_is_refused(
    app: App, opened: Count, rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[BaseException] = []
    app.catch(lambda error: kept.append(error))
    async with TestClient(app) as client:
        answer = await client.post("/answer", headers={"content-type": MULTIPART}, body=upload(200) + rest)
    assert (answer.status, opened(), len(kept)) == (400, 0, 1)
    assert caplog.text == ""  # strangers do not fill the log


@pytest.mark.parametrize("is_whole", [True, False])
async def test_nothing_is_left_of_the_files_of_a_client_that_vanishes(
    app: App, seen: list[Any], opened: Count, is_whole: bool
) -> None:
    await app.start()
    before = asyncio.all_tasks()
    transport, protocol = MemoryTransport(("192.0.2.1", 4711)), Http1Protocol(app, Edge(app.limits))
    protocol.connection_made(transport)
    body = upload(200) + (b"--b--" if is_whole else b"--")
    head = (
        f"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Type: {MULTIPART}\r\nContent-Length: {len(upload(200)) + 5}\r\n\r\n"
    )
    protocol.data_received(head.encode() + body)
    for _ in range(5):
        await asyncio.sleep(0)
    assert opened() == 1
    protocol.connection_lost(None)
    await protocol.wait_closed()
    assert (len(seen), opened(), asyncio.all_tasks()) == (is_whole, 0, before)
    await app.stop()


async def test_reading_a_form_fails_as_reading_its_body_does(opened: Count) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield upload(200)
        raise ProtocolError(408, "the body comes too slowly")

    app = App(limits=Limits(form_memory_bytes=100))

    @app.post("/")
    async def handler(form: Form) -> None: ...

    request = Request("POST", "/", {"content-type": MULTIPART})
    request.body = broken()
    assert (await app.handle(request)).status == 408
    assert opened() == 0
    await app.stop()


def test_all_files_are_closed_also_where_one_cannot_be() -> None:
    first, second = Upload("a", "", 10), Upload("b", "", 10)

    def close() -> None:
        raise OSError("no space left on device")

    real, first.file.close = first.file.close, close  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        Form([("a", first), ("b", second)]).close()
    real()
    assert second.file.closed


# Forms of handlers


class Signup(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    age: int
    tags: list[str] = []


def signing() -> App:
    app = App()

    @app.post("/")
    async def sign_up(form: Signup) -> Signup:
        return form

    return app


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"name=Ada&age=36", {"name": "Ada", "age": 36, "tags": []}),
        (b"name=Ada&age=36&tags=a&tags=b", {"name": "Ada", "age": 36, "tags": ["a", "b"]}),
        (b"name=Eve&name=Ada&age=36&tags=", {"name": "Ada", "age": 36, "tags": [""]}),
        (b"name=&age=x", ["$form.name", "$form.age"]),
        (b"age=1", ["$form.name"]),
        (b"name=Ada&age=36&admin=1", ["$form.admin"]),
    ],
)
@pytest.mark.parametrize("is_multipart", [True, False])
async def test_a_form_by_a_schema_is_converted_or_refused(body: bytes, expected: Any, is_multipart: bool) -> None:
    content_type = URLENCODED
    if is_multipart:
        pairs = [pair.split(b"=") for pair in body.split(b"&")]
        body = b"".join(part(f'form-data; name="{name.decode()}"', value) for name, value in pairs) + b"--b--"
        content_type = MULTIPART
    async with TestClient(signing()) as client:
        answer = await client.post("/", headers={"content-type": content_type}, body=body)
    if answer.status == 200:
        assert answer.value == expected
    else:
        assert (answer.status, [each["path"] for each in answer.value["violations"]]) == (422, expected)


async def test_a_file_is_no_text_of_a_schema() -> None:
    body = part('form-data; name="name"; filename="f"') + part('form-data; name="age"', b"1") + b"--b--"
    async with TestClient(signing()) as client:
        answer = await client.post("/", headers={"content-type": MULTIPART}, body=body)
    assert [each["code"] for each in answer.value["violations"]] == ["missing"]


async def test_a_plain_function_takes_a_form_in_its_thread() -> None:
    app = App()

    @app.post("/")
    def handler(form: Form) -> list[Any]:
        upload = form.get("f")
        assert isinstance(upload, Upload)
        return [upload.file.read().decode(), form.get("a"), form.get("b", "none"), form.get_all("a"), form.texts]

    body = upload(3) + part() + part(body=b"y") + b"--b--"
    async with TestClient(app) as client:
        answer = await client.post("/", headers={"content-type": MULTIPART}, body=body)
    assert answer.value == ["xxx", "x", "none", ["x", "y"], {"a": ["x", "y"]}]


async def test_limits_that_a_server_brings_hold_for_forms() -> None:
    app = App()

    @app.post("/")
    async def handler(form: Form) -> None: ...

    app.freeze()
    app.limits = Limits(form_fields=1)
    async with TestClient(app) as client:
        for body, status in ((b"a=1", 204), (b"a=1&b=2", 413)):
            assert (await client.post("/", headers={"content-type": URLENCODED}, body=body)).status == status


def test_a_handler_reads_its_body_once() -> None:
    app = App()

    @app.post("/")
    async def handler(form: Form, body: bytes) -> None: ...

    with pytest.raises(UsageError, match="'body' and 'form', which are the same bytes"):
        app.freeze()


class Nested(msgspec.Struct):
    inner: Signup


@pytest.mark.parametrize(
    "wanted", [Nested, int, str, list[str], dict[str, list[str]], dict[str, Signup], Signup | None]
)
def test_a_schema_that_no_form_can_give_is_an_error_at_once(wanted: Any) -> None:
    async def handler(form: Any) -> None: ...

    handler.__annotations__["form"] = wanted
    app = App()
    app.post("/")(handler)
    with pytest.raises(UsageError, match=r"needs a pyrt\.Form"):
        app.freeze()


class Renamed(msgspec.Struct, rename="camel"):
    all_tags: list[int] = []


@dataclasses.dataclass
class Plainer:
    a: int = 1


@pytest.mark.parametrize(
    ("wanted", "body", "expected"),
    [
        (dict[str, int], b"a=1&b=2&a=3", {"a": 3, "b": 2}),
        (Renamed, b"allTags=1&allTags=2", {"allTags": [1, 2]}),
        (Plainer, b"a=7", {"a": 7}),
        (Any, b"a=7", {"a": ["7"]}),
    ],
)
async def test_a_schema_may_be_anything_with_fields(wanted: Any, body: bytes, expected: Any) -> None:
    async def handler(form: Any) -> Any:
        return form.texts if isinstance(form, Form) else form

    handler.__annotations__["form"] = wanted
    app = App()
    app.post("/")(handler)
    async with TestClient(app) as client:
        assert (await client.post("/", headers={"content-type": URLENCODED}, body=body)).value == expected
