"""Write the run-time files: int8 rows with a float32 scale each, the vocabulary, and their hashes."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import agent_brain_server.embedding.static as run_time

NAME = "built-in-v1"
FILES = ("rows.npy", "scales.npy", "vocabulary.txt")


def quantise(rows: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return int8 rows and their scales; row times scale is off by half a scale at most."""
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    whole = np.rint(np.divide(rows, scales[:, None], out=np.zeros_like(rows), where=scales[:, None] > 0))
    return whole.astype(np.int8), scales


def export(rows: npt.NDArray[np.float32], vocabulary: Path, target: Path, name: str) -> None:
    """Write a table that `StaticTable.load(target)` reads."""
    target.mkdir(parents=True, exist_ok=True)
    whole, scales = quantise(rows)
    np.save(target / "rows.npy", whole)
    np.save(target / "scales.npy", scales)
    shutil.copyfile(vocabulary, target / "vocabulary.txt")
    meta = {
        "name": name,
        "dimensions": rows.shape[1],
        "vocabulary_size": rows.shape[0],
        "tokenizer_version": run_time.TOKENIZER_VERSION,
        "sha256": {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in FILES},
    }
    (target / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", "utf-8")


def main(work: Path) -> None:
    """Write the trained table into the package, and its start and a random one into `work` for comparison."""
    vocabulary = work / "vocabulary.txt"
    start, trained = np.load(work / "start.npy"), np.load(work / "trained.npy")
    noise = np.random.default_rng(20).standard_normal(start.shape).astype(np.float32)
    export(noise, vocabulary, work / "tables" / "random", "random")
    export(start, vocabulary, work / "tables" / "start", "start")
    target = Path(run_time.__file__).with_name("data")
    export(trained, vocabulary, target, NAME)
    shutil.copyfile(work / "record.csv", target / "record.csv")
    size = sum((target / file).stat().st_size for file in (*FILES, "meta.json"))
    print(f"{size} bytes in {target.name}/", file=sys.stderr)
