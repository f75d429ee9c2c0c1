"""The built-in embedder: one trained vector a token, summed and normalised.

It needs NumPy and a regular expression, no network and no model runtime. A token's weight is the
length of its row, so a plain sum is already a weighted mean. How the table was made and what it
scores is in `data/card.md`.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agent_brain_server.domain.memo import Memo
from agent_brain_server.errors import AgentBrainError

TOKENIZER_VERSION = "words-1"

_WORD = re.compile(r"[A-Za-z0-9]+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_COMBINING = re.compile("[\u0300-\u036f]+")

_SLICE = 1 << 16  # characters read at a time
_BLOCK = 1 << 8  # token rows summed at a time: so few that the matrix product stays on one thread
_LONGEST_WORD = 64
_MEMO_WORDS = 20_000


class TableError(AgentBrainError):
    """The files of a static table are missing or do not fit together."""

    code = "embedding_table"

    def __init__(self, directory: Path, reason: str) -> None:
        message = f"The embedding table in {directory} cannot be read ({reason}). Install the package again."
        super().__init__(message, directory=str(directory), reason=reason)


class Tokenizer:
    """Cut text into words, split camelCase, acronyms and digits, and look the parts up in a vocabulary.

    A part that is no entry is cut greedily into the longest entries from the left; entries that
    continue a word begin with "##". Of a run of letters and digits only the first 64 are read.
    Accents are stripped first; everything but ASCII letters and digits separates words.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {token: number for number, token in enumerate(vocabulary)}
        self._longest = max(map(len, vocabulary), default=0)
        self._memo = Memo(self._word_ids, _MEMO_WORDS, _LONGEST_WORD)

    def ids(self, text: str) -> Iterator[npt.NDArray[np.uint16]]:
        """Yield the token numbers of `text` in order, one array for each 65,536 characters."""
        for start in range(0, len(text), _SLICE):
            part = text[start : start + _SLICE]
            if not part.isascii():
                part = _COMBINING.sub("", unicodedata.normalize("NFKD", part))
            yield np.frombuffer(b"".join(map(self._memo.__getitem__, _WORD.findall(part))), dtype=np.uint16)

    def _word_ids(self, word: str) -> bytes:
        numbers: list[int] = []
        for part in _PART.findall(word[:_LONGEST_WORD]):
            numbers.extend(self._pieces(part.lower()))
        return array("H", numbers).tobytes()

    def _pieces(self, part: str) -> Iterator[int]:
        start, prefix = 0, ""
        while start < len(part):
            for end in range(min(len(part), start + self._longest), start, -1):
                number = self._ids.get(prefix + part[start:end])
                if number is not None:
                    yield number
                    break
            else:
                end = start + 1
            start, prefix = end, "##"


class StaticTable:
    """A static token-embedding table; `encode` gives unit vectors that compare by dot product.

    `name`, `dimensions`, `tokenizer_version` and `digest` say which table it is: vectors of two
    tables that differ in any of them must not be compared.
    """

    def __init__(
        self,
        name: str,
        vocabulary: Sequence[str],
        rows: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        digest: str,
    ) -> None:
        self.name = name
        self.dimensions = int(rows.shape[1])
        self.tokenizer_version = TOKENIZER_VERSION
        self.digest = digest
        self._tokenizer = Tokenizer(vocabulary)
        self._rows = rows
        self._scales = scales

    @classmethod
    def load(cls, directory: Path | None = None) -> StaticTable:
        """Read a table from `directory`, by default the one in the package; raises TableError."""
        folder = directory or Path(__file__).with_name("data")
        try:
            meta = json.loads((folder / "meta.json").read_text("utf-8"))
            vocabulary = (folder / "vocabulary.txt").read_text("ascii").split("\n")[:-1]
            rows = np.load(folder / "rows.npy", allow_pickle=False)
            scales = np.load(folder / "scales.npy", allow_pickle=False)
            name, version, dimensions = str(meta["name"]), meta["tokenizer_version"], int(meta["dimensions"])
            digest = _digest(meta["sha256"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise TableError(folder, str(error)) from error
        if version != TOKENIZER_VERSION:
            raise TableError(folder, f"made for tokenizer {version}, not {TOKENIZER_VERSION}")
        if rows.dtype != np.int8 or rows.shape != (len(vocabulary), dimensions):
            raise TableError(folder, f"its rows are {rows.dtype} {rows.shape}")
        if scales.dtype != np.float32 or scales.shape != (len(vocabulary),):
            raise TableError(folder, f"its scales are {scales.dtype} {scales.shape}")
        return cls(name, vocabulary, rows, scales, digest)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 [len(texts), dimensions], one unit vector a text.

        A text without a known token gives a row of zeros. A row depends on its own text alone.
        Time and memory are linear in the length of the texts; no string is refused.
        """
        sums = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for number, text in enumerate(texts):
            for ids in self._tokenizer.ids(text):
                for start in range(0, len(ids), _BLOCK):
                    sums[number] += self._sum(ids[start : start + _BLOCK])
        lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, None]
        np.divide(sums, lengths, out=sums, where=lengths > 0)
        return sums

    def _sum(self, ids: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        rows = self._rows.take(ids, axis=0).astype(np.float32)
        total: npt.NDArray[np.float32] = self._scales.take(ids) @ rows
        return total


def _digest(hashes: dict[str, str]) -> str:
    """Return 16 hexadecimal digits that identify the files with these hashes."""
    text = "".join(f"{name} {hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
