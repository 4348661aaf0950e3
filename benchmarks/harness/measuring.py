"""The process that takes one figure of each benchmark it is asked for, in one commit's environment.

It is started afresh for each side of each pair, so that what differs from process to process (addresses, hashes, luck)
is part of the noise that the pairs show. Its request and its answer are files of JSON lines in its working folder;
an answer is written as soon as it is there, so that a crash loses one benchmark and not all.

Imports with asv_runner and the standard library alone: it runs as a script in the measured environment.
"""

from __future__ import annotations

import gc
import json
import math
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SUITE = Path(__file__).resolve().parents[1]
REQUEST, ANSWER = "request.json", "answer.jsonl"
SAMPLES, SAMPLE_S, ENOUGH_S = 5, 0.01, 1.0


def main() -> None:
    """Answer the request in the current folder: describe the benchmarks, or measure those it names."""
    from asv_runner._aux import update_sys_path

    request = json.loads(Path(REQUEST).read_text())
    update_sys_path(str(SUITE))
    with open(ANSWER, "a", encoding="utf-8") as answer:
        for row in _described() if request["verb"] == "describe" else _measured(request):
            answer.write(json.dumps(row) + "\n")
            answer.flush()


def _described() -> Iterator[dict[str, Any]]:
    """Each benchmark of the suite with what asv would store of it, and the parameters' choices."""
    from asv_runner.discovery import disc_benchmarks

    for benchmark in disc_benchmarks(str(SUITE)):
        kept = {"name", "type", "unit", "version", "params", "param_names", "less_is_better", "gate"}
        yield {name: value for name, value in vars(benchmark).items() if name in kept}


def _measured(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One figure of each wanted benchmark: `value`, or why there is none."""
    caches: dict[str, Any] = {}
    for wanted in request["benchmarks"]:
        row = {"name": wanted["name"], "choice": wanted["choice"]}
        try:
            row |= _figure(wanted, request, caches)
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"
        yield row


def _figure(wanted: dict[str, Any], request: dict[str, Any], caches: dict[str, Any]) -> dict[str, Any]:
    from asv_runner.benchmarks.mark import SkipNotImplemented
    from asv_runner.discovery import get_benchmark_from_name

    benchmark = get_benchmark_from_name(str(SUITE), f"{wanted['name']}-{wanted['choice']}")
    try:
        if key := benchmark.setup_cache_key:
            if key not in caches:
                caches[key] = benchmark.do_setup_cache()
            benchmark.set_cache(caches[key])
        if benchmark.do_setup():
            return {"skipped": "its setup skips it"}
        if benchmark.type == "time" and not benchmark.name.rpartition(".")[2].startswith("timeraw_"):
            return _timed(benchmark, wanted.get("loops"), request)
        return _tracked(benchmark)
    except SkipNotImplemented as reason:
        return {"skipped": str(reason) or "not in this pyrt"}
    finally:
        benchmark.do_teardown()


def _timed(benchmark: Any, loops: int | None, request: dict[str, Any]) -> dict[str, Any]:
    """Seconds per call: of several samples the least, since whatever else happens only adds.

    A self-test asks for more work than is owned up to: 1.1 makes the benchmark 10 % slower, exactly.
    """
    cpu, work = request["cpu"], request.get("work", 1.0)
    function, params = benchmark.func, benchmark._current_params
    inner = getattr(function, "inner", 1)
    everywhere = os.sched_getaffinity(0) if cpu is not None and hasattr(os, "sched_setaffinity") else None
    if everywhere and cpu in everywhere:
        os.sched_setaffinity(0, {cpu})
    collecting = gc.isenabled()
    gc.disable()
    try:
        _loop(function, params, 1)
        loops = loops or _enough(function, params)
        if work != 1:
            loops = 20 * math.ceil(loops / 20)  # of which a tenth, a quarter and six tenths are whole calls
        taken = list(_samples(function, params, round(loops * work)))
    finally:
        if collecting:
            gc.enable()
        if everywhere:
            os.sched_setaffinity(0, everywhere)
    return {"value": min(taken) / loops / inner, "loops": loops}


def _tracked(benchmark: Any) -> dict[str, Any]:
    """What any other kind returns; of several samples the median."""
    result = benchmark.do_run()
    samples: Iterable[float] = result["samples"] if isinstance(result, dict) else [result]
    value = statistics.median(map(float, samples))
    return {"value": value} if math.isfinite(value) else {"skipped": "it has no figure here"}


def _enough(function: Any, params: tuple[Any, ...]) -> int:
    """How many calls of the function one sample takes."""
    loops = 1
    while (taken := _loop(function, params, loops)) < SAMPLE_S:
        loops = max(2 * loops, math.ceil(loops * SAMPLE_S / taken)) if taken > SAMPLE_S / 100 else 10 * loops
    return loops


def _samples(function: Any, params: tuple[Any, ...], loops: int) -> Iterator[float]:
    """Seconds of several samples; fewer of a long one, but two."""
    spent = 0.0
    for at in range(SAMPLES):
        if at >= 2 and spent > ENOUGH_S:
            return
        taken = _loop(function, params, loops)
        spent += taken
        yield taken


def _loop(function: Any, params: tuple[Any, ...], loops: int) -> float:
    start = time.perf_counter()
    for _ in range(loops):
        function(*params)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
