"""What an installation of the product takes on disk: the runtime alone, without what developers need.

Counted is what the disk shows: allocated blocks, in MB of 1,000,000 bytes, with the bytecode that is there when the
installation is done. Python itself is not counted, nor is the installer.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.figures import LIMITS, Figure
from benchmarks.scale import Scale

PRODUCT = "agent-brain"
REPOSITORY = Path(__file__).resolve().parent.parent
SOURCES = ("server/agent_brain_server", "server_client/agent_brain_client", "wizard/agent_brain_wizard", "templates")
TRIAL = "server_client/agent_brain_contract/packages.py"
INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
INSTALL_SECONDS = 300
BLOCK = 512
NAMED = 5


@dataclass(frozen=True, slots=True)
class Installation:
    """Megabytes by distribution, those of bytecode among them all, and how they came to be known."""

    sizes: dict[str, float]
    bytecode: float
    how: str

    @property
    def megabytes(self) -> float:
        """Return the size of all of it."""
        return sum(self.sizes.values())

    @property
    def grammars(self) -> list[str]:
        """Return the grammar wheels, which do not count as packages."""
        return [name for name in self.sizes if name.startswith("tree-sitter-")]


def installed(scale: Scale) -> list[Figure]:
    """Measure size and number of packages of a fresh installation if one can be made, else of this environment."""
    found = (_fresh() if scale.fresh_install else None) or _here()
    largest = sorted(found.sizes.items(), key=lambda item: -item[1])[:NAMED]
    grammars = found.grammars
    named = ", ".join(f"{name} {size:.1f}" for name, size in largest)
    note = (
        f"{found.how}; blocks on disk, {found.bytecode:.1f} of bytecode included; largest: {named}; "
        f"the {len(grammars)} grammar wheels {sum(found.sizes[name] for name in grammars):.1f} together"
    )
    packages = float(len(found.sizes) - len(grammars))
    return [
        Figure("installed size", "MB", (found.megabytes,), LIMITS.installed_megabytes, (), note),
        Figure("installed packages besides grammar wheels", "packages", (packages,), LIMITS.installed_packages),
    ]


def _fresh() -> Installation | None:
    """Yield a new environment that is removed afterwards; None where it cannot be made, as without a network."""
    with tempfile.TemporaryDirectory(prefix="agent-brain-size-") as name:
        target = Path(name, "venv")
        uv = shutil.which("uv") or next(map(str, REPOSITORY.glob("build/uv/bin/uv")), None)
        try:
            for command in _commands(uv, target):
                subprocess.run(
                    command,
                    check=True,
                    cwd=REPOSITORY,
                    capture_output=True,
                    timeout=INSTALL_SECONDS,
                    env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(target), "UV_COMPILE_BYTECODE": "0"},
                )
        except (OSError, subprocess.SubprocessError):
            return None
        packages = next(target.glob("lib*/python*/site-packages"))
        return _measured(distributions(path=[str(packages)]), f"fresh installation by {'uv' if uv else 'pip'}")


def _commands(uv: str | None, target: Path) -> list[list[str]]:
    """Return how the Makefile and the plugin install: what the trial imports is compiled, the rest at first use."""
    python = str(target / "bin" / "python")
    tried = [python, "-I", TRIAL]
    if uv is not None:
        locked = [uv, "sync", "--frozen", "--no-default-groups", "--no-editable", "--python", sys.executable]
        return [locked, tried]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "."]
    return [[sys.executable, "-m", "venv", str(target)], pip, tried]


def _here() -> Installation:
    """Return the closure of the declared dependencies among what is installed in this environment."""
    return _measured(_closure(), "the declared dependencies as installed here (no fresh installation)")


def _closure() -> Iterator[Distribution]:
    pending, seen = [PRODUCT], set[str]()
    while pending:
        name = _normal(pending.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        pending += [each.name for each in map(Requirement, found.requires or []) if _applies(each)]


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _measured(found: Iterable[Distribution], how: str) -> Installation:
    paths = {_normal(each.name): _paths(each) for each in found}
    kept = {name: files for name, files in paths.items() if name not in INSTALLERS}
    bytecode = _megabytes(path for files in kept.values() for path in files if path.suffix == ".pyc")
    return Installation({name: _megabytes(files) for name, files in kept.items()}, bytecode, how)


def _paths(found: Distribution) -> set[Path]:
    """Return the files of a distribution, with the bytecode of its sources."""
    paths = {Path(str(found.locate_file(each))) for each in found.files or ()}
    if _normal(found.name) == PRODUCT and not any(path.name == "serve.py" for path in paths):
        paths |= {path for source in SOURCES for path in (REPOSITORY / source).rglob("*") if path.is_file()}
    compiled = {Path(cache_from_source(str(path))) for path in paths if path.suffix == ".py"}
    return paths | compiled


def _megabytes(paths: Iterable[Path]) -> float:
    total = 0
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue
        total += getattr(status, "st_blocks", -(-status.st_size // BLOCK)) * BLOCK
    return total / 1e6


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
