"""What can be checked without Citus: every statement finds its rows by project, on one node.

The rules are those of a table distributed by `project_id`: each table of a query is restricted to one project in the
query's own conditions, rows are inserted with their project, only rows of the queue and of the lease are locked,
settings end with the transaction, and vectors are cast where they are bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pglast
import pytest

from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.postgres.distribute import TABLES
from agent_brain_server.storage.postgres.filters import filter_blocks
from agent_brain_server.storage.queries import load_queries

QUERIES = load_queries("agent_brain_server.storage.postgres")
DISTRIBUTED = {"projects", *TABLES}
LOCKED = {"projects", "index_state", "jobs"}
# These ask about all projects, which Citus answers from all nodes: at the start, at the end of a job, for `status`.
ACROSS_PROJECTS = {"find_vectors_of_others", "count_all_vectors", "measure_tables"}
# Of a connection that is ours: each vector search makes its own before it begins.
LASTING_SETTINGS = {"enter_namespace", "set_build_memory", "set_build_alone", "begin_vector_search"}
DEFINITIONS = re.compile(r"\s*(CREATE|ALTER|DROP|ANALYZE)\b", re.IGNORECASE)

FILTERS = filter_blocks(Filters(("*.py",), ("python",), ("function",), ("run",)))
SLOTS = (1, 2)
COMPOSED = {
    **{
        matching: [
            "search_lexical",
            *[f"score_term:{slot}" for slot in SLOTS],
            "search_lexical_from",
            *[f"weigh_term:{slot}" for slot in SLOTS],
            matching,
            "with_allowed",
            *FILTERS,
            "end_allowed",
            "search_lexical_ordered",
        ]
        for matching in ("search_lexical_matching", "search_lexical_guarded")
    },
    "count_allowed": ["count_allowed", *FILTERS, "end_count_allowed"],
    "search_vector_allowed": ["search_vector_allowed", *FILTERS, "end_search_vector_allowed"],
    **{
        order: [
            "search_vector_nearest",
            *FILTERS,
            "end_search_vector_nearest",
            order,
            "search_vector_chunks",
            *FILTERS,
            "end_search_vector_allowed",
        ]
        for order in ("order_by_vector", "order_by_halfvec:3072")
    },
}
BLOCKS = {block.partition(":")[0] for blocks in COMPOSED.values() for block in blocks}


def statements() -> dict[str, str]:
    """Every whole statement by its name, with all filters where it can have some."""
    alone = {name: sql for name, sql in QUERIES.items() if name not in BLOCKS and not DEFINITIONS.match(sql)}
    return alone | {name: "\n".join(map(block_text, blocks)) for name, blocks in COMPOSED.items()}


def block_text(block: str) -> str:
    name, numbered, slot = block.partition(":")
    return QUERIES[name].format(slot=slot) if numbered else QUERIES[name]


def parsed(sql: str) -> tuple[Any, dict[str, int]]:
    """The tree as plain values, and the numbers of the bound names."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    (statement,) = pglast.parse_sql(re.sub(r"(?<![:\w]):([a-z_0-9]+)", number, sql))
    return statement.stmt(skip_none=True), names


def nodes(tree: Any, *kinds: str) -> Iterator[dict[str, Any]]:
    """All nodes of these kinds, at any depth."""
    if isinstance(tree, dict):
        if tree.get("@") in kinds:
            yield tree
        for value in tree.values():
            yield from nodes(value, *kinds)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from nodes(value, *kinds)


def tables(query: dict[str, Any]) -> dict[str, str]:
    """The distributed tables of a query's own level by the names they go by in it."""
    found: dict[str, str] = {}

    def look(item: Any) -> None:
        if item.get("@") == "JoinExpr":
            look(item["larg"])
            look(item["rarg"])
        elif item.get("@") == "RangeVar" and item["relname"] in DISTRIBUTED:
            found[item.get("alias", {}).get("aliasname", item["relname"])] = item["relname"]

    for item in (*query.get("fromClause", ()), *query.get("usingClause", ())):
        look(item)
    if query["@"] in ("UpdateStmt", "DeleteStmt"):
        look(query["relation"])
    return found


def restricted(query: dict[str, Any], project: int) -> set[str]:
    """The tables (`` for the only one) whose `project_id` this level's conditions set to the bound project."""
    joins = [item for item in query.get("fromClause", ()) if item.get("@") == "JoinExpr"]
    conditions = [query.get("whereClause"), *[join.get("quals") for join in nodes(joins, "JoinExpr")]]
    return {name for condition in conditions if condition for name in equalities(condition, project)}


