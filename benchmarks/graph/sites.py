"""Call sites drawn at random, each with the definition that it calls, found by reading the sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_brain_server.domain.code_graph import LocatedDefinition

Sample = Literal["seen", "unseen"]
LANGUAGES = ("python", "typescript", "go", "rust", "java")
EXTERNAL = "external"
_FOLDER = Path(__file__).with_name("sites")


@dataclass(frozen=True, slots=True)
class Target:
    """The definition at `line` of `path`."""

    path: str
    line: int
    symbol: str

    def is_met_by(self, found: LocatedDefinition) -> bool:
        """Return whether `found` is this definition, or a constructor of this class."""
        definition = found.definition
        if found.path != self.path:
            return False
        covers = definition.start_line <= self.line <= definition.end_line
        return covers or definition.symbol.startswith(f"{self.symbol}.")


@dataclass(frozen=True, slots=True)
class Site:
    """The first call of `name` on a line; `targets` are all right answers, none for a call out of the project."""

    language: str
    package: str
    path: str
    line: int
    name: str
    targets: tuple[Target, ...]


def read_sites(sample: Sample) -> list[Site]:
    """Return the sites by which the rules were made (40 a language), or those that they had not seen (20)."""
    prefix = "" if sample == "seen" else "unseen_"
    lines = [
        (language, line)
        for language in LANGUAGES
        for line in (_FOLDER / f"{prefix}{language}.jsonl").read_text("utf-8").splitlines()
    ]
    return [_site(language, json.loads(line)) for language, line in lines]


def _site(language: str, entry: dict[str, str]) -> Site:
    path, _, line = entry["site"].rpartition(":")
    targets = () if entry["target"] == EXTERNAL else tuple(map(_target, entry["target"].split(" | ")))
    return Site(language, entry["package"], path, int(line), entry["name"], targets)


def _target(text: str) -> Target:
    place, _, symbol = text.partition(" ")
    path, _, line = place.rpartition(":")
    return Target(path, int(line), symbol)
