"""What the test that runs has started; pools of apps in other tests may still have theirs."""

import multiprocessing
import threading
from multiprocessing.process import BaseProcess

_others: set[object] = set()


def leave_out_what_runs() -> None:
    _others.clear()
    _others.update(threading.enumerate(), multiprocessing.active_children())


def own_threads() -> list[threading.Thread]:
    found = [thread for thread in threading.enumerate() if thread.name.startswith("pyrt-")]
    return [thread for thread in found if thread not in _others]


def own_processes() -> list[BaseProcess]:
    return [process for process in multiprocessing.active_children() if process not in _others]
