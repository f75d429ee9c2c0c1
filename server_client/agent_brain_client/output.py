"""What people see: answers on stdout, notes on stderr, colour on terminals alone, no foreign control characters.

Nothing else in the client and the wizard prints: what goes through here is escaped.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from agent_brain_client.rows import fit
from agent_brain_contract.escaping import json_text, line, name, one_line, plain

if TYPE_CHECKING:
    from agent_brain_client.answers import GraphResult, GraphSymbol, JobResponse, Passage, ReportEntry, ReportResponse

SHOWN_LINES = 4
PIPE_WIDTH = 160
WIDEST_FIELD = 48
LEAST_SYMBOL = 16
SCORE_COLUMNS = 14
"""What a head takes besides its path and its symbol: the number, the gaps and the score."""
REASON_COLUMNS = 21
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
# What marks a style until it is printed: no text from outside can hold it.
_KEY = os.urandom(8).hex()
_STYLE_MARK = re.compile(f"<{_KEY}:([0-9]+)>")


def is_terminal(stream: IO[str]) -> bool:
    """Return whether a person looks at `stream`, on a terminal that can do more than print lines."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: IO[str] | None = None) -> str:
    """Return `text` in a style of `_STYLES`, where `stream` (stdout if None) takes colour and NO_COLOR is not set.

    `say` and `note` turn the marks into colour; anything else would print them.
    """
    stream = sys.stdout if stream is None else stream
    if os.environ.get("NO_COLOR") or not is_terminal(stream):
        return text
    return f"<{_KEY}:{_STYLES[style]}>{text}<{_KEY}:0>"


def say(*lines: str) -> None:
    """Print an answer on stdout. What a line holds of unseen characters, newlines too, is written out."""
    for one in lines:
        print(_printable(one))


def say_rows(*rows: str, indent: int = 4) -> None:
    """Print an answer's rows on stdout. One that is wider than the terminal goes on in the next line, indented."""
    columns = width() if is_terminal(sys.stdout) else 0
    for row in rows:
        say(*(fit(row, columns, indent, _shown_length) if columns else [row]))


def note(*lines: str) -> None:
    """Print notes on what is going on, on stderr, after all that was said before. They are escaped as answers are."""
    sys.stdout.flush()
    for one in lines:
        print(_printable(one), file=sys.stderr, flush=True)


def page(lines: Sequence[str]) -> bool:
    """Show notes a screen at a time where they are more than it holds and `less` is there; return whether."""
    import shutil
    import subprocess

    pager = shutil.which("less")
    rows = shutil.get_terminal_size().lines
    if pager is None or len(lines) < rows or not is_terminal(sys.stderr) or not sys.stdin.isatty():
        return False
    sys.stdout.flush()
    text = "".join(f"{_printable(one)}\n" for one in lines)
    # LESSSECURE: a person who looks at a difference can run nothing from there.
    environment = {**os.environ, "LESSSECURE": "1", "LESSOPEN": ""}
    subprocess.run([pager, "-R"], check=False, input=text, text=True, stdout=sys.stderr, env=environment)
    return True


