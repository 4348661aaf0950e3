"""Which two commits are meant, and how each is built."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.judging import fingerprint, sides
from benchmarks.judging.comparison import Side
from benchmarks.judging.leash import Leash
from tests.benchmarks.conftest import git
from tests.benchmarks.judging.commits import BROKEN, Commits

ROOT = Path(__file__).parents[3]


@pytest.fixture
def commits(tmp_path: Path) -> Commits:
    return Commits(tmp_path / "project")


@pytest.fixture
def leash() -> Iterator[Leash]:
    with Leash() as leash:
        yield leash


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, sides.Built]]:
    """A project with one commit, which is built, and another pyrt in the working copy."""
    commits = Commits(tmp_path_factory.mktemp("kept") / "project")
    with Leash() as leash:
        commit = commits.begin(1)
        (commits.root / "pyrt/__init__.py").write_text("NUMBER = 2")
        yield commits.root, sides.build(commits.root, commit, leash)


def number(built: sides.Built) -> str:
    """Which pyrt it has, from elsewhere and by nothing but itself."""
    command = [str(built.python), "-I", "-c", "import pyrt; print(pyrt.NUMBER)"]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout.strip()


def test_a_branch_is_compared_with_where_it_left_main(commits: Commits) -> None:
    left = commits.begin(1)
    git(commits.root, "checkout", "--quiet", "-b", "faster")
    commits.add(2)
    head = commits.add(3)
    git(commits.root, "checkout", "--quiet", "main")
    commits.add(4)
    git(commits.root, "checkout", "--quiet", "faster")
    assert sides.resolve(commits.root) == (
        Side(commit=left, subject="Make it 1"),
        Side(commit=head, subject="Make it 3"),
    )


def test_main_is_compared_with_the_commit_before(commits: Commits) -> None:
    before, head = commits.begin(1), commits.add(2)
    assert [side.commit for side in sides.resolve(commits.root)] == [before, head]
    assert [side.commit for side in sides.resolve(commits.root, head=before, base=head)] == [head, before]


def test_a_clone_without_a_main_of_its_own_takes_that_of_its_origin(commits: Commits, tmp_path: Path) -> None:
    left = commits.begin(1)
    git(tmp_path, "clone", "--quiet", str(commits.root), "clone")
    clone = tmp_path / "clone"
    git(clone, "checkout", "--quiet", "-b", "faster")
    git(clone, "branch", "--quiet", "--delete", "main")
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Faster")
    assert sides.resolve(clone)[0].commit == left


def nothing(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    return commits.root, None


def no_repository(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    return tmp_path, None


def unknown(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    return commits.root, "fastest"


def an_option(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    return commits.root, "--all"


def first(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    return commits.root, None


def another_name_for_main(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    git(commits.root, "branch", "--move", "trunk")
    return commits.root, None


def unrelated(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    git(commits.root, "checkout", "--quiet", "--orphan", "other")
    commits.commit("Other")
    return commits.root, None


def without_pins(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    commits.begin()
    git(commits.root, "rm", "--quiet", "constraints.txt")
    commits.commit("Drop the pins")
    commits.begin(2)
    return commits.root, "HEAD^"


def shallow(commits: Commits, tmp_path: Path, base: str | None) -> tuple[Path, str | None]:
    before = commits.begin(1)
    commits.add(2)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{commits.root}", "shallow")
    return tmp_path / "shallow", before if base else None


def shallow_by_name(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    return shallow(commits, tmp_path, "named")


def shallow_by_default(commits: Commits, tmp_path: Path) -> tuple[Path, str | None]:
    return shallow(commits, tmp_path, None)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (nothing, "commit first"),
        (no_repository, "is no git repository"),
        (unknown, "fastest is no commit of this clone; `git log --oneline --all`"),
        (an_option, "--all is no commit"),
        (first, "has no commit before it in this clone; name a BASE"),
        (another_name_for_main, "no branch main"),
        (unrelated, "have no commit in common; name a BASE"),
        (without_pins, "cannot be measured: it has no constraints.txt"),
        (shallow_by_name, "git fetch --unshallow"),
        (shallow_by_default, "git fetch --unshallow"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_way_out(
    make: Callable[[Commits, Path], tuple[Path, str | None]], told: str, commits: Commits, tmp_path: Path
) -> None:
    root, base = make(commits, tmp_path)
    with pytest.raises(sides.SideError) as refused:
        sides.resolve(root, base)
    assert told in str(refused.value)


def test_a_commit_against_itself_and_a_dirty_tree_are_noted(commits: Commits) -> None:
    commits.begin(1)
    commits.add(2)
    assert sides.notes(commits.root, *sides.resolve(commits.root)) == []
    (commits.root / "pyrt/__init__.py").write_text("NUMBER = 3")
    same = sides.resolve(commits.root, "HEAD", "HEAD")
    noise, dirty = sides.notes(commits.root, *same)
    assert "whatever differs is noise" in noise
    assert "they are not measured" in dirty
    said: list[str] = []
    sides.mind_the_working_copy(commits.root, said.append)
    assert "python -m benchmarks run" in said[0]


def test_what_is_committed_is_built_with_todays_tools(kept: tuple[Path, sides.Built]) -> None:
    _, built = kept
    assert number(built) == "1"
    assert fingerprint.installed(built).keys() == {"asv_runner", "pympler"}
    assert fingerprint.installed(built)["asv_runner"] == "0.3.2"


def test_a_build_is_kept_and_a_copy_of_it_lies_elsewhere_at_a_path_as_long(
    kept: tuple[Path, sides.Built], leash: Leash
) -> None:
    root, built = kept
    copy = sides.build(root, built.commit, leash, copy="b")
    assert number(built) == number(copy)
    assert built.packages != copy.packages
    assert len(str(built.packages)) == len(str(copy.packages))
    (built.packages / "mark").touch()
    assert sides.build(root, built.commit, leash) == built
    assert (built.packages / "mark").exists()


def test_a_half_made_build_is_made_again(kept: tuple[Path, sides.Built], leash: Leash) -> None:
    root, built = kept
    (built.python.parents[1] / sides.WHOLE).unlink()
    (built.packages / "pyrt/__init__.py").write_text("NUMB")
    assert number(sides.build(root, built.commit, leash)) == "1"


def test_another_build_of_python_makes_another_folder(
    kept: tuple[Path, sides.Built], leash: Leash, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, built = kept
    monkeypatch.setattr(sys, "version", sys.version.replace("(", "(another "))
    assert sides.build(root, built.commit, leash).python != built.python


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"backend": BROKEN}, "no compiler was found"),
        ({"backend": "import nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_built_says_why_and_leaves_nothing(
    files: dict[str, str], told: str, commits: Commits, leash: Leash
) -> None:
    commit = commits.begin(1, **files)
    with pytest.raises(sides.Unbuildable) as refused:
        sides.build(commits.root, commit, leash)
    assert f"{commit[:8]} cannot be built" in str(refused.value)
    assert told in str(refused.value)
    assert [path.name for path in (commits.root / sides.FOLDER).iterdir()] == ["lock"]


def test_pins_that_cannot_be_had_make_a_commit_unbuildable(commits: Commits, leash: Leash) -> None:
    commits.begin(1)
    text = (commits.root / "backend.py").read_text()
    needing = text.replace("Version: 1\\n", "Version: 1\\nRequires-Dist: msgspec\\n")
    (commits.root / "constraints.txt").write_text("msgspec==0.0.99\n")
    with pytest.raises(sides.Unbuildable, match=r"msgspec==0\.0\.99"):
        sides.build(commits.root, commits.add(2, backend=needing), leash)


def test_two_processes_that_build_one_commit_at_once_get_the_same_whole_build(commits: Commits) -> None:
    commit = commits.begin(1)
    code = (
        "import sys; from pathlib import Path; from benchmarks.judging import leash, sides\n"
        "with leash.Leash() as held: print(sides.build(Path(sys.argv[1]), sys.argv[2], held).python)"
    )
    command = [sys.executable, "-c", code, str(commits.root), commit]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    one, other = (process.communicate()[0].strip() for process in both)
    assert one == other
    assert number(sides.Built(commit, Path(one))) == "1"


def test_what_was_not_used_for_longest_is_removed_unless_somebody_uses_it(
    kept: tuple[Path, sides.Built], leash: Leash
) -> None:
    root, built = kept
    folder = root / sides.FOLDER
    for at in range(sides.KEPT):
        marker = folder / f"{at:02}" / sides.WHOLE
        marker.parent.mkdir()
        marker.touch()
        os.utime(marker, (at, at))
    whole = {path.parent.name for path in folder.glob(f"*/{sides.WHOLE}")}
    removed = len(whole) - sides.KEPT
    with (folder / "00" / sides.WHOLE).open() as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        sides.build(root, built.commit, leash)
    oldest = {f"{at:02}" for at in range(1, removed)}
    assert oldest
    assert {path.name for path in folder.iterdir() if path.is_dir()} == whole - oldest
