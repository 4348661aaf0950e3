import pytest
from asv_runner.benchmarks.mark import SkipNotImplemented

from benchmarks.harness.skipping import missing, need

THERE = ["App", "LocalContext.phase", "ingress.http1.Http1Protocol"]
LACKING = ["Nope", "LocalContext.nope", "ingress.http1.Nope", "ingress.nope.App"]


def test_what_is_missing_is_told_from_what_a_module_or_a_class_has() -> None:
    assert missing(*THERE, *LACKING) == LACKING


def test_a_benchmark_of_what_is_missing_is_skipped_by_name() -> None:
    need(*THERE)
    with pytest.raises(SkipNotImplemented, match=r"LocalContext\.nope"):
        need("LocalContext.nope")
