"""The pinned packages that the questions are about: fetched with each registry's own client, unpacked, checked."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Half = Literal["development", "test"]
FETCH_SECONDS = 600
_OWN_PYTHON = Path(__file__).parents[2] / "build" / "uv" / "bin" / "python"  # made where there was no uv


class Corpus(Protocol):
    """What questions are asked of."""

    @property
    def name(self) -> str:
        """Return its short name, unique in its set."""

    @property
    def half(self) -> Half:
        """Return the half that it belongs to, with all of its questions."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of `packages.toml`; `registry` is pypi, npm or debian (which needs a `deb-src` line)."""

    name: str
    half: Half
    registry: str
    package: str
    version: str
    sha256: str


def read_packages() -> list[Package]:
    """Return every package, the development half first."""
    halves = tomllib.loads(Path(__file__).with_name("packages.toml").read_text("utf-8"))
    return [Package(name, half, **entry) for half, entries in halves.items() for name, entry in entries.items()]


def unpacked(package: Package, work: Path) -> Path:
    """Return the folder with the package's sources, fetched and unpacked unless they are there.

    Raises ValueError where the archive is not the pinned one, CalledProcessError where it is not to be had.
    """
    target = work / "sources" / package.name
    if not target.is_dir():
        archive = _fetched(package, work / "archives" / package.name)
        part = target.with_name(f"{package.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(archive) as file:
            file.extractall(part, filter="data")
        inner = list(part.iterdir())
        (inner[0] if len(inner) == 1 and inner[0].is_dir() else part).rename(target)
        shutil.rmtree(part, ignore_errors=True)
    return target


def _fetched(package: Package, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if (found := _pinned(package, folder)) is None:
        subprocess.run(_command(package, folder), cwd=folder, check=True, capture_output=True, timeout=FETCH_SECONDS)
        found = _pinned(package, folder)
    if found is None:
        raise ValueError(f"{package.registry} {package.package} {package.version}: no archive has the pinned hash")
    return found


def _pinned(package: Package, folder: Path) -> Path | None:
    for path in sorted(folder.iterdir()):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == package.sha256:
            return path
    return None


def _command(package: Package, folder: Path) -> list[str]:
    if package.registry == "pypi":
        options = ["download", "-q", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
        return [_python_with_pip(), "-m", "pip", *options, f"{package.package}=={package.version}"]
    if package.registry == "npm":
        return ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package.package}@{package.version}"]
    source = ["apt-get", "source", "-qq", "--download-only", "--tar-only", "--only-source"]
    return [*source, f"{package.package}={package.version}"]


def _python_with_pip() -> str:
    """Return a Python that has pip: the environment that uv makes has none. Raise ValueError where there is none."""
    candidates = [sys.executable, *filter(None, map(shutil.which, ("python3", "python"))), str(_OWN_PYTHON)]
    for python in candidates:
        asked = [python, "-m", "pip", "--version"]
        if Path(python).exists() and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return python
    raise ValueError(f"no pip is found (looked for it in: {', '.join(candidates)}). Install pip for one of these")
