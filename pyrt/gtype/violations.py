"""The walk over a refused value: every violation, with its path.

msgspec names one; so each part is put to it alone, by what the value was decoded with: the parts of JSON text to a
decoder of their type, the parts of a plain value to `msgspec.convert`. A part that it takes is valid; one that it
refuses, and in which nothing is refused, is a violation. So the list is never empty after a failure and never names
what is valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import Violation
from .caps import Caps
from .kinds import Asked
from .parts import Array, Entries, Object, Part, Row, Variants
from .readers import Reader
from .wording import HIDDEN, LACKS, MISSING, described, parted, shown, step, worded

__all__ = ("violations",)

# What one walk may cost, as `Reader.cost` has it, so that a refused body of a megabyte does not hold the event
# loop for long. Past it the list has what was found until then.
LIMIT_COST = 16 * 1024 * 1024


def violations(part: Part, value: Any, path: str, reader: Reader, caps: Caps) -> list[Violation]:
    """All violations of a *value* that *part* refuses: at least one, and as many as *caps* allows."""
    walk = _Walk(reader, caps)
    try:
        walk.visit(part, value, path, is_secret=False)
    except _Enough:
        pass
    walk.add_first(part, path)
    return walk.found


class _Enough(Exception):
    """The walk has found, or judged, as much as it may."""


class _Walk:
    """One walk: what it has found, and what it may still do."""

    def __init__(self, reader: Reader, caps: Caps) -> None:
        self.found: list[Violation] = []
        self._reader, self._caps = reader, caps
        self._left, self._first = LIMIT_COST, ""

    def visit(self, part: Part, value: Any, path: str, *, is_secret: bool) -> None:
        """Find what is wrong with *value*, if anything is."""
        message = self._refusal(part, value)
        if message is None:
            return
        is_secret = is_secret or part.is_secret
        before = len(self.found)
        branch = self._branch(part, value, path, is_secret) if isinstance(part, Variants) else part
        inside = _INSIDE.get(type(branch))
        if inside is not None:
            inside(self, branch, value, path, is_secret)
        if len(self.found) == before:
            self._add(part, message, value, path, is_secret)

    def add_first(self, part: Part, path: str) -> None:
        """Add what msgspec saw first, where the walk did not meet it, as the first of two equal keys."""
        text, inner = parted(self._first)
        place = path + inner[1:]
        is_met = "[...]" in inner or any(_holds(place, each.path) or _holds(each.path, place) for each in self.found)
        if not (self.found and is_met) and len(self.found) < self._caps.violations:
            expected, code = ("another value", "check") if part.hides else worded(text)
            self.found.append(Violation(place, expected, HIDDEN if part.hides else "another value", code))

    def _refusal(self, part: Part, value: Any) -> str | None:
        """Why *value* is refused, as long as there is time to ask."""
        if self._left <= 0:
            raise _Enough
        self._left -= self._reader.cost(value)
        message = self._reader.refusal(part, value)
        self._first = self._first or message or ""
        return message

    def _branch(self, part: Variants, value: Any, path: str, is_secret: bool) -> Part | None:
        """The one branch of a union that an array or object is meant for; None where there is none."""
        members, items = self._reader.members(value), self._reader.items(value)
        if members is None and items is None:
            return None
        kinds = Object | Entries if members is not None else Array | Row
        options = [option for option in part.options if isinstance(option, kinds)]
        if len(options) < 2:
            return options[0] if options else None
        # msgspec takes several of one kind only if they are Structs with one tag field, each with a tag of its own.
        tagged = {option.tag: option for option in options if isinstance(option, Object | Row) and option.tag}
        if members is not None:
            field = next(option.tag_field for option in options if isinstance(option, Object))
            place, tag = path + step(field), members.get(field)
        else:
            place, tag = f"{path}[0]", items[0] if items else None
        if tag is None:
            self._report(Violation(place, *MISSING))
            return None
        assert part.tags is not None
        self.visit(part.tags, tag, place, is_secret=is_secret)
        return next((option for known, option in tagged.items() if self._reader.refusal(known, tag) is None), None)

    def _visit_object(self, part: Object, value: Any, path: str, is_secret: bool) -> None:
        members = self._reader.members(value)
        if members is None:
            return
        if part.tag is not None and part.tag_field in members:
            self.visit(part.tag, members[part.tag_field], path + step(part.tag_field), is_secret=is_secret)
        for name, field in part.fields.items():
            if name in members:
                self.visit(field.part, members[name], path + field.step, is_secret=is_secret)
            elif field.required:
                self._report(Violation(path + field.step, *MISSING))
        if part.is_closed:
            for name in members:
                if name not in part.fields and name != part.tag_field:
                    got = HIDDEN if is_secret else self._shown(members[name])
                    self._report(Violation(self._joined(path, name, is_secret), "no such field", got, "unknown"))

    def _visit_entries(self, part: Entries, value: Any, path: str, is_secret: bool) -> None:
        members = self._reader.members(value)
        if members is None:
            return
        before = len(self.found)
        has_bad_keys = self._reader.refusal(part.keys, value) is not None
        for key, inner in members.items():
            place = self._joined(path, key, is_secret)
            if has_bad_keys and (message := self._reader.key_refusal(part.keys, key)) is not None:
                expected, code = described(part.key, parted(message)[0])
                got = HIDDEN if is_secret or part.key.is_secret else shown(key, self._caps.shown_characters)
                self._report(Violation(place, f"a key that is {expected}", got, code))
            self.visit(part.value, inner, place, is_secret=is_secret)
        self._visit_frame(part, value, path, is_secret, before)

    def _visit_array(self, part: Array, value: Any, path: str, is_secret: bool) -> None:
        items = self._reader.items(value)
        if items is None:
            return
        before, sound = len(self.found), []
        for at, item in enumerate(items):
            count = len(self.found)
            self.visit(part.item, item, f"{path}[{at}]", is_secret=is_secret)
            if count == len(self.found):
                sound.append(item)
        self._visit_frame(part, value, path, is_secret, before)
        message = self._reader.overfull(part, sound) if before < len(self.found) else None
        if message is not None:
            self._add(part, message, value, path, is_secret)

    def _visit_frame(self, part: Array | Entries, value: Any, path: str, is_secret: bool, before: int) -> None:
        """The length of an array or object in which something is refused; else msgspec has spoken of it already."""
        if part.frame is None or before == len(self.found):
            return
        message = self._reader.refusal(part.frame, value)
        if message is not None and not parted(message)[1]:
            self._add(part, message, value, path, is_secret)

    def _visit_row(self, part: Row, value: Any, path: str, is_secret: bool) -> None:
        items = self._reader.items(value)
        if items is None:
            return
        if expected := part.misfit(len(items)):
            # Where items are missing or too many, none of them is known to stand in its place.
            self._report(Violation(path, expected, HIDDEN if is_secret else self._shown(value), "length"))
            return
        inner = [] if part.tag is None else [part.tag]
        inner += (item for _, item in part.items)
        for at, (each, item) in enumerate(zip(inner, items, strict=False)):
            self.visit(each, item, f"{path}[{at}]", is_secret=is_secret)

    def _add(self, part: Part, message: str, value: Any, path: str, is_secret: bool) -> None:
        text, inner = parted(message)
        if text.startswith(LACKS):
            name = text.removeprefix(LACKS).removesuffix("`")
            self._report(Violation(path + inner[1:] + step(name), *MISSING))
            return
        expected, code = described(part, text)
        if is_secret:
            # What an author says of the value may repeat it.
            expected = expected if code != "check" or type(message) is Asked else "another value"
        got = HIDDEN if is_secret else "another value" if inner else self._shown(value)
        self._report(Violation(path + inner[1:], expected, got, code))

    def _report(self, violation: Violation) -> None:
        self.found.append(violation)
        if len(self.found) == self._caps.violations:
            raise _Enough

    def _shown(self, value: Any) -> str:
        return self._reader.shown(value, self._caps.shown_characters)

    def _joined(self, path: str, key: Any, is_secret: bool) -> str:
        """The path of what stands under a *key* that the value brought."""
        return path + (f"[{HIDDEN}]" if is_secret else step(key, self._caps.shown_characters))


_INSIDE: dict[type[Part | None], Callable[..., None]] = {
    Object: _Walk._visit_object,
    Entries: _Walk._visit_entries,
    Array: _Walk._visit_array,
    Row: _Walk._visit_row,
}


def _holds(path: str, other: str) -> bool:
    """Whether what stands at *path* is, or has inside, what stands at the *other*."""
    return other.startswith(path) and other[len(path) :][:1] in ("", ".", "[")