def equalities(condition: dict[str, Any], project: int) -> Iterator[str]:
    if condition["@"] == "BoolExpr" and condition["boolop"]["name"] == "AND_EXPR":
        for part in condition["args"]:
            yield from equalities(part, project)
    elif condition["@"] == "A_Expr" and condition["name"][0]["sval"] == "=":
        left, right = condition["lexpr"], condition["rexpr"]
        fields = [field["sval"] for field in left.get("fields", ()) if "sval" in field]
        if fields[-1:] == ["project_id"] and right.get("@") == "ParamRef" and right["number"] == project:
            yield fields[0] if len(fields) > 1 else ""


def test_every_table_of_a_query_is_restricted_to_the_project(subtests: pytest.Subtests) -> None:
    for name in sorted(statements().keys() - ACROSS_PROJECTS):
        with subtests.test(name):
            tree, names = parsed(statements()[name])
            for query in nodes(tree, "SelectStmt", "UpdateStmt", "DeleteStmt"):
                present, limited = tables(query), restricted(query, names.get("project", 0))
                missing = set(present) - limited
                assert not missing or (len(present) == 1 and "" in limited), (name, missing)


@pytest.mark.parametrize("name", [name for name, sql in statements().items() if "INSERT" in sql])
def test_rows_are_inserted_with_their_project(name: str) -> None:
    tree, names = parsed(statements()[name])
    for insert in nodes(tree, "InsertStmt"):
        if insert["relation"]["relname"] in DISTRIBUTED:
            assert insert["cols"][0]["name"] == "project_id"
            source = insert["selectStmt"]
            first = source["valuesLists"][0][0] if "valuesLists" in source else source["targetList"][0]["val"]
            assert (first["@"], first["number"]) == ("ParamRef", names["project"])
            for conflict in nodes(insert, "InferClause"):
                assert conflict["indexElems"][0]["name"] == "project_id"


@pytest.mark.parametrize("name", [name for name, sql in statements().items() if "FOR UPDATE" in sql])
def test_only_the_queue_and_the_lease_are_locked(name: str) -> None:
    tree, _ = parsed(statements()[name])
    for query in nodes(tree, "SelectStmt"):
        if "lockingClause" in query:
            assert set(tables(query).values()) <= LOCKED


@pytest.mark.parametrize("name", [name for name, sql in statements().items() if "set_config" in sql])
def test_settings_end_with_the_transaction(name: str) -> None:
    tree, _ = parsed(statements()[name])
    for call in nodes(tree, "FuncCall"):
        if call["funcname"][-1]["sval"] == "set_config":
            assert bool(call["args"][2]["val"].get("boolval")) == (name not in LASTING_SETTINGS)


@pytest.mark.parametrize("name", [name for name, sql in statements().items() if ":vector " in sql])
def test_vectors_are_cast_where_they_are_bound(name: str) -> None:
    tree, names = parsed(statements()[name])
    bound = [node for node in nodes(tree, "ParamRef") if node["number"] == names["vector"]]
    cast = [
        node
        for node in nodes(tree, "TypeCast")
        if node["arg"].get("number") == names["vector"] and node["typeName"]["names"][-1]["sval"] == "vector"
    ]
    assert bound
    assert len(bound) == len(cast)


def test_every_statement_can_be_parsed(subtests: pytest.Subtests) -> None:
    for name in sorted(QUERIES.keys() - BLOCKS):
        with subtests.test(name):
            parsed(re.sub(r"\{\w+\}", "8", QUERIES[name]))


def test_no_number_comes_from_a_sequence() -> None:
    assert not [name for name, sql in QUERIES.items() if re.search(r"\b(SERIAL|BIGSERIAL|IDENTITY|nextval)\b", sql)]


def test_the_step_that_distributes_knows_every_table() -> None:
    made = {match[1] for sql in QUERIES.values() if (match := re.match(r"CREATE TABLE (\w+) \(", sql))}
    assert made == DISTRIBUTED | {"meta"}


def test_the_rules_see_what_breaks_them() -> None:
    for broken in (
        "SELECT 1 FROM chunks WHERE project_id = :project OR row = 1",
        "SELECT 1 FROM chunks AS c JOIN files AS f ON f.id = c.file_id WHERE c.project_id = :project",
        "DELETE FROM jobs WHERE id = :project",
    ):
        tree, names = parsed(broken)
        (query,) = nodes(tree, "SelectStmt", "DeleteStmt")
        assert set(tables(query)) - restricted(query, names["project"])
        assert not (len(tables(query)) == 1 and "" in restricted(query, names["project"]))
