"""Ways in which the environment of the plugin's packages is spoilt: by an upgrade of the system, or half an update."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

SPOILT: dict[str, Callable[[Path], None]] = {}


def spoils(function: Callable[[Path], None]) -> Callable[[Path], None]:
    """Register a way in which an environment is spoilt."""
    SPOILT[function.__name__.replace("_", " ")] = function
    return function


@spoils
def another_minor_version_behind_the_link(environment: Path) -> None:
    """What an upgrade of the system does: the link is the same, its Python looks elsewhere for packages."""
    python = environment / "bin" / "python"
    fake = environment.parents[1] / "python3.99"
    fake.write_text(f'#!/bin/sh\nexec "{os.path.realpath(python)}" -S "$@"\n')  # without the packages of before
    fake.chmod(0o755)
    python.unlink()
    python.symlink_to(fake)


@spoils
def no_pyvenv_cfg(environment: Path) -> None:
    (environment / "pyvenv.cfg").unlink()


@spoils
def a_package_is_missing(environment: Path) -> None:
    shutil.rmtree(packages_of(environment) / "httpx")


@spoils
def a_package_is_half_updated(environment: Path) -> None:
    replace(packages_of(environment) / "filelock" / "__init__.py", b"from filelock.not_yet_there import FileLock\n")


@spoils
def a_native_module_is_cut_off(environment: Path) -> None:
    (native,) = (packages_of(environment) / "yaml").glob("_yaml*.so")
    replace(native, native.read_bytes()[:1000])
    replace(packages_of(environment) / "yaml" / "__init__.py", b"import yaml._yaml\n")


def replace(path: Path, content: bytes) -> None:
    """As installers do."""
    path.unlink()
    path.write_bytes(content)


def packages_of(environment: Path) -> Path:
    """The directory of the environment's packages."""
    (found,) = environment.glob("lib/python*/site-packages")
    return found
