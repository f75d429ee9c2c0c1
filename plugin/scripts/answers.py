"""Writes the server's answers as text for a model: cited, marked where stale, within a budget of tokens.

A line is either of our own, in which names of the repository are escaped, or it is the repository's and inside a fence.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from escaping import one_line, path, phrase, plain, word

CHARACTERS_PER_TOKEN = 4
LONGEST_NAME = 300
_HEAD_TOKENS = 30
_STALE = " [stale: changed since it was indexed]"
_GONE = " [gone: the file is not there any more]"
_CUT = "(Cut to max_tokens.)"


class Fence:
    """A fence around texts: `<mark>` and `</mark>`, with a random mark that is in none of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = list(texts)
        self._mark = secrets.token_hex(4)
        while any(self._mark in text for text in known):
            self._mark = secrets.token_hex(4)

    def enclose(self, *lines: str) -> str:
        """Return the lines of a text with the fence's own before and after them."""
        return "\n".join([f"<{self._mark}>", *lines, f"</{self._mark}>"])


def passages_budget(max_tokens: int, top_k: int) -> int:
    """Return what of `max_tokens` is left for the passages' own text when each has its head."""
    return max(max_tokens - _HEAD_TOKENS * min(top_k, max_tokens // (4 * _HEAD_TOKENS)) - _HEAD_TOKENS, 1)


def search_text(answer: Mapping[str, Any], max_tokens: int) -> str:
    """Return the passages, best first, as many as `max_tokens` allows, and what there is to know about them."""
    results = answer["results"]
    fence = Fence(passage["text"] for passage in results)
    notes = _notes(answer)
    left = max_tokens * CHARACTERS_PER_TOKEN - sum(len(note) + 2 for note in notes)
    shown: list[str] = []
    more = answer["truncated"]
    for number, passage in enumerate(results, start=1):
        head, text = _head(number, passage), plain(passage["text"].rstrip())
        room = left - len(head) - len(fence.enclose("")) - 3
        more = more or len(text) > room
        if len(text) > room and shown:
            break
        shown.append(f"{head}\n{fence.enclose(text[: max(room, 1)])}")
        left -= len(shown[-1]) + 2
    if more:
        notes.append("(More was found than fits: raise max_tokens, or filter by path or symbol.)")
    return "\n\n".join([*shown, *notes])


def _head(number: int, passage: Mapping[str, Any]) -> str:
    parts = [f"{number}. {place(passage['path'], passage['start_line'], passage['end_line'])}"]
    parts += [_bounded(word(passage["symbol"] or passage["kind"])), f"{passage['score']:.3g}"]
    head = " ".join(parts) + _staleness(passage)
    # `read` knows it by its id alone: outside of the project, or where the path is cut.
    if passage["path"].startswith("/") or len(path(passage["path"])) > LONGEST_NAME:
        head += f" [id {one_line(str(passage['chunk_id']), 40)}]"
    reason = passage["explain"]["reason"] if "explain" in passage else ""
    return f"{head}\n({_bounded(phrase(reason))})" if reason else head


def _staleness(passage: Mapping[str, Any]) -> str:
    if passage.get("gone"):
        return _GONE
    return _STALE if passage["stale"] else ""


def place(name: str, first: int, last: int) -> str:
    """Return `path:first-last`, the path as a JSON string where it could be taken for something else."""
    return f"{_bounded(path(name))}:{first}-{last}"


def _bounded(name: str) -> str:
    """Return a name of the repository, its end cut off where it is overlong."""
    if len(name) <= LONGEST_NAME:
        return name
    return name[:LONGEST_NAME] + ('…"' if name.startswith('"') else "…")


def notices(answer: Mapping[str, Any]) -> list[str]:
    """Return what is to be known of the files that were found."""
    return [f"({one_line(str(answer['notice']))})"] if answer.get("notice") else []


def _notes(answer: Mapping[str, Any]) -> list[str]:
    results, notes = answer["results"], notices(answer)
    stale = sum(passage["stale"] and not passage.get("gone") for passage in results)
    if stale:
        again = "Their files are being indexed again; `read` shows them as they are now."
        notes.append(f"(Stale: {stale} of {len(results)}. {again})")
    return notes


def nothing_found(status: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Return why a search found nothing, and what to do; `report` is what is left out of the index."""
    job = status["job"]
    if job is not None and job["state"] in ("queued", "running"):
        return f"No passages yet: the index is being built ({_progress(job)}). Search again soon, or use grep now."
    if not status["index"]["chunks"]:
        if report["problems"]:
            why = " ".join(map(one_line, report["problems"]))
            return f"The index is empty. {why} Say this to the person; until then use grep."
        return "The index is empty. The person can fill it with /agent-brain:index; until then use grep."
    return "No passages found. Try other words, fewer filters, or grep for exact text."


def lines_text(name: str, lines: Sequence[str], first: int, last: int, max_tokens: int) -> str:
    """Return lines `first` to `last` of a file, from 1, as far as `max_tokens` allows, under a head that cites them."""
    shown = _fitting(lines[first - 1 : last], max_tokens * CHARACTERS_PER_TOKEN)
    end = first + len(shown) - 1
    more = f"\n(Cut to max_tokens. Go on: {place(name, end + 1, last)})" if end < last else ""
    return f"{place(name, first, end)} (of {len(lines)} lines)\n{Fence(shown).enclose(*shown)}{more}"


def passage_text(chunk: Mapping[str, Any], lines: Sequence[str], max_tokens: int) -> str:
    """Return a passage as it was indexed, as far as `max_tokens` allows."""
    shown = _fitting(lines, max_tokens * CHARACTERS_PER_TOKEN)
    head = place(chunk["path"], chunk["start_line"], chunk["end_line"]) + (_STALE if chunk["stale"] else "")
    more = f"\n{_CUT}" if len(shown) < len(lines) else ""
    return f"{head}\n{Fence(shown).enclose(*shown)}{more}"


def _fitting(lines: Sequence[str], characters: int) -> list[str]:
    """Return the first lines, as they are shown, that have room; of the first one at least its beginning."""
    shown: list[str] = []
    left = characters
    for line in map(plain, lines):
        left -= len(line) + 1
        if left < 0:
            return shown or [line[:characters]]
        shown.append(line)
    return shown


def status_text(status: Mapping[str, Any]) -> str:
    """Return the state of the project, a line a subject."""
    index, storage, embedding, watcher = (status[part] for part in ("index", "storage", "embedding", "watcher"))
    counts = f"{index['files']:,} files, {index['chunks']:,} passages"
    lines = [
        f"project: {_value(status['project']['root'])}",
        f"index: {counts}{_activity(status)}",
        f"storage: {_value(storage['backend'])} {_value(storage['location'])}",
        f"embedding: {_value(embedding['name'])}",
        f"refresh: {_value(watcher['state'])}" + (f", {_value(watcher['detail'])}" if watcher["detail"] else ""),
        f"server: {_value(status['server']['version'])} on 127.0.0.1:{status['server']['port']}",
    ]
    return "\n".join(lines)


def _value(text: object) -> str:
    """Return what ends one of our own lines."""
    return one_line(str(text), LONGEST_NAME)


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
