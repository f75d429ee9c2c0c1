"""`agent-brain search`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_client.cli.session import connect, filter_path, project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.numbers import whole_number
from agent_brain_client.output import count, listing_lines, note, plan_line, print_json, say_rows, why_empty, width
from agent_brain_client.wire import MOST_TOKENS, MOST_TOP_K, QueryFilters, QueryRequest

if TYPE_CHECKING:
    from agent_brain_client.answers import QueryResponse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    default = QueryRequest(query="-")
    parser.add_argument("query", nargs="+", metavar="QUERY", help="the question; several words need no quotes")
    parser.add_argument("--mode", default=default.mode, help="bm25, vector, hybrid, graph or multi (%(default)s)")
    parser.add_argument(
        "-k",
        "-n",
        "--top-k",
        type=whole_number(1, MOST_TOP_K),
        default=default.top_k,
        metavar="N",
        help="show at most N passages (%(default)s)",
    )
    parser.add_argument(
        "--max-tokens",
        type=whole_number(1, MOST_TOKENS),
        metavar="N",
        help="cut the passages to this many tokens in all",
    )
    for flag, metavar, text in (
        ("--path", "GLOB", "only files that match, as in .gitignore, or under a place such as ./src; !GLOB leaves out"),
        ("--language", "L", "only this language"),
        ("--kind", "K", "only this kind of passage, such as function or section"),
        ("--symbol", "S", "only this symbol: a qualified name or its last parts"),
    ):
        parser.add_argument(flag, action="append", default=[], metavar=metavar, help=f"{text}; may be repeated")
    parser.add_argument("--outline", action="store_true", help="show signatures only, for a broad question")
    parser.add_argument("--explain", action="store_true", help="say why each passage was found, and how it was ranked")


def run(arguments: argparse.Namespace) -> int:
    """Ask and print the passages; none found is an answer too."""
    root = project_root(arguments)
    request = _request(arguments, root)
    client = connect(root)
    answer = client.query(request)
    if arguments.json:
        print_json(answer)
    elif answer["results"]:
        _print_passages(answer)
    else:
        say_rows(answer.get("note") or "No passages found.")
        _print_plan(answer)
        _say_why(client)
    if not arguments.json and "notice" in answer:
        note(answer["notice"])
    return 0


def _request(arguments: argparse.Namespace, root: Path) -> QueryRequest:
    return QueryRequest(
        query=" ".join(arguments.query).encode("utf-8", "replace").decode("utf-8"),
        mode=arguments.mode,
        top_k=arguments.top_k,
        filters=QueryFilters(
            paths=tuple(filter_path(root, glob) for glob in arguments.path),
            languages=tuple(arguments.language),
            kinds=tuple(arguments.kind),
            symbols=tuple(arguments.symbol),
        ),
        max_tokens=arguments.max_tokens,
        outline=arguments.outline,
        explain=arguments.explain,
    )


def _print_passages(answer: QueryResponse) -> None:
    say_rows(*listing_lines(answer["results"], width()))
    _print_plan(answer)
    cut = " · cut to --max-tokens" if answer["truncated"] else ""
    note(f"{count(len(answer['results']), 'passage')} · {answer['mode']} · {answer['took_ms']:.0f} ms{cut}")


def _print_plan(answer: QueryResponse) -> None:
    plan = answer.get("plan")
    if plan:
        say_rows(plan_line(plan))


def _say_why(client: AgentBrainClient) -> None:
    status = client.status()
    job = status["job"]
    if job is not None and job["state"] in ("queued", "running"):
        note(f"Indexing is under way. Follow it: agent-brain jobs --watch {job['id']}")
    elif not status["index"]["chunks"]:
        note(*why_empty(client.report(limit=1)))
