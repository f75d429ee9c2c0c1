"""Generated projects: the same files for the same arguments, in several languages, some texts twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_WORDS = """
    retry parse header socket token queue shard cursor ledger parcel invoice signal window buffer planet copper meadow
    harbor candle ribbon violet anchor basket timber falcon glacier lantern marble orchard pebble quartz saddle
"""
WORDS = _WORDS.split()
REPEATED_EVERY = 7


def source_files(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """`count` names with their texts; one in REPEATED_EVERY says what an earlier one of its language says."""
    rng = random.Random(seed)
    earlier: dict[str, list[str]] = {}
    for number in range(count):
        extension, write = _LANGUAGES[number % len(_LANGUAGES)]
        texts = earlier.setdefault(extension, [])
        repeats = texts and rng.randrange(REPEATED_EVERY) == 0
        text = rng.choice(texts) if repeats else write(rng, number)
        texts.append(text)
        yield f"part{number % 23:02}/{rng.choice(WORDS)}_{number:05}.{extension}", text


def write_project(root: Path, count: int, seed: int = 1) -> None:
    """Write the files beneath `root`."""
    for name, text in source_files(count, seed):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def write_small_files(root: Path, count: int, a_directory: int = 500) -> None:
    """Write `count` one-line sources, quickly."""
    for start in range(0, count, a_directory):
        directory = root / f"many{start // a_directory:04}"
        directory.mkdir(parents=True)
        for number in range(start, min(count, start + a_directory)):
            (directory / f"m{number}.py").write_text(f"{WORDS[number % len(WORDS)]}_{number} = {number}\n", "ascii")


def long_source(functions: int, seed: int) -> str:
    """A Python source of as many functions, each long enough to be a chunk of its own."""
    rng = random.Random(seed)
    return "\n\n".join(_long_function(rng, f"{seed}_{number}") for number in range(functions)) + "\n"


def _long_function(rng: random.Random, name: str) -> str:
    lines = [f"    {rng.choice(WORDS)}_{line} = {rng.choice(WORDS)}({rng.randrange(10_000)})" for line in range(24)]
    return "\n".join(
        [f"def work_{name}(value):", f'    """Work on {rng.choice(WORDS)}."""', *lines, "    return value"]
    )


def _python(rng: random.Random, number: int) -> str:
    one, two, three = rng.sample(WORDS, 3)
    return (
        f'"""The {one} of number {number}."""\n\n\nclass {one.title()}{number}:\n    """Holds a {two}."""\n\n'
        f"    def {two}(self, {three}):\n        return self.{one}({three}, {number})\n\n\n"
        f"def {three}_{number}({one}):\n    return [{two} for {two} in {one} if {two} > {number}]\n"
    )


def _typescript(rng: random.Random, number: int) -> str:
    one, two, three = rng.sample(WORDS, 3)
    return (
        f"export interface {one.title()}{number} {{\n  {two}: string;\n}}\n\n"
        f"export function {two}{three.title()}({one}: {one.title()}{number}): number {{\n"
        f"  return {one}.{two}.length + {number};\n}}\n"
    )


def _go(rng: random.Random, number: int) -> str:
    one, two, three = rng.sample(WORDS, 3)
    return (
        f"package {one}\n\n// {two.title()}{number} counts every {three}.\n"
        f"func {two.title()}{number}({three} int) int {{\n\treturn {three} * {number}\n}}\n"
    )


def _rust(rng: random.Random, number: int) -> str:
    one, two, three = rng.sample(WORDS, 3)
    return (
        f"/// A {one} with its {two}.\npub struct {one.title()}{number} {{\n    {two}: u64,\n}}\n\n"
        f"pub fn {three}_{number}({two}: u64) -> u64 {{\n    {two} + {number}\n}}\n"
    )


def _markdown(rng: random.Random, number: int) -> str:
    one, two, three = rng.sample(WORDS, 3)
    return f"# {one.title()} {number}\n\nHow the {two} meets the {three}.\n\n## {two.title()}\n\nOnly with {number}.\n"


_LANGUAGES = (("py", _python), ("ts", _typescript), ("go", _go), ("rs", _rust), ("md", _markdown))
