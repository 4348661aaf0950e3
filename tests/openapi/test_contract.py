"""The example app against its own document: schemathesis makes requests, and looks for answers it does not name."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# JSON Schema has no words for a check of the author's, and takes 1.0 for an integer, which msgspec does not.
BEYOND_SCHEMA = "positive_data_acceptance"


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "pyrt", "serve", "examples.users:app", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        yield found[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_no_answer_is_a_server_error_or_undocumented(url: str, tmp_path: Path) -> None:
    program = "from schemathesis.cli import schemathesis; schemathesis()"
    options = ["--checks", "all", "--exclude-checks", BEYOND_SCHEMA, "--max-examples", "50", "--seed", "1"]
    done = subprocess.run(
        [sys.executable, "-c", program, "run", f"{url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert re.search(r"Operations:\s+4 selected / 4 total", done.stdout)
