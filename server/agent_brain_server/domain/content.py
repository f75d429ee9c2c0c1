"""What an index holds: chunks, the files they come from, the folders these lie in.

What there is very much of is a tuple: it is made, and sent between processes, in a fraction of a data class's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agent_brain_server.domain.code_graph import NO_GRAPH, FileGraph

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A string: importing NumPy would cost the server's start more than all of its own modules.
FloatArray: TypeAlias = "npt.NDArray[np.float32]"


class Terms(NamedTuple):
    """The lexical terms of a chunk by field, each a space-separated string made by `domain.terms`."""

    symbol: str
    path: str
    documentation: str
    body: str


class Chunk(NamedTuple):
    """One passage of a file: a symbol, a section, a cell or a block of lines.

    `start_line` and `end_line` are 1-based and inclusive; `symbol` is the qualified name with `.` between its parts in
    every language, empty where there is none; `text` is what the lines say, with `\\n` line ends and without NULs.
    """

    id: str
    path: str
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    signature: str
    documentation: str
    text: str

    @property
    def embedding_text(self) -> str:
        """Return what is embedded of this chunk, without the path: a renamed file is not embedded again."""
        return f"{self.symbol}\n{self.text}" if self.symbol else self.text


class PreparedChunk(NamedTuple):
    """A chunk made ready for the store, all but its vector."""

    chunk: Chunk
    terms: Terms
    text_hash: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A row of the manifest: the file as it was when it was last read.

    `path` is relative to the project's root with `/` (absolute for a file outside of it); `folder` is the path of the
    indexed folder that it belongs to; `note` says what was odd about it (an encoding, a syntax error), else empty.
    """

    path: str
    folder: str
    content_hash: str
    size: int
    mtime_ns: int
    language: str
    chunk_count: int
    note: str
    indexed_at: float


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """All that one transaction writes for one file."""

    record: FileRecord
    chunks: Sequence[PreparedChunk]
    graph: FileGraph = NO_GRAPH


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to index and what to take from it: `include` empty means everything that is not ignored."""

    path: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """The identity of an embedder, stored with the index. `dimensions` is 0 where embedding is turned off."""

    name: str
    dimensions: int
    tokenizer: str = ""


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """Counts over the whole index. A file without a language was left out and does not count.

    `bytes` is its size on disk; `embedded_texts` counts every text that was ever embedded; `languages` counts files.
    """

    files: int
    chunks: int
    vectors: int
    bytes: int
    embedded_texts: int
    languages: dict[str, int] = field(default_factory=dict)


def hash_bytes(data: bytes) -> str:
    """Return the content hash of a file that the manifest keeps, 128 bits in hex."""
    return blake2b(data, digest_size=16).hexdigest()


def hash_text(text: str) -> str:
    """Return the hash that names a text and its vector, 128 bits in hex."""
    return hash_bytes(text.encode("utf-8", "surrogatepass"))


def chunk_id(path: str, symbol: str, text: str, occurrence: int) -> str:
    """Return a chunk's id: the same as long as path, symbol and text are; `occurrence` counts repeats in one file."""
    key = "\0".join((path, symbol, text, str(occurrence)))
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
