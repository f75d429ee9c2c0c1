"""Writes the server's answers as text for a model: cited, marked where stale, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CHARACTERS_PER_TOKEN = 4
_HEAD_TOKENS = 25


def passages_budget(max_tokens: int, top_k: int) -> int:
    """What of `max_tokens` is left for the passages' own text when each has its head."""
    return max(max_tokens - _HEAD_TOKENS * min(top_k, max_tokens // (4 * _HEAD_TOKENS)) - _HEAD_TOKENS, 1)


def search_text(answer: Mapping[str, Any], max_tokens: int) -> str:
    """The passages, best first, as many as `max_tokens` allows, and what there is to know about them."""
    blocks = [_passage(number, passage) for number, passage in enumerate(answer["results"], start=1)]
    notes = _notes(answer["results"])
    left = max_tokens * CHARACTERS_PER_TOKEN - sum(len(note) + 2 for note in notes)
    shown: list[str] = []
    for block in blocks:
        left -= len(block) + 2
        if left < 0 and shown:
            break
        shown.append(block)
    if answer["truncated"] or len(shown) < len(blocks):
        notes.append("(More was found than fits: raise max_tokens, or filter by path or symbol.)")
    return "\n\n".join([*shown, *notes])


def _passage(number: int, passage: Mapping[str, Any]) -> str:
    place = f"{passage['path']}:{passage['start_line']}-{passage['end_line']}"
    parts = [f"{number}. {place}", passage["symbol"] or passage["kind"], f"{passage['score']:.3g}"]
    if passage["stale"]:
        parts.append("[stale: changed since it was indexed]")
    if passage["path"].startswith("/"):  # outside of the project `read` knows it by its id alone
        parts.append(f"[id {passage['chunk_id']}]")
    why = f"\n({passage['explain']['reason']})" if "explain" in passage else ""
    return f"{' '.join(parts)}{why}\n{passage['text'].rstrip()}"


def _notes(results: Sequence[Mapping[str, Any]]) -> list[str]:
    stale = sum(passage["stale"] for passage in results)
    if not stale:
        return []
    return [
        f"(Stale: {stale} of {len(results)}. Their files are being indexed again; `read` shows them as they are now.)"
    ]


def nothing_found(status: Mapping[str, Any]) -> str:
    """Why a search found nothing, and what to do."""
    job = status["job"]
    if job is not None and job["state"] in ("queued", "running"):
        return f"No passages yet: the index is being built ({_progress(job)}). Search again soon, or use grep now."
    if not status["index"]["chunks"]:
        return "The index is empty. The person can fill it with /agent-brain:index; until then use grep."
    return "No passages found. Try other words, fewer filters, or grep for exact text."


def lines_text(path: str, lines: Sequence[str], first: int, last: int, max_tokens: int) -> str:
    """The lines `first` to `last` of a file, from 1, as far as `max_tokens` allows, under a head that cites them."""
    left = max_tokens * CHARACTERS_PER_TOKEN
    shown: list[str] = []
    for line in lines[first - 1 : last]:
        left -= len(line) + 1
        if left < 0:
            break
        shown.append(line)
    if not shown and first <= last:
        shown = [lines[first - 1][: max_tokens * CHARACTERS_PER_TOKEN]]
    end = first + len(shown) - 1
    more = f"\n(Cut to max_tokens. Go on: {path}:{end + 1}-{last})" if end < last else ""
    return f"{path}:{first}-{end} (of {len(lines)} lines)\n" + "\n".join(shown) + more


def status_text(status: Mapping[str, Any]) -> str:
    """How the project stands, a line a subject."""
    index, storage, embedding, watcher = (status[part] for part in ("index", "storage", "embedding", "watcher"))
    counts = f"{index['files']:,} files, {index['chunks']:,} passages"
    lines = [
        f"project: {status['project']['root']}",
        f"index: {counts}{_activity(status)}",
        f"storage: {storage['backend']} {storage['location']}",
        f"embedding: {embedding['name']}",
        f"refresh: {watcher['state']}" + (f", {watcher['detail']}" if watcher["detail"] else ""),
        f"server: {status['server']['version']} on 127.0.0.1:{status['server']['port']}",
    ]
    return "\n".join(lines)


def _activity(status: Mapping[str, Any]) -> str:
    job = status["job"]
    if job is not None and job["state"] in ("queued", "running"):
        return f"; refreshing ({_progress(job)})"
    return f"; {status['jobs_queued']} jobs waiting" if status["jobs_queued"] else "; up to date"


def _progress(job: Mapping[str, Any]) -> str:
    progress = job["progress"]
    done = f"{progress['files_done']:,} of {progress['files_total']:,} files"
    left = progress["eta_seconds"]
    return done if left is None else f"{done}, about {max(1, round(left))} s left"
