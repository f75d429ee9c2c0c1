"""Train the table with in-batch contrastive learning on (question, code) pairs.

A text is the sum of its tokens' rows, scaled to length one, so that a row's length is its token's
weight. Batches are groups of pairs of one package each: negatives inside the repository are what
searching looks like. Writes `trained.npy`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agent_brain_server.embedding.static import Tokenizer

KIND_WEIGHTS = {"docstring": 1.0, "heading": 1.0, "module": 1.0, "name": 0.6, "path": 0.25, "sibling": 0.15}
NOTHING = np.zeros(0, dtype=np.uint16)


@dataclass(frozen=True)
class Recipe:
    """What a training run depends on besides its pairs."""

    steps: int = 1000
    batch: int = 2048
    group: int = 64
    scale: float = 20.0
    rate: float = 2e-3
    warm_up: int = 30
    longest: int = 112
    short_share: float = 0.2
    same_code: float = 0.95
    seed: int = 20


class Pairs:
    """The tokenised pairs, and a way to draw batches of them."""

    def __init__(self, work: Path, recipe: Recipe) -> None:
        tokenizer = Tokenizer((work / "vocabulary.txt").read_text("ascii").split())
        self.recipe = recipe
        self.chooser = np.random.default_rng(recipe.seed)
        self.questions: list[npt.NDArray[np.uint16]] = []
        self.codes: list[npt.NDArray[np.uint16]] = []
        members: defaultdict[str, list[int]] = defaultdict(list)
        weights: list[float] = []
        with (work / "pairs.jsonl").open() as lines:
            for number, line in enumerate(lines):
                package, kind, question, code = json.loads(line)
                self.questions.append(next(tokenizer.ids(question), NOTHING))
                self.codes.append(next(tokenizer.ids(code), NOTHING))
                usable = len(self.questions[-1]) > 1 and len(self.codes[-1]) > 4
                weights.append(KIND_WEIGHTS[kind] if usable else 0.0)
                if usable:
                    members[package].append(number)
        self._make_groups(members, np.array(weights))

    def _make_groups(self, members: dict[str, list[int]], weights: npt.NDArray[np.float64]) -> None:
        small = [number for numbers in members.values() if len(numbers) < 2 * self.recipe.group for number in numbers]
        large = [numbers for numbers in members.values() if len(numbers) >= 2 * self.recipe.group]
        groups = [np.array(numbers) for numbers in ([*large, small] if len(small) >= self.recipe.group else large)]
        totals = np.array([weights[group].sum() for group in groups])
        self.shares = totals / totals.sum()
        self.groups = [(group, weights[group] / weights[group].sum()) for group in groups]

    def draw(self) -> npt.NDArray[np.int64]:
        """Return the numbers of one batch of pairs."""
        chosen = self.chooser.choice(len(self.groups), self.recipe.batch // self.recipe.group, p=self.shares)
        drawn = [
            self.chooser.choice(group, self.recipe.group, replace=False, p=p)
            for group, p in (self.groups[i] for i in chosen)
        ]
        return np.unique(np.concatenate(drawn))

    def bags(self, numbers: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return token numbers and offsets of the questions, then of the codes."""
        questions = [self._cut(self.questions[number], question=True) for number in numbers]
        codes = [self._cut(self.codes[number], question=False) for number in numbers]
        return (*_bag(questions), *_bag(codes))

    def _cut(self, ids: npt.NDArray[np.uint16], *, question: bool) -> npt.NDArray[np.uint16]:
        longest = self.recipe.longest
        if question and self.chooser.random() < self.recipe.short_share:
            longest = int(self.chooser.integers(2, 7))
        if len(ids) <= longest:
            return ids
        return ids[self.chooser.permutation(len(ids))[:longest]]


def _bag(texts: list[npt.NDArray[np.uint16]]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = np.array([len(text) for text in texts])
    ids = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    return ids, torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)[:-1]]))


def contrast(questions: torch.Tensor, codes: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return symmetric InfoNCE; a code almost equal to the right one is no negative."""
    logits = recipe.scale * questions @ codes.T
    with torch.no_grad():
        twins = (codes @ codes.T > recipe.same_code).fill_diagonal_(False)
    logits = logits.masked_fill(twins, -1e4)
    right = torch.arange(len(logits))
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


def train(work: Path, recipe: Recipe) -> npt.NDArray[np.float32]:
    """Return the trained rows, float32 [vocabulary, dimensions]."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(2)
    pairs = Pairs(work, recipe)
    table = torch.nn.EmbeddingBag.from_pretrained(
        torch.from_numpy(np.load(work / "start.npy")), freeze=False, mode="sum"
    )
    optimiser = torch.optim.Adam(table.parameters(), lr=recipe.rate)
    began = time.monotonic()
    for step in range(recipe.steps):
        rate = min((step + 1) / recipe.warm_up, (recipe.steps - step) / (recipe.steps - recipe.warm_up))
        optimiser.param_groups[0]["lr"] = recipe.rate * rate
        question_ids, question_offsets, code_ids, code_offsets = pairs.bags(pairs.draw())
        questions = functional.normalize(table(question_ids, question_offsets))
        codes = functional.normalize(table(code_ids, code_offsets))
        loss = contrast(questions, codes, recipe)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 25 == 0:
            print(f"step {step} loss {loss.item():.3f} {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    rows: npt.NDArray[np.float32] = table.weight.detach().numpy()
    return rows


def main(work: Path) -> None:
    """Write `work`/trained.npy."""
    np.save(work / "trained.npy", train(work, Recipe()))
