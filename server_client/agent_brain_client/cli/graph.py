"""`agent-brain graph`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, get_args

from agent_brain_client.cli.session import connect, project_root
from agent_brain_client.errors import OK
from agent_brain_client.numbers import whole_number
from agent_brain_client.output import count, graph_lines, note, print_json, say_rows, symbol_line
from agent_brain_client.wire import Relation

if TYPE_CHECKING:
    from agent_brain_client.answers import GraphResponse

RELATIONS: tuple[str, ...] = get_args(Relation)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("relation", choices=RELATIONS, metavar="RELATION", help=", ".join(RELATIONS))
    parser.add_argument("symbol", metavar="SYMBOL", help="a name, such as load or Settings.load")
    parser.add_argument(
        "--depth", type=whole_number(1, 5), default=1, metavar="N", help="follow up to N steps, at most 5 (%(default)s)"
    )
    parser.add_argument(
        "-k",
        "-n",
        "--limit",
        type=whole_number(1, 500),
        default=100,
        metavar="N",
        help="show at most N results (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the edges that were asked for; none is an answer too."""
    client = connect(project_root(arguments))
    answer = client.graph(arguments.relation, arguments.symbol, arguments.depth, arguments.limit)
    if arguments.json:
        print_json(answer)
    else:
        _print(answer)
    return OK


def _print(answer: GraphResponse) -> None:
    say_rows(*map(symbol_line, answer["definitions"]), *graph_lines(answer["results"]))
    if answer["note"]:
        say_rows(answer["note"])
    more = " · there is more: --limit" if answer["truncated"] else ""
    found = count(len(answer["results"]), "edge")
    if answer["relation"] == "definitions":
        found = count(len(answer["definitions"]), "definition")
    note(f"{found} · {answer['took_ms']:.0f} ms{more}")
    if "notice" in answer:
        note(answer["notice"])
