"""Which profiles a project has: each folder of `.asv/profiles/`.

A profile is a folder with `profile.json` (benchmark, commit, command, date) and any other files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

FOLDER = Path(".asv", "profiles")  # not below results/: asv takes every .json there for a result
ABOUT = "profile.json"


class ProfileSummary(msgspec.Struct, frozen=True):
    """What a profile says of itself. `commit` is a full hash; where two are compared, the later one."""

    benchmark: str
    commit: str = ""
    command: str = ""
    date: str = ""


class StoredProfile(msgspec.Struct, frozen=True):
    """One folder: the profile, or why it cannot be read; `files` are relative to it."""

    folder: Path
    profile: ProfileSummary
    files: Sequence[Path]
    error: str = ""

    @property
    def name(self) -> str:
        return self.folder.name


def load(root: Path) -> list[StoredProfile]:
    """All profiles of a project, by benchmark, the newest first; those that cannot be read come last."""
    folders = (path.parent for path in (root / FOLDER).glob(f"*/{ABOUT}"))
    newest = sorted(map(_read, folders), key=lambda one: (one.profile.date, one.name), reverse=True)
    return sorted(newest, key=lambda one: (bool(one.error), one.profile.benchmark))


def _read(folder: Path) -> StoredProfile:
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    try:
        return StoredProfile(folder, msgspec.json.decode((folder / ABOUT).read_bytes(), type=ProfileSummary), files)
    except (OSError, msgspec.MsgspecError) as error:
        return StoredProfile(
            folder, ProfileSummary(""), files, f"{folder.name}/{ABOUT} cannot be read: {error}. Profile again."
        )
