"""What pip installs for the plugin is what uv.lock pins: the same packages, versions and hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)(?:\[.*?\])?==(?P<version>\S+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)
HASH = re.compile(r"sha256:[0-9a-f]{64}")


def requirements() -> dict[str, tuple[str, set[str]]]:
    """By name, the version and the hashes."""
    text = (ROOT / "plugin" / "requirements.txt").read_text("utf-8")
    return {found["name"]: (found["version"], set(HASH.findall(found["rest"]))) for found in REQUIREMENT.finditer(text)}


def locked() -> dict[str, tuple[str, set[str]]]:
    tree = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    return {
        package["name"]: (
            package.get("version", ""),
            {file["hash"] for file in [*package.get("wheels", []), package.get("sdist")] if file},
        )
        for package in tree["package"]
    }


def wanted() -> set[str]:
    """What pyproject.toml asks for, without the development tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[\[><=]", line)[0] for line in project["dependencies"]}


def test_versions_and_hashes_are_those_of_the_lock() -> None:
    """Else: make requirements."""
    lock = locked()
    assert {name: found for name, found in requirements().items() if found != lock[name]} == {}


def test_nothing_is_missing() -> None:
    assert wanted() - requirements().keys() == set()