def prompt(text: str) -> str:
    """Print `text` on stderr and return the line that is typed after it, empty at the end of the input."""
    print(_printable(text), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def confirm(question: str) -> bool:
    """Return whether a person answers the question with yes."""
    return prompt(f"{question} (y/N) ").strip().lower() in ("y", "yes")


def replace_line(text: str) -> None:
    """Print `text` on a terminal's stderr in the place of what was printed so before."""
    print(f"\r\x1b[K{_printable(text)}", end="", file=sys.stderr, flush=True)


def erase_rows(number: int) -> None:
    """Erase the last `number` rows of a terminal's stderr, as far as they are on the screen."""
    print(f"\x1b[{number}A\r\x1b[J", end="", file=sys.stderr, flush=True)


def unstyled(text: str) -> str:
    """Return `text` as it is seen once it is printed."""
    return line(_STYLE_MARK.sub("", text))


def _printable(text: str) -> str:
    return _STYLE_MARK.sub("\x1b[\\1m", line(text))


def _shown_length(text: str) -> int:
    return len(_STYLE_MARK.sub("", line(text)))


def print_json(value: object) -> None:
    """Print an answer for programs: one line of JSON on stdout."""
    print(json_text(value))


def width() -> int:
    """Return how many columns a line may take."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or PIPE_WIDTH
    except (OSError, ValueError):
        return PIPE_WIDTH


def home_relative(path: object) -> str:
    """Return a path as people write it: `~` for the home directory."""
    text = str(path)
    home = str(Path.home()).rstrip("/")
    return name("~" + text[len(home) :] if home and text.startswith(home + "/") else text)


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 file` or `1,204 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Return a number of bytes for people."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def duration(seconds: float) -> str:
    """Return a time span in its largest unit."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, step, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / step:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def listing_lines(passages: Sequence[Passage], columns: int) -> list[str]:
    """Return search results in order: where each is, what it is, its score, and its first lines.

    Nothing is wider than `columns` but a head with a long path, which is never cut; the other fields are aligned and
    cut to what is left.
    """
    heads = [_head(passage) for passage in passages]
    room = columns - SCORE_COLUMNS
    places, symbols = (min(max([0, *(len(head[field]) for head in heads)]), WIDEST_FIELD) for field in (0, 1))
    places = min(places, max(0, room - symbols))
    lines: list[str] = []
    for number, (passage, (place, symbol)) in enumerate(zip(passages, heads, strict=True), start=1):
        left = max(LEAST_SYMBOL, room - max(places, len(place)))
        fields = (
            f"{styled(place.ljust(places), 'bold')}  {styled(_cut(symbol, left).ljust(min(symbols, left)), 'cyan')}"
        )
        lines.append(f"{number:>2}  {fields}  {passage['score']:.3g}{_staleness(passage)}")
        lines += [f"    {line}" for line in _excerpt(passage["text"], columns - 4)]
        lines += _explained(passage)
    return lines


def _staleness(found: Passage | GraphSymbol | GraphResult) -> str:
    if found.get("gone"):
        return styled("  the file is not there any more", "yellow")
    return styled("  changed since it was indexed", "yellow") if found.get("stale") else ""


def _cut(text: str, columns: int) -> str:
    return text if len(text) <= columns else f"{text[: columns - 1]}…"


def _head(passage: Passage) -> tuple[str, str]:
    place = f"{passage['path']}:{passage['start_line']}-{passage['end_line']}"
    return name(place), name(passage["symbol"] or passage["kind"])


def _excerpt(text: str, columns: int) -> list[str]:
    lines = [line.rstrip() for line in textwrap.dedent(plain(text).expandtabs(4)).splitlines() if line.strip()]
    shown = [_cut(line, max(columns, 2)) for line in lines[:SHOWN_LINES]]
    return [*shown, styled("…", "dim")] if len(lines) > SHOWN_LINES else shown


def _explained(passage: Passage) -> list[str]:
    explanation = passage.get("explain")
    if not explanation:
        return []
    why = one_line(explanation["reason"])
    ranks = " · ".join(f"{stage} #{rank}" for stage, rank in explanation["ranks"].items())
    scores = " · ".join(f"{stage} {score:.4g}" for stage, score in explanation["scores"].items())
    return [
        styled(f"  why: {why}", "dim"),
        styled(f"  ranks: {one_line(ranks)}", "dim"),
        styled(f"  scores: {one_line(scores)}", "dim"),
    ]


def symbol_line(symbol: GraphSymbol) -> str:
    """Return a symbol in one line: where it is, what it is, how it is declared."""
    place = f"{symbol['path']}:{symbol['start_line']}-{symbol['end_line']}"
    what = f"{name(symbol['kind'])} {styled(name(symbol['symbol']), 'cyan')}"
    return f"{styled(name(place), 'bold')}  {what}{_staleness(symbol)}"


def graph_lines(results: Sequence[GraphResult]) -> list[str]:
    """Return one line an edge: where it is, from what to what, how sure that is, and over what it was reached."""
    return [_graph_line(number, result) for number, result in enumerate(results, start=1)]


def _graph_line(number: int, result: GraphResult) -> str:
    source = result["source"]["symbol"] if result["source"] else "(top level)"
    lines = ",".join(map(str, result["lines"]))
    place = styled(name(f"{result['path']}:{lines}"), "bold")
    edge = f"{source} {result['kind']}s {result['target']['symbol']}"
    certainty = "" if result["certainty"] == "sure" else f"  {name(result['certainty'])}"
    via = f"  via {name(' < '.join(result['via']))}" if result["depth"] > 1 else ""
    return f"{number:>2}  {place}  {styled(name(edge), 'cyan')}{styled(certainty + via, 'dim')}{_staleness(result)}"


def plan_line(plan: Mapping[str, str]) -> str:
    """Return how the store found the hits of each retriever."""
    found = " · ".join(f"{retriever} by {path}" for retriever, path in plan.items())
    return styled(f"found: {one_line(found)}", "dim")


def job_line(job: JobResponse) -> str:
    """Return a job in one line: how far it is, or how it ended."""
    progress = job["progress"]
    files = f"{progress['files_done']:,}/{progress['files_total']:,} files"
    parts = [f"job {job['id']}", name(job["state"]), files, count(progress["chunks_done"], "chunk")]
    if job["state"] == "running":
        parts += [f"{progress['rate']:,.0f} chunks/s"] if progress["rate"] else []
        parts += [f"{duration(progress['eta_seconds'])} left"] if progress["eta_seconds"] is not None else []
        parts += [name(progress["current_file"])] if progress["current_file"] else []
    elif job["started_at"] is not None and job["finished_at"] is not None:
        parts.append(duration(max(0.0, job["finished_at"] - job["started_at"])))
    if job["attempt"] > 1:
        parts.append(f"attempt {job['attempt']}")
    if job["error"]:
        parts.append(one_line(job["error"]))
    return " · ".join(parts)


def skipped_line(skipped: Mapping[str, int]) -> str:
    """Return what was left out and why, empty if nothing was."""
    reasons = ", ".join(
        f"{number:,} {one_line(_REASONS.get(reason, reason))}" for reason, number in sorted(skipped.items()) if number
    )
    return f"left out: {reasons}" if reasons else ""


_REASONS = {
    "secret_name": "secret by its name",
    "secret_content": "secret by its content",
    "binary": "binary",
    "too_large": "too large",
    "too_deep": "too deep",
    "unreadable": "unreadable",
    "unparsable": "not parsable",
    "ignore_rules": "too many ignore rules",
    "link": "link",
    "not_a_file": "not a file",
    "not_indexed": "not indexed",
    "partial": "in part",
    "masked": "masked",
}


def report_line(entry: ReportEntry) -> str:
    """Return a file of the report in one line: why it is left out, or what is masked in it."""
    kinds = ", ".join(f"{kind} x{number}" for kind, number in sorted(entry["masked"].items()))
    more = "; ".join(filter(None, (entry["detail"], kinds)))
    reason = _REASONS.get(entry["reason"], entry["reason"])
    return f"{reason:<{REASON_COLUMNS}}  {one_line(entry['path'])}" + (
        styled(f"  {one_line(more)}", "dim") if more else ""
    )


def report_totals(report: ReportResponse) -> str:
    """Return the report's numbers in one line, empty if nothing is left out or masked."""
    totals = dict(report["totals"])
    masked, partial = totals.pop("masked", 0), totals.pop("partial", 0)
    parts = [f"{number:,} {one_line(_REASONS.get(reason, reason))}" for reason, number in sorted(totals.items())]
    parts += [f"{report['ignored']:,} ignored"] if report["ignored"] else []
    left_out = f"left out: {', '.join(parts)}" if parts else ""
    cut = f"indexed in part: {count(partial, 'file')}" if partial else ""
    places = sum(report["masked"].values())
    hidden = f"masked: {count(places, 'place')} in {count(masked, 'file')}" if masked else ""
    return " · ".join(filter(None, (left_out, cut, hidden)))


def why_empty(report: ReportResponse) -> list[str]:
    """Return why an index that no job is filling has no passage, and what to do."""
    if report["problems"]:
        return [f"The index is empty. {one_line(problem)}" for problem in report["problems"]]
    totals = report_totals(report)
    if totals and not report["totals"].get("not_indexed"):
        return [f"The index is empty ({totals}). See: agent-brain index --report"]
    return ["The index is empty. Fill it: agent-brain index --wait"]
