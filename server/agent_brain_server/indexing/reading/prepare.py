"""The preparation of files for the store, in worker processes: plain functions over plain values."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from agent_brain_server.domain.code_graph import NO_GRAPH, FileGraph
from agent_brain_server.domain.content import Chunk, PreparedChunk, hash_bytes, hash_text
from agent_brain_server.domain.terms import chunk_terms
from agent_brain_server.domain.texts import is_storable, storable
from agent_brain_server.indexing.reading.decode import decode, is_binary
from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.secrets import kinds_note, mask_file, secret_bytes
from agent_brain_server.indexing.walking.real_paths import is_gone, open_real
from agent_brain_server.indexing.walking.walk_result import FileEntry
from agent_brain_server.runtime.limits import bounded, seconds_for

if TYPE_CHECKING:
    from agent_brain_server.indexing.chunking import ChunkedText

HEAD_BYTES = 8192
# What Git LFS and git-annex check out in the place of a large file that is not there; the one is keys and values alone.
LARGEST_LFS_POINTER = 1023  # bytes, by the specification of Git LFS
_LFS_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\r?\n(?:ext-\d-\S+ \S+\r?\n)*"
    rb"oid \S+\r?\nsize \d+\s*\Z"
)
_ANNEX_POINTER = re.compile(rb"(?:\.git)?/annex/objects/\S+\s*\Z")

Verdict = Literal["indexed", "same", "binary", "secret", "too_large", "unreadable", "gone", "unparsable"]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A file to read. `known_hash` is what the index holds, empty for a new file or to read it again regardless.

    `gave_up` says why no parser may see it, empty if one may: then it is cut by lines, and a PDF has no text.
    """

    entry: FileEntry
    known_hash: str
    max_bytes: int
    gave_up: str = ""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that was read. `size` and `mtime_ns` are those of the bytes that were read.

    `note` says what was odd, or what kind of secret the file is; `masked` is the manifest's note of what was masked.
    A file that is `gone` is not there any more as one, an `unreadable` one is.
    """

    entry: FileEntry
    verdict: Verdict
    size: int = 0
    mtime_ns: int = 0
    content_hash: str = ""
    language: str = ""
    chunks: tuple[PreparedChunk, ...] = ()
    note: str = ""
    masked: str = ""
    graph: FileGraph = NO_GRAPH


def prepare_files(requests: Sequence[ReadRequest]) -> Iterator[PreparedFile]:
    """Yield each request's file, in order, once it is ready. Never fail but by the end of the process."""
    for request in requests:
        with bounded(seconds_for(request.entry.size)):
            prepared = _prepare_somehow(request)
        yield prepared


def _prepare_somehow(request: ReadRequest) -> PreparedFile:
    """Return the file, cut by lines where its parser fails; unparsable where that fails too."""
    try:
        return prepare_file(request)
    except Exception as error:
        reason = request.gave_up or f"parser gave up: internal error ({type(error).__name__})"
    if request.gave_up:
        entry = request.entry
        return PreparedFile(entry, "unparsable", entry.size, entry.mtime_ns, note=reason)
    return _prepare_somehow(replace(request, gave_up=reason))


def prepare_file(request: ReadRequest) -> PreparedFile:
    """Read, decode, mask, chunk and tokenize one file."""
    entry = request.entry
    try:
        with open(entry.absolute, "rb", opener=open_real) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return PreparedFile(entry, "gone")
            data = file.read(request.max_bytes + 1)
            if len(data) > request.max_bytes:
                return PreparedFile(entry, "too_large", status.st_size, status.st_mtime_ns)
    except OSError as error:
        if is_gone(error):
            return PreparedFile(entry, "gone")
        return PreparedFile(entry, "unreadable", note=f"cannot be read ({error.strerror or type(error).__name__})")
    return _prepare_bytes(request, data, status.st_mtime_ns)


def read_bytes(entry: FileEntry, max_bytes: int) -> bytes | None:
    """Return the bytes of a regular file, None for one that is too large or cannot be read."""
    try:
        with open(entry.absolute, "rb", opener=open_real) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(max_bytes + 1)
    except OSError:
        return None
    return data if len(data) <= max_bytes else None


def _prepare_bytes(request: ReadRequest, data: bytes, mtime_ns: int) -> PreparedFile:
    entry, head = request.entry, data[:HEAD_BYTES]
    content_hash = hash_bytes(data)
    read = PreparedFile(entry, "same", len(data), mtime_ns, content_hash)
    if content_hash == request.known_hash:
        return read
    language = detect_language(entry.path, head)
    if kind := secret_bytes(data):
        return replace(read, verdict="secret", note=kind)
    if language != "pdf" and is_binary(head):
        return replace(read, verdict="binary")
    if _is_pointer(data):
        return replace(read, verdict="binary", note="a Git LFS or git-annex pointer: its content is not checked out")
    if language == "pdf":
        return _with_chunks(read, language, _chunk(request, language, data, ""))
    decoded = decode(data)
    masked = mask_file(entry.path, language, decoded.text)
    if masked.secret:
        return replace(read, verdict="secret", note=masked.secret)
    chunked = _chunk(request, language, data, masked.text)
    notes = "; ".join(note for note in (decoded.note, chunked.note) if note)
    kinds = Counter(masked.kinds) + Counter(chunked.masked)
    return _with_chunks(read, language, replace(chunked, note=notes, masked=kinds))


def _is_pointer(data: bytes) -> bool:
    if len(data) <= LARGEST_LFS_POINTER and _LFS_POINTER.match(data):
        return True
    return len(data) <= HEAD_BYTES and _ANNEX_POINTER.match(data) is not None


def _with_chunks(read: PreparedFile, language: str, chunked: ChunkedText) -> PreparedFile:
    chunks = tuple(_prepare_chunk(_cleaned(chunk)) for chunk in chunked.chunks)
    masked = kinds_note(chunked.masked)
    return replace(
        read,
        verdict="indexed",
        language=language,
        chunks=chunks,
        note=storable(chunked.note),
        masked=masked,
        graph=chunked.graph,
    )


def _chunk(request: ReadRequest, language: str, data: bytes, text: str) -> ChunkedText:
    """Cut a PDF's `data` or else the file's `text` into chunks; by lines alone where no parser may see it."""
    from agent_brain_server.indexing.chunking import chunk_lines, chunk_pdf, chunk_text  # not for the server's start

    path = request.entry.path
    if request.gave_up:
        return chunk_lines(path, language, text, request.gave_up)
    return chunk_pdf(path, data) if language == "pdf" else chunk_text(path, language, text)


def _cleaned(chunk: Chunk) -> Chunk:
    """Return the chunk as every store holds it. A parser can make any text, of escapes in JSON or of a PDF's codes."""
    texts = (chunk.language, chunk.symbol, chunk.signature, chunk.documentation, chunk.text)
    if all(map(is_storable, texts)):
        return chunk
    language, symbol, signature, documentation, text = map(storable, texts)
    return chunk._replace(language=language, symbol=symbol, signature=signature, documentation=documentation, text=text)


def _prepare_chunk(chunk: Chunk) -> PreparedChunk:
    return PreparedChunk(chunk, chunk_terms(chunk), hash_text(chunk.embedding_text))
