"""Build the vocabulary: whole words ranked by how many packages use them, word pieces as the fallback.

Writes `vocabulary.txt`, one token a line: the single letters and digits, the teacher's word pieces
that the corpus needs most, then whole words.
"""

from __future__ import annotations

import json
import string
import sys
from collections import Counter, defaultdict
from pathlib import Path

from agent_brain_server.embedding.static import Tokenizer
from training.corpus import split_words
from training.teacher import word_pieces

SIZE = 29_000
PIECES = 3_000
LONGEST = 24


def main(work: Path) -> None:
    """Write `work`/vocabulary.txt."""
    packages, uses = _count(work / "pairs.jsonl")
    singles = [prefix + c for prefix in ("", "##") for c in string.ascii_lowercase + string.digits]
    words = [
        word
        for word in packages
        if 1 < len(word) <= LONGEST and (not word.isdigit() or _is_selective(word, packages[word]))
    ]
    words.sort(key=lambda word: (-packages[word], -uses[word], word))
    whole = words[: SIZE - PIECES - len(singles)]
    pieces = _useful_pieces([*singles, *whole], words[len(whole) :], uses)
    vocabulary = [*singles, *pieces, *words[: SIZE - len(singles) - len(pieces)]]
    (work / "vocabulary.txt").write_text("".join(token + "\n" for token in vocabulary), "ascii")
    print(
        f"{len(vocabulary)} tokens, {len(pieces)} of them pieces; rarest word in {packages[whole[-1]]} packages",
        file=sys.stderr,
    )


def _is_selective(number: str, packages: int) -> bool:
    return len(number) <= 3 or packages >= 40


def _count(path: Path) -> tuple[Counter[str], Counter[str]]:
    """Count, for each word, the packages and the pairs that use it."""
    users: defaultdict[str, set[str]] = defaultdict(set)
    uses: Counter[str] = Counter()
    with path.open() as lines:
        for line in lines:
            package, _, question, code = json.loads(line)
            words = set(split_words(question + " " + code).split())
            uses.update(words)
            for word in words:
                users[word].add(package)
    return Counter({word: len(names) for word, names in users.items()}), uses


def _useful_pieces(known: list[str], unknown: list[str], uses: Counter[str]) -> list[str]:
    """Return the continuation pieces that cut the words outside the vocabulary most often."""
    candidates = [*known, *(piece for piece in word_pieces() if piece not in set(known))]
    tokenizer = Tokenizer(candidates)
    needed: Counter[str] = Counter()
    for word in unknown:
        for number in next(tokenizer.ids(word), ()):
            needed[candidates[number]] += uses[word]
    ranked = [piece for piece, _ in needed.most_common() if piece.startswith("##") and len(piece) > 3]
    return sorted(ranked[:PIECES])
