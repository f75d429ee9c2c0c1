"""Run the steps that make the built-in embedding table, all or some of them, in order."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

STEPS = ("fetch", "corpus", "tokenizer", "start", "train", "export", "evaluate")


def main() -> None:
    """Read the command line and run the chosen steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], help=f"default: all of {', '.join(STEPS)}")
    parser.add_argument("--work", type=Path, required=True, help="scratch folder for archives, pairs and vectors")
    parser.add_argument("--held-out", type=Path, help="folder of sources that no pair may share two long lines with")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    for step in arguments.steps or STEPS:
        run: Callable[..., None] = import_module(f"training.{step}").main
        if step == "corpus":
            run(arguments.work, arguments.held_out)
        else:
            run(arguments.work)


if __name__ == "__main__":
    main()
