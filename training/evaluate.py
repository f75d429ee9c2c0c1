"""Score the table on packages that it never saw: a function's documentation must find its code.

The questions are doc comments, the candidates all definitions of the same package with their
comments removed; one answer is right. Prints NDCG@10 for keyword search (BM25 over split
identifiers), for each table alone, and for the two joined by reciprocal rank fusion (k = 60).
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent_brain_server.embedding.static import StaticTable
from training.corpus import clean_comment, source_files, split_words
from training.languages import LANGUAGES, definitions
from training.packages import Package, read_packages

QUESTIONS = 200
CANDIDATES = 3000
DEPTH = 10
FUSION = 60
SEED = 20

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Exam:
    """One package's questions; `right[i]` is the number of the candidate that answers question i."""

    package: str
    language: str
    questions: list[str]
    right: list[int]
    codes: list[str]


def examine(package: Package, work: Path) -> Exam:
    """Make the exam of one package; the same archives give the same exam."""
    found: dict[str, str] = {}
    languages: Counter[str] = Counter()
    for file in source_files(package, work):
        language = LANGUAGES.get(file.path.rpartition(".")[2].lower())
        if language is not None:
            before = len(found)
            for definition in definitions(file.text, language):
                found.setdefault(definition.code[:2000], clean_comment(definition.doc))
            languages[file.path.rpartition(".")[2].lower()] += len(found) - before
    chooser = random.Random(SEED)
    codes = sorted(found)
    if len(codes) > CANDIDATES:
        codes = sorted(chooser.sample(codes, CANDIDATES))
    asked = Counter(found[code] for code in codes)
    usable = [i for i, code in enumerate(codes) if len(found[code].split()) >= 4 and asked[found[code]] == 1]
    right = sorted(chooser.sample(usable, min(QUESTIONS, len(usable))))
    return Exam(package.name, languages.most_common(1)[0][0], [found[codes[i]] for i in right], right, codes)


def keyword_scores(exam: Exam, k1: float = 1.2, b: float = 0.75) -> Scores:
    """Return BM25 over split identifiers, float32 [questions, candidates]."""
    bags = [Counter(split_words(code).split()) for code in exam.codes]
    lengths = np.array([bag.total() for bag in bags], dtype=np.float32)
    norm = k1 * (1 - b + b * lengths / lengths.mean())
    postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, bag in enumerate(bags):
        for word, count in bag.items():
            postings[word].append((number, count))
    scores = np.zeros((len(exam.questions), len(bags)), dtype=np.float32)
    for row, question in enumerate(exam.questions):
        for word in set(split_words(question).split()) & postings.keys():
            numbers, counts = np.array(postings[word]).T
            rarity = math.log(1 + (len(bags) - len(numbers) + 0.5) / (len(numbers) + 0.5))
            scores[row, numbers] += rarity * counts * (k1 + 1) / (counts + norm[numbers])
    return scores


def vector_scores(table: StaticTable, exam: Exam) -> Scores:
    """Return cosine similarities, float32 [questions, candidates]."""
    scores: Scores = table.encode(exam.questions) @ table.encode(exam.codes).T
    return scores


def fuse(first: Scores, second: Scores) -> Scores:
    """Return the reciprocal rank fusion of two retrievers (Cormack et al. 2009)."""
    return (1 / (FUSION + _ranks(first)) + 1 / (FUSION + _ranks(second))).astype(np.float32)


def gain(scores: Scores, right: list[int]) -> npt.NDArray[np.float64]:
    """Return the NDCG@10 of each question, where one candidate is right."""
    ranks = _ranks(scores)[np.arange(len(right)), right]
    return np.where(ranks <= DEPTH, 1 / np.log2(1 + ranks), 0.0)


def _ranks(scores: Scores) -> Scores:
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32)[None, :], axis=1)
    return ranks


def main(work: Path, purpose: str = "evaluation") -> None:
    """Print the table of scores, a column for each retriever and a row for each package."""
    tables = {"random": work / "tables" / "random", "start": work / "tables" / "start", "trained": None}
    vectors: dict[str, Callable[[Exam], Scores]] = {
        name: partial(vector_scores, StaticTable.load(folder)) for name, folder in tables.items()
    }
    rows: list[dict[str, float]] = []
    print(f"| package | questions | BM25 | {' | '.join(f'{name} | + BM25' for name in vectors)} |")
    print("|" + "---|" * (3 + 2 * len(vectors)))
    for package in read_packages(purpose):
        exam = examine(package, work)
        if len(exam.questions) < 20:
            print(f"{package.name}: only {len(exam.questions)} questions", file=sys.stderr)
            continue
        keywords = keyword_scores(exam)
        row = {"BM25": float(gain(keywords, exam.right).mean())}
        for name, score in vectors.items():
            scores = score(exam)
            row[name] = float(gain(scores, exam.right).mean())
            row[name + " + BM25"] = float(gain(fuse(keywords, scores), exam.right).mean())
        rows.append(row)
        print(_line(f"{exam.package} ({exam.language})", str(len(exam.questions)), list(row.values())))
    means = [float(np.mean([row[key] for row in rows])) for key in rows[0]]
    print(_line(f"mean of {len(rows)} packages", "", means))


def _line(title: str, questions: str, scores: list[float]) -> str:
    return f"| {title} | {questions} | {' | '.join(f'{score:.3f}' for score in scores)} |"
