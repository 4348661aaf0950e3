"""The same pipeline over a loopback socket: a server process, and a client that keeps 8 connections busy."""

from ..harness.loopback import load, serving
from ..harness.samples import PERCENTILES, samples
from ..harness.skipping import available, need
from ..workloads import apps

CONNECTIONS = 8
REQUESTS = 1000
WINDOWS = 10


class Loopback:
    """Latency, cost and rate of one run, 10 windows of 1,000 requests per scenario."""

    version = "1"
    timeout = 300
    params = list(apps.SCENARIOS)
    param_names = ["scenario"]

    def setup_cache(self):
        if not available("App", "serving.server.Server"):
            return {}
        return {scenario: _measure(scenario) for scenario in apps.SCENARIOS}

    setup_cache.timeout = 300

    def track_latency(self, runs, scenario, percentile):
        return samples(window[percentile] for window in _windows(runs, scenario))

    track_latency.params = [list(apps.SCENARIOS), list(PERCENTILES)]
    track_latency.param_names = ["scenario", "percentile"]
    track_latency.unit = "seconds"
    track_latency.less_is_better = True

    def track_cost(self, runs, scenario):
        return samples(window["us_each"] for window in _windows(runs, scenario))

    track_cost.unit = "us/request"
    track_cost.less_is_better = True

    def track_rate(self, runs, scenario):
        return samples(window["rate"] for window in _windows(runs, scenario))

    track_rate.unit = "requests/s"
    track_rate.less_is_better = False


def _windows(runs, scenario):
    need("App", "serving.server.Server")
    return runs[scenario]


def _measure(scenario):
    with serving(apps.app(scenario)) as port:
        return load(
            port,
            apps.REQUESTS[scenario],
            apps.STATUS[scenario],
            apps.BODIES[scenario],
            connections=CONNECTIONS,
            requests=REQUESTS,
            windows=WINDOWS,
        )
