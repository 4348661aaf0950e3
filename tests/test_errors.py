import copy
import pickle
from typing import Any

import pytest

from pyrt import errors

EXAMPLES: dict[str, Any] = {
    "ClosedError": errors.ClosedError("the app"),
    "DeadlineExceeded": errors.DeadlineExceeded("GET /", 0.5),
    "FrozenError": errors.FrozenError("a route"),
    "HttpError": errors.HttpError(404, "gone", [("x-why", "moved")]),
    "MalformedBody": errors.MalformedBody("truncated"),
    "NotPicklable": errors.NotPicklable("f (a.py:1)", "result", "it is a lambda"),
    "Overload": errors.Overload("queue", 3, 2, 0.5),
    "ProtocolError": errors.ProtocolError(431, "too many headers"),
    "PyrtError": errors.PyrtError("one", 2),
    "RouteConflict": errors.RouteConflict("GET", "/a", "/{b}", "x.py:1", "y.py:2"),
    "UnfitAnswer": errors.UnfitAnswer("f (a.py:1)", [errors.Violation("$.a", "int", "str", "type")]),
    "UnknownName": errors.UnknownName("f (a.py:1)", "z", ("req", "res")),
    "UsageError": errors.UsageError("declared wrongly"),
    "ValidationError": errors.ValidationError([errors.Violation("$.a", "int", "str", "type")] * 2),
    "Violation": errors.Violation("$.a", "int", "str", "type"),
    "WorkerDied": errors.WorkerDied("f (a.py:1)", -9),
}


def facts(error: Any) -> Any:
    return (type(error), str(error), error.args, vars(error)) if isinstance(error, Exception) else error


@pytest.mark.parametrize("name", errors.__all__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_arrives_from_another_process_with_its_fields(name: str, protocol: int) -> None:
    error = EXAMPLES[name]
    assert facts(pickle.loads(pickle.dumps(error, protocol))) == facts(error)
    assert facts(copy.copy(error)) == facts(error)


class Refused(errors.HttpError):
    def __init__(self, *, reason: str) -> None:
        super().__init__(403, f"refused: {reason}")
        self.reason = reason


def test_an_authors_own_error_travels_too() -> None:
    error = Refused(reason="late")
    error.add_note("seen at the gate")
    assert facts(pickle.loads(pickle.dumps(error))) == facts(error)


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "exited with code 0"),
        (None, "exited with code None"),
        (-9, "was killed by SIGKILL (did it run out of memory?)"),
        (-11, "was killed by SIGSEGV"),
        (-99, "was killed by signal 99"),
    ],
)
def test_a_dead_workers_error_says_how_it_ended(exit_code: int | None, words: str) -> None:
    assert f"the process that ran f {words}" in str(errors.WorkerDied("f", exit_code))
