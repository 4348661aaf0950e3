"""An OpenAPI document as one HTML page, which needs no network and no script."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from ..http.forms import URLENCODED
from .components import REF

__all__ = ("page",)

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b6470; --line: #d9dee4;
  --raised: #f5f7f9; --link: #0b5cad; --get: #0b5cad; --post: #116329; --put: #8a4b00; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e9ec; --soft: #9aa4af; --line: #343b42;
  --raised: #1c2126; --link: #6cb0ff; --get: #6cb0ff; --post: #57c278; --put: #f0b45a; --delete: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); } h1 { margin: .5rem 0 0; } h2 { margin: 2rem 0 .5rem; }
  h3 { margin: 1rem 0 .3rem; font-size: 1rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
code, pre { font: .9rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem; overflow-x: auto;
  white-space: pre-wrap; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: 0 .8rem; }
details[open] { padding-bottom: .8rem; } summary { cursor: pointer; padding: .45rem 0; }
summary b { display: inline-block; min-width: 4.6rem; } summary .soft { margin-left: .6rem; }
.get b { color: var(--get); } .post b { color: var(--post); } .delete b { color: var(--delete); }
.put b, .patch b { color: var(--put); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); }
td:first-child code { white-space: nowrap; }
th { color: var(--soft); font-weight: 400; border-top: 0; }
"""


def page(document: Mapping[str, Any], source: str) -> str:
    """The page of *document*, with a link to its JSON at *source*."""
    info, schemas = document["info"], document["components"]["schemas"]
    title = escape(info["title"])
    link = f'<a href="{escape(source)}">OpenAPI {document["openapi"]}</a>' if source else "OpenAPI"
    groups = "".join(_group(tag, operations, document) for tag, operations in _tagged(document["paths"]).items())
    named = "".join(_schema(name, schema) for name, schema in schemas.items())
    about = _paragraphs(info.get("description", ""))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<title>{title}</title>\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
        f"<p class=soft>Version {escape(info['version'])}, {link}</p>\n"
        f"{about}{groups}\n<h2>Schemas</h2>\n{named}</body></html>\n"
    )


def _tagged(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str, Any]]]:
    """Operations by tag; those without a tag are under an empty one."""
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            for tag in operation.get("tags", [""]):
                found.setdefault(tag, []).append((method, path, operation))
    return found


def _group(tag: str, operations: Iterable[tuple[str, str, Any]], document: Mapping[str, Any]) -> str:
    listed = (_operation(tag, *each, document) for each in operations)
    return f"<h2>{escape(tag or 'Operations')}</h2>\n{''.join(listed)}"


