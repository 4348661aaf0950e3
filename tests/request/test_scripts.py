import traceback

import pytest

from pyrt.request.scripts import Script


def test_a_script_becomes_a_function_that_sees_its_values() -> None:
    script = Script("def add(a)")
    script.add(f"return a + {script.name('value', 2)} + {script.name('value', 3)} + {script.name('value', 2)}")
    assert script.function("add")(1) == 8


def test_a_trace_shows_the_line_that_failed() -> None:
    script = Script("def fail()")
    script.add("number = 0", "return 1 / number")
    with pytest.raises(ZeroDivisionError) as caught:
        script.function("fail")()
    assert "return 1 / number" in "".join(traceback.format_exception(caught.value))
