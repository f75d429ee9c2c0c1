"""The packages of others that every installation has, and whether they can be imported.

Run as a program (`python -I packages.py [--quick] [--recorded] [PATH …]`) it tries its own Python, and says what cannot
be imported.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

# By the names that they are imported by. What only packages of this list use is tried through them.
MODULES = (
    *("annotated_types", "dotenv", "filelock", "httpx", "jinja2", "numpy", "psutil", "pydantic"),
    *("pydantic_settings", "starlette", "tqdm", "tree_sitter", "typing_extensions", "uvicorn", "yaml"),
    *("tree_sitter_bash", "tree_sitter_c", "tree_sitter_c_sharp", "tree_sitter_cpp", "tree_sitter_elixir"),
    *("tree_sitter_go", "tree_sitter_haskell", "tree_sitter_java", "tree_sitter_javascript", "tree_sitter_kotlin"),
    *("tree_sitter_lua", "tree_sitter_php", "tree_sitter_python", "tree_sitter_ruby", "tree_sitter_rust"),
    *("tree_sitter_scala", "tree_sitter_swift", "tree_sitter_typescript", "tree_sitter_zig"),
    "inotify_simple" if sys.platform == "linux" else "watchfiles",
)
DATABASE_MODULES = ("pgvector", "psycopg")
SELDOM = (*DATABASE_MODULES, "charset_normalizer", "docker", "prompt_toolkit", "pypdf", "questionary", "requests")
LEAST_PYTHON = (3, 11)
STAMP = "agent-brain.json"
"""In an environment that the plugin has made and tried: what it was when it was tried."""
TRIAL_SECONDS = 120.0
QUICK, RECORDED = "--quick", "--recorded"
_NAMED = 3


def try_packages(
    python: str,
    paths: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    *,
    quick: bool = False,
    recorded: bool = False,
) -> str:
    """Return why `python` cannot run the product with the packages that it finds, in `paths` too; empty if it can.

    `quick` takes half the time: what is seldom needed is looked for, and not imported. With `recorded`, each file must
    also be as the record of its package has it, where there is one.
    """
    options = [*([QUICK] if quick else []), *([RECORDED] if recorded else [])]
    try:
        done = subprocess.run(
            [python, "-I", str(Path(__file__).resolve()), *options, *paths],
            cwd=Path(__file__).anchor or os.sep,
            env=None if variables is None else dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or f"no answer within {TRIAL_SECONDS} s"
        return f"its Python cannot be run: {why}"
    if done.returncode == 0:
        return ""
    last = "".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
    if done.returncode == 1 and last:
        return last
    return f"its Python exits with code {done.returncode} ({last or 'no message'})"


def failures(quick: bool) -> list[str]:
    """Return what cannot be imported by this Python, each with the reason.

    What the first start needs is compiled on the way; what many never use takes no room for that.
    """
    failed = []
    for name in (*MODULES, *SELDOM):
        sys.dont_write_bytecode = name in SELDOM
        try:
            if not (quick and name in SELDOM):
                importlib.import_module(name)
            elif find_spec(name) is None:
                failed.append(f"{name}: not installed")
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}: {error}")
    return failed


def _damaged() -> list[str]:
    """Return some of the files that are not as they were installed."""
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from agent_brain_contract.records import NoRecordError, damaged_files

    try:
        return list(islice(damaged_files(sys.path, (*MODULES, *SELDOM)), _NAMED))
    except NoRecordError:
        return []


def main() -> str:
    """Return what is wrong, in one line; empty if nothing is."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        return f"Python {version} is too old"
    sys.path[:0] = [path for path in sys.argv[1:] if path not in (QUICK, RECORDED, *sys.path)]
    failed = failures(QUICK in sys.argv)
    if not failed:
        return "; ".join(_damaged()) if RECORDED in sys.argv else ""
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    return " ".join(f"Python {version} cannot import {'; '.join(failed[:_NAMED])}{more}".split())


if __name__ == "__main__":
    sys.exit(main() or 0)
