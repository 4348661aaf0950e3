"""The walk over a refused value: every violation, with its path.

msgspec names only one violation. So the walk asks it about each part alone: a decoder of its type about a part of JSON
text, and `msgspec.convert` about a part of a plain value. If msgspec accepts a part, it is valid, unless a check
refuses it or a value inside it. If msgspec refuses a part but accepts everything inside it, the part is the violation.
So the list is never empty after a failure, and never names what is valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import Violation
from .caps import Caps
from .kinds import Asked
from .parts import Array, Entries, Object, Part, Row, Variants
from .readers import ASKING, Reader, Refusal
from .wording import HIDDEN, LACKS, MISSING, UNKNOWN, shortened, shown, step, worded

__all__ = ("violations",)

# What one walk may cost, in the bytes of `Reader.cost`, so that a refused body of 1 MiB does not hold the event loop
# for long. Beyond it, the list has what was found until then.
LIMIT_COST = 16 * 1024 * 1024
# How many parts in each other the walk visits; a union and its branch are two.
LIMIT_INSIDE = 200
LIMIT_WORDS_CHARACTERS = 300


def violations(part: Part, value: Any, path: str, reader: Reader, caps: Caps) -> list[Violation]:
    """The violations of a *value*, as many as *caps* allows: none if it is valid, and at least one if it is refused."""
    walk = _Walk(reader, caps)
    try:
        walk.visit(part, value, path, is_secret=False)
    except _Enough:
        if not walk.found:
            walk.found.append(walk.first(part, path))
    return walk.found


class _Enough(Exception):
    """The walk has found or judged as much as it may."""


class _Walk:
    """One walk."""

    def __init__(self, reader: Reader, caps: Caps) -> None:
        self.found: list[Violation] = []
        self._reader, self._caps = reader, caps
        self._left, self._inside, self._first = LIMIT_COST, 0, Refusal("", "$", False)

    def visit(self, part: Part, value: Any, path: str, *, is_secret: bool) -> None:
        """Find all violations in *value*."""
        refusal = self._judged(part, value)[0]
        if refusal is None:
            if part.needs(self._reader.finite):
                self.check(part, value, path, is_secret=is_secret)
            return
        if not self._first.text:
            self._first = refusal
        is_secret = is_secret or part.is_secret
        before = len(self.found)
        inside = _INSIDE.get(type(part))
        if inside is not None:
            inside(self, part, value, path, is_secret, False)
        if len(self.found) == before:
            self._refused(part, refusal, value, path, is_secret)

    def check(self, part: Part, value: Any, path: str, *, is_secret: bool) -> None:
        """Find the violations of checks, of *part* and of the parts inside, in a *value* that msgspec accepts."""
        is_secret = is_secret or part.is_secret
        before = len(self.found)
        inside = _INSIDE.get(type(part))
        if inside is not None:
            inside(self, part, value, path, is_secret, True)
        if len(self.found) == before and (part.checks or float in part.makes):
            asked = part.asked(self._judged(part, value)[1], self._reader.finite)
            if asked is not None:
                self._asked(part, asked, value, path, is_secret)

    def _go_on(self, part: Part, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        """Visit a part inside. If the value around it *is_valid* for msgspec, only checks are left to be asked."""
        if self._inside == LIMIT_INSIDE:
            raise _Enough
        self._inside += 1
        if not is_valid:
            self.visit(part, value, path, is_secret=is_secret)
        elif part.needs(self._reader.finite):
            self._spend(0)
            self.check(part, value, path, is_secret=is_secret)
        self._inside -= 1

    def _judged(self, part: Part, value: Any) -> tuple[Refusal | None, Any]:
        self._spend(self._reader.cost(part, value))
        return self._reader.judged(part, value)

    def _spend(self, cost: int) -> None:
        if self._left <= 0:
            raise _Enough
        self._left -= cost + ASKING

    def first(self, part: Part, path: str) -> Violation:
        """The violation that msgspec named first, for a walk that ended before it found one."""
        text, inside, is_authors = self._first
        place, got = path + inside[1:], HIDDEN if part.hides else "another value"
        if is_authors or not text:
            return Violation(place, "a value that passes its checks", got, "check")
        if text.startswith(LACKS):
            return _lacking(place, text)
        if text.startswith(UNKNOWN):
            # msgspec's words do not separate the name of the field from the place.
            return Violation(place, "no such field", got, "unknown")
        words, code = worded(text)
        return Violation(place, words, got, code)

    # Inside parts. If msgspec accepts the value (is_valid), only parts with checks are looked at.

    def _inside_object(self, part: Object, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        if self._reader.kind(value) != "object":
            return
        members = self._reader.members(value)
        if part.tag is not None and part.tag_field in members:
            self._go_on(part.tag, members[part.tag_field], path + step(part.tag_field), is_secret, is_valid)
        for name, field in part.fields.items():
            if name in members:
                self._go_on(field.part, members[name], path + field.step, is_secret, is_valid)
            elif field.required:
                self._report(Violation(path + field.step, *MISSING))
        if part.is_closed and not is_valid:
            for name in members:
                if name not in part.fields and name != part.tag_field:
                    # Its value is not shown: it may belong to a secret field whose name is misspelt.
                    got = HIDDEN if is_secret else "a value"
                    self._report(Violation(self._joined(path, name, is_secret), "no such field", got, "unknown"))

    def _inside_entries(self, part: Entries, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        if self._reader.kind(value) != "object":
            return
        before, finite = len(self.found), self._reader.finite
        looks_at_keys = part.key.needs(finite) or not (is_valid or self._is(part.keys, value))
        for key, inner in self._reader.members(value).items():
            place = self._joined(path, key, is_secret or part.key.is_secret)
            if looks_at_keys:
                self._visit_key(part, key, place, is_secret)
            self._go_on(part.value, inner, place, is_secret, is_valid)
        if not is_valid:
            self._visit_frame(part, value, path, is_secret, before)

    def _visit_key(self, part: Entries, key: Any, place: str, is_secret: bool) -> None:
        self._spend(0)
        refusal, made = self._reader.keyed(part.keys, key)
        is_secret = is_secret or part.key.is_secret
        if refusal is not None:
            words, code = part.key.described(refusal.text)
        elif (asked := part.key.missed(made, self._reader.finite)) is not None:
            words, code = self._words(part.key, asked, is_secret), "check"
        else:
            return
        got = HIDDEN if is_secret else shown(key, self._caps.shown_characters)
        self._report(Violation(place, self._cut(f"a key that is {words}"), got, code))

    def _inside_array(self, part: Array, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        if self._reader.kind(value) != "array":
            return
        before, sound = len(self.found), []
        for at, item in enumerate(self._reader.items(value)):
            count = len(self.found)
            self._go_on(part.item, item, f"{path}[{at}]", is_secret, is_valid)
            if part.single is not None and not is_valid and count == len(self.found):
                refusal, _ = self._judged(part.single, self._reader.joined([item]))
                if refusal is not None:
                    self._refused(part.single, refusal, item, f"{path}[{at}]", is_secret or part.item.is_secret)
            if count == len(self.found):
                sound.append(item)
        if not is_valid:
            self._visit_frame(part, value, path, is_secret, before)
        if part.distinct is not None and not is_valid and before < len(self.found):
            refusal, _ = self._judged(part.distinct, self._reader.joined(sound))
            if refusal is not None:
                self._refused(part, refusal, value, path, is_secret)

    def _visit_frame(self, part: Array | Entries, value: Any, path: str, is_secret: bool, before: int) -> None:
        """Judge the length of an array or object with violations inside; without any, msgspec has judged it already."""
        if part.frame is not None and before < len(self.found):
            refusal, _ = self._judged(part.frame, value)
            if refusal is not None and refusal.inside == "$":
                self._refused(part, refusal, value, path, is_secret)

    def _inside_row(self, part: Row, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        if self._reader.kind(value) != "array":
            return
        items = self._reader.items(value)
        if expected := part.misfit(len(items)):
            # If items are missing or too many, nobody knows which part each item belongs to.
            self._report(Violation(path, expected, HIDDEN if is_secret else self._shown(value), "length"))
            return
        inner = [] if part.tag is None else [part.tag]
        inner += (item for _, item in part.items)
        for at, (each, item) in enumerate(zip(inner, items, strict=False)):
            self._go_on(each, item, f"{path}[{at}]", is_secret, is_valid)

    def _inside_variants(self, part: Variants, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        """Visit the one branch that takes this kind of value, if there is one."""
        kind = self._reader.kind(value)
        if is_valid and kind not in ("array", "object"):
            # If all values are text, any branch may take it; a number may be an int or a float. What it became tells.
            options = [option for option, _ in part.contents(self._judged(part, value)[1])]
        else:
            options = [option for option in part.options if kind in option.reads]
            if len(options) > 1 and part.tags is not None:
                options = self._tagged(part, options, value, path, is_secret)
        if len(options) == 1:
            self._go_on(options[0], value, path, is_secret, is_valid)

    def _tagged(self, part: Variants, options: list[Part], value: Any, path: str, is_secret: bool) -> list[Part]:
        """The branch that the tag names; none if it names none, which is a violation."""
        # msgspec accepts several branches of one kind only if they are Structs with one tag field and different tags.
        first = options[0]
        if isinstance(first, Object):
            members, place = self._reader.members(value), path + step(first.tag_field)
            tags = [members[first.tag_field]] if first.tag_field in members else []
        else:
            tags, place = list(self._reader.items(value)[:1]), f"{path}[0]"
        if not tags:
            self._report(Violation(place, *MISSING))
            return []
        assert part.tags is not None
        self.visit(part.tags, tags[0], place, is_secret=is_secret)
        return [each for each in options if isinstance(each, Object | Row) and each.tag and self._is(each.tag, tags[0])]

    def _is(self, part: Part, value: Any) -> bool:
        return self._judged(part, value)[0] is None

    # Violations

    def _refused(self, part: Part, refusal: Refusal, value: Any, path: str, is_secret: bool) -> None:
        text, inside, is_authors = refusal
        place = path + inside[1:]
        if is_authors:
            # The author's words may repeat what is secret in the value.
            words = "another value" if is_secret or part.hides else text or "another value"
            self._report(Violation(place, self._cut(words), self._got(value, is_secret, inside), "check"))
        elif text.startswith(LACKS):
            self._report(_lacking(place, text))
        else:
            words, code = part.described(text, self._caps.shown_characters)
            self._report(Violation(place, words, self._got(value, is_secret, inside), code))

    def _asked(self, part: Part, asked: Asked, value: Any, path: str, is_secret: bool) -> None:
        words = self._cut(self._words(part, asked, is_secret))
        self._report(Violation(path, words, self._got(value, is_secret, "$"), "check"))

    @staticmethod
    def _words(part: Part, asked: Asked, is_secret: bool) -> str:
        """What a check expects, unless its function wrote it about a value that is secret."""
        return str(asked) if type(asked) is Asked or not (is_secret or part.hides) else "another value"

    def _got(self, value: Any, is_secret: bool, inside: str) -> str:
        return HIDDEN if is_secret else self._shown(value) if inside == "$" else "another value"

    @staticmethod
    def _cut(words: str) -> str:
        return shortened(words, LIMIT_WORDS_CHARACTERS)

    def _report(self, violation: Violation) -> None:
        self.found.append(violation)
        if len(self.found) == self._caps.violations:
            raise _Enough

    def _shown(self, value: Any) -> str:
        return self._reader.shown(value, self._caps.shown_characters)

    def _joined(self, path: str, key: Any, is_secret: bool) -> str:
        """The path to the value under a *key* that the sender chose."""
        return path + (f"[{HIDDEN}]" if is_secret else step(key, self._caps.shown_characters))


def _lacking(place: str, text: str) -> Violation:
    """The violation in msgspec's words for an absent field."""
    return Violation(place + step(text.removeprefix(LACKS).removesuffix("`")), *MISSING)


_INSIDE: dict[type[Part], Callable[..., None]] = {
    Object: _Walk._inside_object,
    Entries: _Walk._inside_entries,
    Array: _Walk._inside_array,
    Row: _Walk._inside_row,
    Variants: _Walk._inside_variants,
}
