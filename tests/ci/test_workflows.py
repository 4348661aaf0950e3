"""Rules that all of CI's workflows keep. `make lint` has zizmor look at them, too."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from benchmarks.judging import accepted

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.iterdir())}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):.* ## ", MAKEFILE, re.MULTILINE))
GLUE = re.compile(
    r"""(?x)
    (sudo\ apt-get\ |git\ |gh\ |echo\ |cat\ |mkdir\ |python3\ (trusted/)?\.ci/tell\.py\ )  # what comes before and after
    | if\ |elif\ |else$|fi$|for\ |done\b|grep\ -q\ |base=(\$\(git\ |\$BEFORE$)             # and what chooses
    """
)


class Job(NamedTuple):
    workflow: str
    name: str
    body: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["steps"]
        return found

    @property
    def lines(self) -> list[str]:
        """All that its steps run."""
        return [line.strip() for step in self.steps for line in step.get("run", "").splitlines()]

    @property
    def targets(self) -> set[str]:
        """What it makes, with each choice of its matrix."""
        made = {re.split(r"[ ]", line)[1].strip('"') for line in self.lines if line.startswith("make ")}
        if "$TARGET" in made:
            made = made - {"$TARGET"} | set(self.body["strategy"]["matrix"]["target"])
        return made

    def uses(self, action: str) -> list[dict[str, Any]]:
        return [step for step in self.steps if step.get("uses", "").startswith(f"{action}@")]


JOBS = [Job(name, job, body) for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()]


def jobs(*workflows: str) -> Iterator[Job]:
    return (job for job in JOBS if job.workflow in workflows)


def triggers(workflow: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKFLOWS[workflow][True]  # YAML 1.1 reads `on` as true
    return found


def each_job(rule: Any) -> Any:
    return pytest.mark.parametrize("job", JOBS, ids=[f"{job.workflow}-{job.name}" for job in JOBS])(rule)


@each_job
def test_what_a_job_runs_is_a_target_that_people_run_too_or_glue(job: Job) -> None:
    others = [line for line in job.lines if not line.startswith("make ")]
    assert [line for line in others if not GLUE.match(line)] == []
    assert job.targets <= TARGETS


@each_job
def test_a_job_has_its_own_rights_an_end_in_time_and_a_system_that_stays(job: Job) -> None:
    assert isinstance(job.body["permissions"], dict)
    assert 0 < job.body["timeout-minutes"] <= 180
    assert job.body["runs-on"] == "ubuntu-24.04"


@each_job
def test_a_job_that_may_write_runs_nothing_of_what_is_measured(job: Job) -> None:
    if "write" in job.body["permissions"].values():
        assert job.targets == set()
        refs = {step["with"].get("ref", "") for step in job.uses("actions/checkout")}
        assert not any("pull_request" in ref or "head" in ref for ref in refs)


@each_job
def test_no_checkout_leaves_a_token_behind(job: Job) -> None:
    assert [step for step in job.uses("actions/checkout") if step["with"]["persist-credentials"] is not False] == []


@each_job
def test_nothing_that_others_choose_is_pasted_into_a_script(job: Job) -> None:
    assert [line for line in job.lines if "${{" in line] == []


@each_job
def test_what_compares_commits_has_all_of_them(job: Job) -> None:
    if job.targets & {"compare", "continuous", "check", "publish"}:
        assert [step["with"]["fetch-depth"] for step in job.uses("actions/checkout")] == [0]


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned_by_commit_with_their_version_beside_it(name: str) -> None:
    pins = [found.groupdict() for found in re.finditer(r"uses: (?P<name>\S+)@(?P<pin>\S+)(?P<more>.*)", TEXTS[name])]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[0-9a-f]{40}", pin["pin"]), pin
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", pin["more"]), pin


def test_one_action_has_one_pin() -> None:
    pins = set(re.findall(r"uses: (\S+)@(\S+)", "\n".join(TEXTS.values())))
    assert len(pins) == len({name for name, _ in pins})


@pytest.mark.parametrize("name", TEXTS)
def test_a_workflow_gives_no_rights_itself_and_says_what_becomes_of_its_earlier_runs(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    assert isinstance(WORKFLOWS[name]["concurrency"]["group"], str)


def test_a_pull_request_is_checked_measured_once_and_compared() -> None:
    workflows = [name for name in WORKFLOWS if "pull_request" in triggers(name)]
    assert {"lint", "check", "test", "compare", "continuous"} == set().union(*(job.targets for job in jobs(*workflows)))


def test_no_workflow_runs_a_pull_request_s_code_with_rights_of_main() -> None:
    assert [name for name in WORKFLOWS if "pull_request_target" in triggers(name)] == []
    (privileged,) = (name for name in WORKFLOWS if "workflow_run" in triggers(name))
    (job,) = jobs(privileged)
    assert job.body["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    (checkout,) = job.uses("actions/checkout")
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    (artifact,) = job.uses("actions/download-artifact")
    assert artifact["with"]["path"].startswith("${{ runner.temp }}/")
    assert triggers(privileged)["workflow_run"]["workflows"] == [WORKFLOWS["compare"]["name"]]


def test_main_is_compared_with_what_it_was_before_the_push_and_what_is_slower_becomes_an_issue() -> None:
    assert triggers("compare")["push"] == {"branches": ["main"]}
    (compare,) = (job for job in jobs("compare") if "compare" in job.targets)
    assert "github.event.before" in str(compare.steps)
    assert any("HEAD^" in line for line in compare.lines)
    (issue,) = (job for job in jobs("compare") if job.body["permissions"].get("issues") == "write")
    assert "github.event_name == 'push'" in issue.body["if"]
    assert any("tell.py issue" in line for line in issue.lines)


@pytest.mark.parametrize("name", ["compare", "tests"])
def test_no_push_to_main_waits_in_a_group_where_the_next_one_would_take_its_place(name: str) -> None:
    group = WORKFLOWS[name]["concurrency"]["group"]
    assert group == f"{name}-${{{{ github.event_name == 'push' && github.sha || github.ref }}}}"


def test_the_profiles_that_a_comparison_s_report_names_are_kept_beside_it() -> None:
    comparing = [job for job in JOBS if "compare" in job.targets]
    assert len(comparing) == 3
    for job in comparing:
        kept = {step["with"]["path"]: step["with"] for step in job.uses("actions/upload-artifact")}
        assert kept[".asv/compare"]["if-no-files-found"] == "error"
        assert kept[".asv/profiles"] == {
            "name": "profiles",
            "path": ".asv/profiles",
            "include-hidden-files": True,
            "if-no-files-found": "ignore",
        }


def test_github_action_benchmark_alerts_at_120_and_fails_at_150_percent() -> None:
    steps = [step for job in JOBS for step in job.uses("benchmark-action/github-action-benchmark")]
    options = [step["with"] for step in steps]
    assert [one["tool"] for one in options] == ["customSmallerIsBetter", "customBiggerIsBetter"]
    assert len({one["name"] for one in options}) == 2
    on_main = "${{ github.event_name == 'push' }}"
    for one in options:
        assert (one["alert-threshold"], one["fail-threshold"]) == ("120%", "150%")
        assert (one["fail-on-alert"], one["summary-always"]) == (True, True)
        assert (one["save-data-file"], one["comment-on-alert"]) == (on_main, on_main)


def test_the_base_s_figures_are_written_under_the_names_of_github_action_benchmark_s_steps() -> None:
    steps = [step["with"] for job in JOBS for step in job.uses("benchmark-action/github-action-benchmark")]
    code = f"import sys; sys.path.insert(0, {str(ROOT / '.ci')!r}); import tell; print(tell.SUITES)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    written = {Path(one["output-file-path"]).name: (one["name"], one["tool"]) for one in steps}
    assert said.strip() == str(written)


def test_each_night_and_each_release_run_what_takes_long_against_the_last_release() -> None:
    assert "schedule" in triggers("nightly")
    assert triggers("release") == {"push": {"tags": ["v*"]}}
    for name in ("nightly", "release"):
        assert {"nightly", "compare"} <= set().union(*(job.targets for job in jobs(name)))
        assert any("git describe --tags" in line for job in jobs(name) for line in job.lines)


def test_the_site_is_published_by_a_job_that_runs_nothing() -> None:
    build, deploy = jobs("publish")
    assert build.targets == {"publish"}
    assert (deploy.lines, deploy.body["permissions"]) == ([], {"pages": "write", "id-token": "write"})


def test_the_page_on_ci_names_every_workflow_and_shows_an_acceptance_that_is_one() -> None:
    page = (ROOT / "docs/ci.md").read_text()
    table = page.partition("## Workflows")[2].partition("\n\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(WORKFLOWS)
    (example,) = re.findall(r"^ {7}\[\[accepted\]\]\n(?: {7}.*\n)+", page, re.MULTILINE)
    assert len(accepted.parse(textwrap.dedent(example))) == 1


def test_every_target_stands_in_the_list_of_them_in_a_column_that_it_fits() -> None:
    listed = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^(  make (\w+) +)\S.*$", listed, re.MULTILINE)
    assert {name for _, name in rows} == TARGETS
    assert len({len(column) for column, _ in rows}) == 1
    phony = re.search(r"\.PHONY:((?:.*\\\n)*.*)", MAKEFILE)
    assert phony
    assert set(phony[1].replace("\\", " ").split()) == TARGETS


def test_every_version_of_python_that_the_project_claims_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert WORKFLOWS["tests"]["jobs"]["tests"]["strategy"]["matrix"]["python"] == claimed
    found = re.search(r"^PYTHONS := (.*)$", MAKEFILE, re.MULTILINE)
    assert found is not None
    assert found[1].split() == claimed
    assert "make pythons\n" in (ROOT / ".ci/run").read_text()
