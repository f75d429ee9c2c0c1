"""No text sends people to an account or a package that a stranger could register: the manifest alone names an owner."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = ".claude-plugin/plugin.json"
NOT_TEXT = (".png", ".npy", ".pdf", ".parquet", "uv.lock", "plugin/requirements.txt", "vocabulary.txt")
SELF = Path(__file__).relative_to(ROOT).as_posix()
# A repository or a page of ours under a name that anyone may hold, and a package of our name in an index.
FOREIGN = {
    "an account": re.compile(
        r"(?:github\.com|gitlab\.com|pypi\.org/\w+|npmjs\.com/\w+)[/:](?:[\w.-]+/)?agent[-_]brain", re.IGNORECASE
    ),
    "a marketplace of an account": re.compile(r"marketplace add (?![./~\"$'{])[\w-]+/[\w.-]+"),
    "an extra": re.compile(r"agent-brain\[\w"),
    "a package in an index": re.compile(
        r"(?:pip|pipx|uv|uvx|npm|brew|conda)\s+(?:tool |pip )?(?:install|add|run)(?: -\S+)*"
        r" ['\"]?agent[-_]brain\b(?![/.])"
    ),
}
ALLOWED = {"CONTRIBUTING.md": "a package in an index"}  # the sentence that forbids it


def texts() -> list[str]:
    """Every text file that is given to people: the tests are not."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted(
        name
        for name in names
        if name and not name.startswith("tests/") and not name.endswith(NOT_TEXT) and (ROOT / name).is_file()
    )


@pytest.mark.parametrize("kind", list(FOREIGN))
def test_no_text_names_what_is_not_ours(kind: str) -> None:
    found = {
        name: match[0]
        for name in texts()
        if ALLOWED.get(name) != kind and (match := FOREIGN[kind].search((ROOT / name).read_text("utf-8", "replace")))
    }
    assert found == {}


def test_the_owners_address_is_in_the_manifest_alone() -> None:
    manifest = json.loads((ROOT / MANIFEST).read_text("utf-8"))
    address = urlsplit(manifest["repository"])
    assert "homepage" not in manifest
    assert address.scheme == "https"
    others = [name for name in texts() if name != MANIFEST and not (ROOT / name).is_symlink()]
    assert [name for name in others if str(address.hostname) in (ROOT / name).read_text("utf-8", "replace")] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("an account", "see https://github.com/agent-brain/agent-brain"),
        ("an account", "git@github.com:somebody/agent-brain.git"),
        ("a marketplace of an account", "/plugin marketplace add agent-brain/agent-brain"),
        ("an extra", "pip install 'agent-brain[postgres]'"),
        ("a package in an index", "pip install --force-reinstall agent-brain"),
        ("a package in an index", "uv tool install agent-brain"),
    ],
)
def test_the_rules_see_what_breaks_them(kind: str, text: str) -> None:
    assert FOREIGN[kind].search(text)


@pytest.mark.parametrize(
    "text",
    [
        "/plugin marketplace add ./path/to/agent-brain",
        "/plugin install agent-brain@agent-brain",
        "uv tool install ./path/to/agent-brain",
        "uv tool upgrade --reinstall agent-brain",
        "claude plugin marketplace add ~/agent-brain",
    ],
)
def test_the_rules_let_what_works_pass(text: str) -> None:
    assert [kind for kind, rule in FOREIGN.items() if rule.search(text)] == []
