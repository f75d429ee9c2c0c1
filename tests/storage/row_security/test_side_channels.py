"""What a project's role in PostgreSQL sees of its own work says nothing of another's rows."""

from __future__ import annotations

import re

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from storage.two_projects import SECRET, B, Intruder, connected, fetch
from support.postgres import DatabaseServer


async def test_a_function_of_its_own_sees_no_row_before_the_policy_does(intruder: Intruder) -> None:
    """A cheap function with a side effect would be asked first, were it not for the policy."""
    connection = intruder.connection
    connection.execute(
        "CREATE FUNCTION pg_temp.look(t TEXT) RETURNS BOOLEAN LANGUAGE plpgsql COST 0.0001 AS "
        "$$ BEGIN RAISE NOTICE 'seen %', t; RETURN TRUE; END $$"
    )
    said: list[str] = []
    connection.add_notice_handler(lambda notice: said.append(str(notice.message_primary)))
    fetch(connection, "SELECT 1 FROM chunks WHERE pg_temp.look(text)")
    fetch(connection, "SELECT 1 FROM chunks WHERE 1 / (CASE WHEN text LIKE '%of B%' THEN 0 ELSE 1 END) > 0")
    fetch(connection, "SELECT 1 FROM chunks JOIN files ON pg_temp.look(chunks.text || files.path)")
    assert not [text for text in said if SECRET in text]


async def test_statistics_and_other_sessions_show_nothing(
    intruder: Intruder, superuser: DatabaseServer, roles: dict[str, PostgresConfig]
) -> None:
    superuser.psql("ANALYZE")
    connection = intruder.connection
    stats = "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE schemaname = 'agent_brain'"
    assert fetch(connection, stats) == []
    assert fetch(connection, "SELECT * FROM pg_stats_ext WHERE schemaname = 'agent_brain'") == []
    other = connected(roles[B])
    other.execute(f"SELECT '{SECRET}'")
    shown = fetch(connection, "SELECT query, application_name FROM pg_stat_activity WHERE usename <> current_user")
    assert not [row for row in shown if SECRET in str(row)]
    other.close()


GUESSES = [
    "SELECT 1 FROM files WHERE project_id BETWEEN '{b}' AND '{b}' AND path = '{path}'",
    "SELECT 1 FROM files WHERE project_id IN ('{b}', 'x') AND path IN ('{path}', 'y')",
    "SELECT 1 FROM files WHERE project_id >= '{b}' AND path >= '{path}' AND path < '{path}~'",
    "SELECT 1 FROM files WHERE (project_id = '{b}' AND path = '{path}') OR (project_id = 'x' AND path = 'y')",
    "SELECT 1 FROM files WHERE path = '{path}'",
    "SELECT 1 FROM files AS f JOIN chunks AS c ON c.file_id = f.id AND c.project_id = '{b}' WHERE f.path = '{path}'",
    "SELECT 1 FROM unnest(ARRAY['{path}']) AS p JOIN files AS f ON f.path = p AND f.project_id IN ('{b}')",
    "SELECT 1 FROM files WHERE ctid > '(0,0)' AND path = '{path}'",
]
SCANS = ("seqscan", "indexscan", "bitmapscan", "indexonlyscan", "hashjoin", "mergejoin", "nestloop", "tidscan")


@pytest.mark.parametrize("guess", GUESSES)
async def test_how_a_guess_is_run_does_not_show_whether_it_is_right(intruder: Intruder, guess: str) -> None:
    """EXPLAIN ANALYZE counts rows that a condition removes: no more of them where B has what is asked for."""
    connection = intruder.connection
    for off in (("seqscan",), ("seqscan", "bitmapscan"), ("seqscan", "indexscan"), ("indexscan", "bitmapscan"), ()):
        for scan in SCANS:
            connection.execute(f"SET enable_{scan} = {'off' if scan in off else 'on'}")
        seen = [
            fetch(connection, f"EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) {guess.format(b=B, path=path)}")
            for path in ("only-b/x.py", "nowhere/x.py")
        ]
        counts = [re.findall(r"rows=\d+|Removed.*: \d+", "\n".join(row[0] for row in plan)) for plan in seen]
        assert counts[0] == counts[1], (off, seen)