def _operation(tag: str, method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    parts = [_paragraphs(operation.get("description", ""))]
    if parameters := operation.get("parameters"):
        rows = ((each["name"], each["in"], _type(each["schema"]), _about(each)) for each in parameters)
        parts.append("<h3>Parameters</h3>" + _table(("Name", "In", "Type", ""), rows))
    if body := operation.get("requestBody"):
        needed = "" if body["required"] else ", may be absent"
        parts += [f"<h3>Body{needed}</h3>{_content(kind, each)}" for kind, each in body["content"].items()]
    rows_of_answers = ((status, *_answer(each, document)) for status, each in operation["responses"].items())
    parts.append("<h3>Answers</h3>" + _table(("Status", "Type", ""), rows_of_answers))
    parts.append(f"<h3>Example</h3><pre>{escape(_example_call(method, path, operation, document))}</pre>")
    # An operation with several tags is listed under each; links lead to the first.
    anchor = f' id="operation-{escape(operation["operationId"])}"' if tag == operation.get("tags", [""])[0] else ""
    return (
        f'<details class="{method}"{anchor}><summary><b>{method.upper()}</b>'
        f"<code>{escape(path)}</code><span class=soft>{escape(operation.get('summary', ''))}</span></summary>\n"
        f"{''.join(parts)}</details>\n"
    )


def _answer(response: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, str]:
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    kinds = [_type(each.get("schema", {}), kind) for kind, each in response.get("content", {}).items()]
    return ", ".join(kinds), escape(response["description"])


def _content(kind: str, content: Mapping[str, Any]) -> str:
    return f"<p>{_type(content.get('schema', {}), kind)}</p>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = (
        (field, "required" if field in needed else "", _type(each), _about({"schema": each}))
        for field, each in schema.get("properties", {}).items()
    )
    fields = _table(("Field", "", "Type", ""), rows) if "properties" in schema else f"<p>{_type(schema)}</p>"
    words = _paragraphs(schema.get("description", ""))
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{words}{fields}</details>\n'
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; the first cell of each row is text, the rest is HTML."""
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    lines = ((f"<code>{escape(first)}</code>", *rest) for first, *rest in rows)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><tr>{heads}</tr>{body}</table>"


def _about(part: Mapping[str, Any]) -> str:
    """A parameter or field in words, without its type."""
    schema = part["schema"]
    words = [] if part.get("required", True) else ["may be absent"]
    words += [schema["description"]] if "description" in schema else []
    words += [f"default {json.dumps(schema['default'])}"] if "default" in schema else []
    words += ["only written, never shown"] if schema.get("writeOnly") else []
    return escape(", ".join(words))


def _type(schema: Mapping[str, Any], kind: str = "") -> str:
    """A schema in a few words of HTML; *kind* is the content type, if there is one."""
    text = ", ".join(_words(schema)) or ("anything" if kind in ("", "application/json", "*/*") else "")
    return " ".join(part for part in (f"<code>{escape(kind)}</code>" if kind else "", text) if part)


_LIMITS = {
    "minimum": "&ge; {}", "maximum": "&le; {}", "exclusiveMinimum": "&gt; {}", "exclusiveMaximum": "&lt; {}",
    "multipleOf": "multiple of {}", "minLength": "length &ge; {}", "maxLength": "length &le; {}",
    "minItems": "at least {} items", "maxItems": "at most {} items", "pattern": "<code>{}</code>",
    "minProperties": "at least {} entries", "maxProperties": "at most {} entries",
}  # fmt: skip


def _words(schema: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(REF))
        yield f'<a href="#schema-{name}"><code>{name}</code></a>'
    elif "anyOf" in schema or "allOf" in schema:
        joint = " or " if "anyOf" in schema else " and "
        yield joint.join(_type(each) for each in schema.get("anyOf") or schema["allOf"])
    elif "enum" in schema:
        yield "one of " + ", ".join(f"<code>{escape(json.dumps(each))}</code>" for each in schema["enum"])
    elif schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        yield f"array of {_type(schema['items'])}"
    elif "prefixItems" in schema:
        yield "array of " + ", then ".join(_type(each) for each in schema["prefixItems"])
    elif isinstance(schema.get("additionalProperties"), dict):
        yield f"object, each entry {_type(schema['additionalProperties'])}"
    elif "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        yield escape(" or ".join(kinds) + (f" ({schema['format']})" if "format" in schema else ""))
    for key, text in _LIMITS.items():
        if key in schema:
            yield text.format(escape(str(schema[key])))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>\n" for part in text.split("\n\n") if part.strip())


def _example_call(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A command that calls the operation with made-up values."""
    schemas = document["components"]["schemas"]
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", quote(_written(_example(each["schema"], schemas)), safe=""))
    needed = [each for each in operation.get("parameters", ()) if each["in"] == "query" and each["required"]]
    query = urlencode([(each["name"], _written(_example(each["schema"], schemas))) for each in needed])
    url = shlex.quote(f"http://localhost:8000{path}{'?' if query else ''}{query}")
    call = f"curl --head {url}" if method == "head" else f"curl -X {method.upper()} {url}"
    content = operation.get("requestBody", {}).get("content", {})
    if URLENCODED in content:
        form = _example(content[URLENCODED].get("schema", {}), schemas)
        fields = urlencode([(name, _written(value)) for name, value in form.items()])
        return f"{call} \\\n  -d {shlex.quote(fields)}"
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return call
    body = shlex.quote(json.dumps(_example(schema, schemas)))
    return f"{call} \\\n  -H 'content-type: application/json' \\\n  -d {body}"


def _written(value: Any) -> str:
    """A value as text for a path or query; for a list, its first item."""
    if isinstance(value, list):
        return _written(value[0]) if value else ""
    return value if isinstance(value, str) else json.dumps(value)


_SCALARS = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
_FORMATS = {"uuid": "00000000-0000-4000-8000-000000000000", "date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01"}


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value that fits the schema, except its patterns and most of its limits."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return {} if depth > 3 else _example(schemas[name], schemas, depth + 1)
    if several := schema.get("anyOf") or schema.get("allOf"):
        return _example(several[0], schemas, depth)
    if known := schema.get("examples") or schema.get("enum"):
        return known[0]
    if "properties" in schema:
        return {
            name: _example(each, schemas, depth)
            for name, each in schema["properties"].items()
            if name in schema.get("required", ())
        }
    if schema.get("type") == "array":
        item = schema.get("items")
        items = schema.get("prefixItems") or ([item] if isinstance(item, dict) else [])
        return [_example(each, schemas, depth + 1) for each in items]
    kind = schema["type"][0] if isinstance(schema.get("type"), list) else schema.get("type", "")
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "text".ljust(schema.get("minLength", 0), "."))
    return _SCALARS.get(kind, {}) if "minimum" not in schema else schema["minimum"]
