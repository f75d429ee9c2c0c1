"""uv and pip install where they are asked to, in spite of the person's configuration, and try once more with
the certificates of the system."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.claude import ROOT, plugin_tree
from support.installed import Installed

PROGRAMS = ROOT / "plugin" / "scripts" / "programs.py"
UNTRUSTING = """#!/bin/sh
if [ "$UV_SYSTEM_CERTS" != true ]; then
    echo "error: invalid peer certificate: UnknownIssuer" >&2
    exit 2
fi
exec "{uv}" "$@"
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip."""
    place = tmp_path_factory.mktemp("pip") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
    return place / "bin" / "python"


def make_wheel(directory: Path) -> None:
    """A distribution with one module."""
    directory.mkdir()
    notes = "Metadata-Version: 2.1\nName: quokka\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(directory / "quokka-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("quokka.py", "here = True\n")
        archive.writestr("quokka-1.0.dist-info/METADATA", notes)
        archive.writestr("quokka-1.0.dist-info/WHEEL", wheel)
        archive.writestr("quokka-1.0.dist-info/RECORD", "")


@pytest.mark.parametrize("option", ["target", "prefix", "root", "user"])
@pytest.mark.parametrize("said_in", ["file", "environment"])
def test_pip_installs_here_with_any_configuration(python: Path, tmp_path: Path, option: str, said_in: str) -> None:
    elsewhere, home, wheels = tmp_path / "elsewhere", tmp_path / "home", tmp_path / "my wheels"
    value = "1" if option == "user" else str(elsewhere)
    make_wheel(wheels)
    (home / ".config" / "pip").mkdir(parents=True)
    lines = ["[global]", f"find-links = {wheels.as_uri()}", "no-index = true", "[install]"]
    lines += [f"{option} = {value}"] if said_in == "file" else []
    (home / ".config" / "pip" / "pip.conf").write_text("\n".join([*lines, ""]))
    kept = {name: given for name, given in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "XDG_"))}
    named = {f"PIP_{option.upper()}": value} if said_in == "environment" else {}
    variables = {**kept, "HOME": str(home), **named}
    subprocess.run([str(python), "-I", "-m", "pip", "uninstall", "-qy", "quokka"], check=True, capture_output=True)
    done = subprocess.run(
        [str(python), str(PROGRAMS), "quokka"], env=variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = subprocess.run([str(python), "-I", "-c", "import quokka; assert quokka.here"], capture_output=True)
    assert found.returncode == 0
    assert not elsewhere.exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_authority_that_only_the_system_knows(tmp_path: Path) -> None:
    installed = Installed(plugin_tree(tmp_path / "0.1.0"), tmp_path)
    uv = tmp_path / "tools" / "uv"
    uv.rename(tmp_path / "uv that installs")
    uv.write_text(UNTRUSTING.format(uv=tmp_path / "uv that installs"))
    uv.chmod(0o755)
    done = installed.run("setup", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "with pip" not in done.stderr
    assert installed.environments() == [installed.environment.name]
