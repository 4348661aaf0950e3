"""A comparison as JUnit XML: a test case for each row, which fails where the row gates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

from ..judging.comparison import Comparison, Row, Verdict
from .comparison_report import machine, noise
from .verdicts import COLUMNS, cells, figures, why

SKIPPED = (Verdict.INCONCLUSIVE, Verdict.UNJUDGED)
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(found: Comparison) -> str:
    """The document. Rows that fail or alert fail, unless accepted; what cannot be told is skipped, with the reason."""
    cases = [_case(row, found) for row in found.rows]
    count = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "skipped")}
    numbers = {"tests": len(cases), "failures": count["failure"], "errors": 0}
    root = _element("testsuites", name="benchmarks", **numbers)
    name, date = f"{found.base.short}..{found.head.short}", re.sub(r"(Z|[+-]\d\d:\d\d)$", "", found.date)
    suite = _element("testsuite", name=name, **numbers, skipped=count["skipped"], timestamp=date)
    root.append(suite)
    facts = {"base": found.base.commit, "head": found.head.commit, "command": found.command}
    facts |= {"machine": machine(found.fingerprint), "noise": noise(found), "seed": str(found.seed)}
    suite.append(_properties(facts.items()))
    suite.extend(cases)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(row: Row, found: Comparison) -> ElementTree.Element:
    group, _, method = row.name.rpartition(".")
    case = _element("testcase", classname=group, name=method + row.label.removeprefix(row.name))
    case.append(_properties(_figures(row)))
    text = "\n".join(f"{name}: {value}" for name, value in zip(COLUMNS, cells(row), strict=True))
    if row.gates and found.advisory:
        case.append(_element("skipped", message=f"{row.verdict}, but nothing gates: {found.advisory}"))
    elif row.gates:
        failure = _element("failure", type=str(row.verdict), message=f"{row.verdict}: {figures(row)[2]}, {why(row)}")
        failure.text = _text(text)
        case.append(failure)
    elif row.verdict in SKIPPED:
        case.append(_element("skipped", message=f"{row.verdict}: {why(row)}"))
    return case


def _figures(row: Row) -> Iterator[tuple[str, str]]:
    """Raw, in the row's unit; ratios are of costs."""
    yield "verdict", str(row.verdict)
    if row.counts is not None:
        yield from (("base instructions", repr(row.counts.base)), ("head instructions", repr(row.counts.head)))
    if row.sampled is not None and row.sampled.pairs:
        yield from (("unit", row.unit), ("base", repr(row.sampled.base)), ("head", repr(row.sampled.head)))
        ratios = {name: getattr(row.sampled, name) for name in ("ratio", "low", "high")}
        yield from ((name, repr(value)) for name, value in ratios.items() if value is not None)
    yield "accepted", row.accepted


def _properties(facts: Iterable[tuple[str, str]]) -> ElementTree.Element:
    made = ElementTree.Element("properties")
    made.extend(_element("property", name=name, value=value) for name, value in facts if value)
    return made


def _element(tag: str, /, **attributes: object) -> ElementTree.Element:
    return ElementTree.Element(tag, {name: _text(str(value)) for name, value in attributes.items()})


def _text(text: str) -> str:
    """Without what XML cannot hold, such as the escapes of a terminal."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
