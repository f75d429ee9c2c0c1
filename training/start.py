"""Give every token a first vector: the teacher's reading of the token alone, cut to 256 dimensions.

This is the distillation that Model2Vec describes: each token passed alone through the model, mean
pooled, then PCA. A token's length is 1e-3 / (1e-3 + p), p its share of all tokens in the corpus
(smooth inverse frequency, Arora et al. 2017). Writes `start.npy`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent_brain_server.embedding.static import Tokenizer
from training.teacher import embed

DIMENSIONS = 256
SMOOTHING = 1e-3


def main(work: Path) -> None:
    """Write `work`/start.npy."""
    vocabulary = (work / "vocabulary.txt").read_text("ascii").split()
    vectors = reduce_dimensions(embed([token.removeprefix("##") for token in vocabulary]), DIMENSIONS)
    np.save(work / "start.npy", vectors * _weights(vocabulary, work / "pairs.jsonl")[:, None])
    print(f"start vectors of {len(vocabulary)} tokens", file=sys.stderr)


def reduce_dimensions(vectors: npt.NDArray[np.float32], dimensions: int) -> npt.NDArray[np.float32]:
    """Centre the rows, keep the first principal axes, and scale each row to length one."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dimensions]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dimensions)])
    reduced = centred @ axes
    unit: npt.NDArray[np.float32] = (reduced / np.linalg.norm(reduced, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _weights(vocabulary: list[str], pairs: Path) -> npt.NDArray[np.float32]:
    tokenizer = Tokenizer(vocabulary)
    counts = np.ones(len(vocabulary))
    with pairs.open() as lines:
        for line in lines:
            _, _, question, code = json.loads(line)
            for text in (question, code):
                for ids in tokenizer.ids(text):
                    counts += np.bincount(ids, minlength=len(vocabulary))
    weights: npt.NDArray[np.float32] = (SMOOTHING / (SMOOTHING + counts / counts.sum())).astype(np.float32)
    return weights
