"""The pinned list of packages (`packages.toml`) and where their archives lie once fetched."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

PURPOSES = ("training", "tuning", "evaluation")
LICENCES = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0"}


@dataclass(frozen=True)
class Package:
    """One pinned package; `licence` is one of LICENCES, the choice taken where several are offered."""

    registry: str
    name: str
    version: str
    licence: str
    sha256: str


def read_packages(purpose: str) -> list[Package]:
    """Return the packages of one of PURPOSES, sorted; refuses a licence not allowed."""
    table = tomllib.loads(Path(__file__).with_name("packages.toml").read_text("utf-8"))[purpose]
    found = [
        Package(registry, name, entry["version"], entry["licence"], entry["sha256"])
        for registry, entries in sorted(table.items())
        for name, entry in sorted(entries.items())
    ]
    for package in found:
        if package.licence not in LICENCES:
            raise ValueError(f"{package.name}: licence {package.licence} is not on the list")
    return found


def folder(package: Package, work: Path) -> Path:
    """Return the folder for a package's archive."""
    return work / "archives" / package.registry / package.name.replace("/", "__")


def archives(package: Package, work: Path) -> list[Path]:
    """Return the fetched archives of a package (one, as pinned), sorted."""
    patterns = {"pypi": "*.whl", "npm": "*.tgz", "debian": "*.orig.tar.*"}
    return sorted(path for path in folder(package, work).glob(patterns[package.registry]) if path.suffix != ".asc")
