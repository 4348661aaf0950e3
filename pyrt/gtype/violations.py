"""The walk over a refused value: every violation, with its path.

msgspec names one; so each part is put to it alone, by what the value was decoded with: the parts of JSON text to a
decoder of their type, the parts of a plain value to `msgspec.convert`. A part that it takes is valid, if the checks
inside it and its own are passed; one that it refuses, and in which nothing is refused, is a violation. So the list is
never empty after a failure and never names what is valid.
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

# What one walk may cost, as `Reader.cost` has it: by bytes, questions and values made, so that a refused body of a
# megabyte does not hold the event loop for long. Past it the list has what was found until then.
LIMIT_COST = 16 * 1024 * 1024
# How far into each other the parts lie that it visits; a union and its branch are two.
LIMIT_INSIDE = 200
LIMIT_WORDS_CHARACTERS = 300


def violations(part: Part, value: Any, path: str, reader: Reader, caps: Caps) -> list[Violation]:
    """All violations of a *value*, as many as *caps* allows: one at least if it is refused, none if it is valid."""
    walk = _Walk(reader, caps)
    try:
        walk.visit(part, value, path, is_secret=False)
    except _Enough:
        if not walk.found:
            walk.found.append(walk.first(part, path))
    return walk.found


class _Enough(Exception):
    """The walk has found, or judged, as much as it may."""


class _Walk:
    """One walk: what it has found, and what it may still do."""

    def __init__(self, reader: Reader, caps: Caps) -> None:
        self.found: list[Violation] = []
        self._reader, self._caps = reader, caps
        self._left, self._inside, self._first = LIMIT_COST, 0, Refusal("", "$", False)

    def visit(self, part: Part, value: Any, path: str, *, is_secret: bool) -> None:
        """Find what is wrong with *value*, if anything is."""
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
        """Find what the checks of *part*, and of those inside, have against a *value* that msgspec takes."""
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
        """Into a part of what msgspec refuses; or of what it takes, where only checks are left to be asked."""
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
        """What msgspec saw first, for a walk that has ended before it met anything."""
        text, inside, is_authors = self._first
        place, got = path + inside[1:], HIDDEN if part.hides else "another value"
        if is_authors or not text:
            return Violation(place, "a value that passes its checks", got, "check")
        if text.startswith(LACKS):
            return _lacking(place, text)
        if text.startswith(UNKNOWN):
            # msgspec's words do not part the name of a field from the place where it stands.
            return Violation(place, "no such field", got, "unknown")
        words, code = worded(text)
        return Violation(place, words, got, code)

    # Inside parts. Where the value is valid but for checks, only what has checks is looked at.

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
                    # Its value is not shown: it may be that of a secret field whose name is misspelt.
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
        """The length of an array or object in which something is refused; else msgspec has spoken of it already."""
        if part.frame is not None and before < len(self.found):
            refusal, _ = self._judged(part.frame, value)
            if refusal is not None and refusal.inside == "$":
                self._refused(part, refusal, value, path, is_secret)

    def _inside_row(self, part: Row, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        if self._reader.kind(value) != "array":
            return
        items = self._reader.items(value)
        if expected := part.misfit(len(items)):
            # Where items are missing or too many, none of them is known to stand in its place.
            self._report(Violation(path, expected, HIDDEN if is_secret else self._shown(value), "length"))
            return
        inner = [] if part.tag is None else [part.tag]
        inner += (item for _, item in part.items)
        for at, (each, item) in enumerate(zip(inner, items, strict=False)):
            self._go_on(each, item, f"{path}[{at}]", is_secret, is_valid)

    def _inside_variants(self, part: Variants, value: Any, path: str, is_secret: bool, is_valid: bool) -> None:
        """A union: the one branch that takes this kind of value, where there is one."""
        kind = self._reader.kind(value)
        if is_valid and kind not in ("array", "object"):
            # Where all is text, text may stand for anything; and a number for an int or a float: what it became tells.
            options = [option for option, _ in part.contents(self._judged(part, value)[1])]
        else:
            options = [option for option in part.options if kind in option.reads]
            if len(options) > 1 and part.tags is not None:
                options = self._tagged(part, options, value, path, is_secret)
        if len(options) == 1:
            self._go_on(options[0], value, path, is_secret, is_valid)

    def _tagged(self, part: Variants, options: list[Part], value: Any, path: str, is_secret: bool) -> list[Part]:
        """The branch that a tag tells; none where it tells none, which is a violation."""
        # msgspec takes several of one kind only if they are Structs with one tag field, each with a tag of its own.
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
            # What an author says of a value may repeat what is secret in it.
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
        """What a check asks for, without what it said of a value that is secret."""
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
        """The path of what stands under a *key* that the value brought."""
        return path + (f"[{HIDDEN}]" if is_secret else step(key, self._caps.shown_characters))


def _lacking(place: str, text: str) -> Violation:
    """The violation that msgspec's words for an absent field name."""
    return Violation(place + step(text.removeprefix(LACKS).removesuffix("`")), *MISSING)


_INSIDE: dict[type[Part], Callable[..., None]] = {
    Object: _Walk._inside_object,
    Entries: _Walk._inside_entries,
    Array: _Walk._inside_array,
    Row: _Walk._inside_row,
    Variants: _Walk._inside_variants,
}
