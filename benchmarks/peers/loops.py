"""Timing work that needs nothing but a processor: in a loop, on one core, without the garbage collector."""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import timeit
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def afresh(work: Callable[..., Result], *arguments: Any) -> Result:
    """What *work* returns in a new process, kept on one core where the system can do that.

    Where things lie in memory, and with which seed they are hashed, is settled once for a whole process, and moves
    times by a tenth: so each round has a process of its own.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_keep_to_one_core) as pool:
        return pool.submit(work, *arguments).result()


def _keep_to_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def per_call(work: Callable[[Any], object], argument: Any, loop_s: float) -> float:
    """Seconds per `work(argument)`, the call itself included, over as many as fill about *loop_s* seconds.

    How many that is, is found out first, which warms the work up too. The garbage collector works before, not within.
    """
    timer, calls = timeit.Timer("work(argument)", globals={"work": work, "argument": argument}), 1
    while (elapsed := timer.timeit(calls)) < loop_s / 4:
        calls *= 2
    calls = math.ceil(calls * loop_s / elapsed)
    gc.collect()
    return timer.timeit(calls) / calls
