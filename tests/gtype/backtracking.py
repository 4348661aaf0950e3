"""An oracle for patterns: it searches as `re` does, by backtracking, and counts the characters that it reads."""

import importlib
import re
from typing import Any

parser: Any = importlib.import_module("re._parser")
CATEGORIES = {
    "DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S", "NOT_WORD": r"\W",
}  # fmt: skip
PLACES = {
    "AT_BEGINNING": "^", "AT_BEGINNING_STRING": r"\A", "AT_END": "$", "AT_END_STRING": r"\Z",
    "AT_BOUNDARY": r"\b", "AT_NON_BOUNDARY": r"\B",
}  # fmt: skip
Memory = dict[Any, int]
"""Where groups began and ended, and where each loop began its last repeat."""


class Program:
    """A pattern as instructions, which `Search` carries out."""

    def __init__(self, tree: Any, flags: int) -> None:
        self.code: list[tuple[Any, ...]] = []
        self._sequence(tree, flags)

    def _sequence(self, tree: Any, flags: int) -> None:
        for kind, argument in tree:
            self._item(str(kind), argument, flags)

    def _item(self, kind: str, argument: Any, flags: int) -> None:
        match kind:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                self.code.append(("read", argument if kind == "IN" else [(kind, argument)], flags))
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = argument
                self._repeat(least, most, inner, flags, kind == "MIN_REPEAT")
            case "POSSESSIVE_REPEAT":
                self.code.append(("atomic", Program([("MAX_REPEAT", argument)], flags)))
            case "ATOMIC_GROUP":
                self.code.append(("atomic", Program(argument, flags)))
            case "SUBPATTERN":
                group, added, removed, inner = argument
                self.code.append(("mark", ("begin", group)))
                self._sequence(inner, (flags | added) & ~removed)
                self.code.append(("mark", ("end", group)))
            case "BRANCH":
                self._branch(argument[1], flags)
            case "ASSERT" | "ASSERT_NOT":
                direction, inner = argument
                width = inner.getwidth()[0] if direction < 0 else 0
                self.code.append(("look", kind == "ASSERT", width, Program(inner, flags)))
            case "GROUPREF":
                self.code.append(("again", argument))
            case _:
                self.code.append(("place", PLACES[str(argument)], flags))

    def _repeat(self, least: int, most: Any, inner: Any, flags: int, is_lazy: bool) -> None:
        loop = object()
        for _ in range(least):
            self.code.append(("mark", loop))
            self._sequence(inner, flags)
        if least == 0:
            self.code.append(("forget", loop))
        begins = []
        for _ in range(1 if most == parser.MAXREPEAT else most - least):
            begins.append(len(self.code))
            self.code.append(())
            self._sequence(inner, flags)
        if most == parser.MAXREPEAT:
            self.code.append(("try", [begins[0]]))
        for begin in begins:
            self.code[begin] = ("repeat", loop, len(self.code), is_lazy)

    def _branch(self, branches: list[Any], flags: int) -> None:
        choice, ends = len(self.code), []
        self.code.append(())
        begins = []
        for each in branches:
            begins.append(len(self.code))
            self._sequence(each, flags)
            ends.append(len(self.code))
            self.code.append(())
        self.code[choice] = ("try", begins)
        for end in ends:
            self.code[end] = ("try", [len(self.code)])


class Search:
    """One search.

    Attributes:
        reads: how often a character was read, in whatever way.

    Raises:
        OverflowError: more than *limit* reads.
    """

    def __init__(self, pattern: str, text: str, limit: int) -> None:
        tree = parser.parse(pattern)
        self._program = Program(tree, tree.state.flags)
        self._text, self._limit, self.reads = text, limit, 0

    def succeeds(self) -> bool:
        return any(self._end(self._program, start, {}) for start in range(len(self._text) + 1))

    def _end(self, program: Program, at: int, memory: Memory) -> tuple[int, Memory] | None:
        """Where the first way through *program* ends."""
        waiting = [(0, at, memory)]
        while waiting:
            where, at, memory = waiting.pop()
            if where == len(program.code):
                return at, memory
            waiting += reversed(self._ways(where, at, memory, *program.code[where]))
        return None

    def _ways(self, where: int, at: int, memory: Memory, kind: str, *arguments: Any) -> list[tuple[int, int, Memory]]:
        """Where to go on after an instruction, in the order in which it is tried."""
        following = where + 1
        match kind, *arguments:
            case "read", items, flags:
                return [(following, at + 1, memory)] if self._reads(items, flags, at) else []
            case "try", targets:
                return [(target, at, memory) for target in targets]
            case "mark", key:
                return [(following, at, {**memory, key: at})]
            case "forget", key:
                return [(following, at, {**memory, key: -1})]
            case "repeat", key, out, is_lazy:
                ways = [(following, at, {**memory, key: at}), (out, at, memory)]
                # `re` ends a loop whose last repeat has read nothing.
                return ways[1:] if memory[key] == at else ways[::-1] if is_lazy else ways
            case "atomic", inner:
                end = self._end(inner, at, memory)
                return [(following, *end)] if end else []
            case "look", wanted, width, inner:
                end = self._end(inner, at - width, memory) if at >= width else None
                return [(following, at, end[1] if end and wanted else memory)] if bool(end) == wanted else []
            case "again", group:
                if ("end", group) not in memory:
                    return []
                text = self._text[memory["begin", group] : memory["end", group]]
                same = [one == other for one, other in zip(text, self._text[at:], strict=False)]
                self._count([*same, False].index(False))
                return [(following, at + len(text), memory)] if self._text.startswith(text, at) else []
        pattern, flags = arguments
        place = re.compile(pattern, flags & (re.MULTILINE | re.ASCII))
        return [(following, at, memory)] if place.match(self._text, at) else []

    def _reads(self, items: list[Any], flags: int, at: int) -> bool:
        if at == len(self._text) or not fits(items, flags, self._text[at]):
            return False
        self._count(1)
        return True

    def _count(self, reads: int) -> None:
        self.reads += reads
        if self.reads > self._limit:
            raise OverflowError


def fits(items: list[Any], flags: int, character: str) -> bool:
    """Whether one character of a pattern matches."""
    is_negated = str(items[0][0]) in ("NEGATE", "NOT_LITERAL")
    forms = {character, character.lower(), character.upper()} if flags & re.IGNORECASE else {character}
    return any(_fits(str(kind), value, flags, form) for kind, value in items for form in forms) != is_negated


def _fits(kind: str, value: Any, flags: int, character: str) -> bool:
    match kind:
        case "ANY":
            return character != "\n" or bool(flags & re.DOTALL)
        case "LITERAL" | "NOT_LITERAL":
            return ord(character) == value
        case "RANGE":
            return value[0] <= ord(character) <= value[1]
        case "CATEGORY":
            return bool(re.match(CATEGORIES[str(value).removeprefix("CATEGORY_")], character, flags & re.ASCII))
    return False


def reads(pattern: str, text: str, limit: int) -> int:
    """How many characters a search reads, or one over *limit*; what it finds is what `re` finds."""
    search = Search(pattern, text, limit)
    try:
        found = search.succeeds()
    except OverflowError:
        return limit + 1
    is_odd = re.search(r"\?>|[*+?}]\+|\\1", pattern)  # where `re` of 3.11 forgets groups and ways
    assert is_odd or found == bool(re.search(pattern, text))
    return search.reads
