"""The same validation by each library."""

from __future__ import annotations

import json

import pytest

from benchmarks.peers import validators


@pytest.mark.parametrize("case", validators.CASES)
@pytest.mark.parametrize("library", validators.LIBRARIES)
def test_every_library_gives_the_same_answer(library: str, case: str) -> None:
    validation, data = validators.prepared(library, case)
    assert validation(data)


def test_what_gives_another_answer_is_told_from_what_does_the_work() -> None:
    case = validators.CASES["small"]
    for wrong, said in ((lambda data: {}, "another value"), (json.loads, "an invalid body is not refused")):
        with pytest.raises(validators.WrongAnswer, match=said):
            validators.check_value(wrong, case)
    with pytest.raises(validators.WrongAnswer, match="1 errors found where 5 are"):
        validators.check_errors(["$.name"], 5)
