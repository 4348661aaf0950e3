"""Import time, in a fresh interpreter per sample."""


class Import:
    """`import pyrt`, beside an interpreter that imports nothing."""

    version = "1"

    def timeraw_nothing(self):
        return "pass"

    timeraw_nothing.number = 1

    def timeraw_pyrt(self):
        return "import pyrt"

    timeraw_pyrt.number = 1
