"""An index of schema 1, made by the SQL of that version: a file of two chunks, a folder and a job that has ended."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from agent_brain_server.domain.content import PreparedChunk
from agent_brain_server.domain.jobs import Job
from agent_brain_server.storage.postgres import schema
from storage.building import MODEL, make_chunk, vector_of

TABLES = Path(__file__).with_name("sqlite_version_1.sql")
TEXTS = ("alpha words", "beta words")
FINISHED = Job(1, "done", ("src",), True, 1.5, 2.5, 3.5, 1)


def chunks() -> list[PreparedChunk]:
    """Return the chunks of the file, whose texts have vectors."""
    return [make_chunk("src/a.py", text, occurrence=at) for at, text in enumerate(TEXTS)]


def make_sqlite(path: Path, *, folder: bool = True, content: bool = True) -> None:
    """Such a file, with the tokenizer of that time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(TABLES.read_text("utf-8"))
        model = (MODEL.name, MODEL.dimensions, MODEL.tokenizer)
        connection.execute("INSERT INTO meta VALUES (1, 1, 'old', '1', ?, ?, ?, 0, 0, 1)", model)
        job = "INSERT INTO jobs VALUES (1, 'done', '[\"src\"]', 1, 1.5, 2.5, 3.5, 1, '', '{}')"
        connection.execute(job)
        if folder:
            connection.execute("INSERT INTO folders VALUES ('src', '[\"*.py\"]', '[]')")
        if content:
            _fill_sqlite(connection)


def _fill_sqlite(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET embedded_texts = 2, generation = 1, next_row = 3")
    connection.execute("INSERT INTO files VALUES (7, 'src/a.py', 'src', 'hash', 9, 1, 'python', 2, '', 1.0)")
    for row, prepared in enumerate(chunks(), 1):
        chunk = prepared.chunk
        values = (row, chunk.id, prepared.text_hash, chunk.text)
        connection.execute(
            "INSERT INTO chunks VALUES (?, ?, 7, 1, 1, 'python', 'function', '', '', ?, '', '', ?)", values
        )
        connection.execute("INSERT INTO chunk_terms (rowid, body) VALUES (?, ?)", (row, "words as they were cut then"))
        vector = vector_of(prepared.text_hash).tobytes()
        connection.execute("INSERT INTO vectors (text_hash, vector) VALUES (?, ?)", (prepared.text_hash, vector))


def postgres_statements(projects: list[str]) -> list[str]:
    """Return the SQL that makes such tables with these projects in an empty database."""
    made = ["CREATE EXTENSION vector", "CREATE SCHEMA agent_brain", "SET search_path = agent_brain, public"]
    made += [statement for statement in schema.migrations()[1].split(";\n") if statement.strip()]
    made.append(f"ALTER TABLE vectors ALTER COLUMN vector TYPE VECTOR({MODEL.dimensions})")
    model = f"'{MODEL.name}', {MODEL.dimensions}, '{MODEL.tokenizer}'"
    made.append(f"UPDATE meta SET (embedding_name, embedding_dimensions, embedding_tokenizer) = ({model})")
    for project in projects:
        made += _postgres_project(f"'{project}'", project, model)
    return made


def _postgres_project(quoted: str, project: str, model: str) -> list[str]:
    made = [
        f"INSERT INTO projects VALUES ({quoted}, 'old', '1', {model}, 2)",
        f"INSERT INTO index_state VALUES ({quoted}, 1, 3, 8, 2, 2, 12, 2, 'somebody', 'infinity')",
        f"INSERT INTO files VALUES ({quoted}, 7, 'src/a.py', 'src', 'hash', 9, 1, 'python', 2, '', 1.0)",
        f"INSERT INTO folders VALUES ({quoted}, 'src', '[\"*.py\"]', '[]')",
        f"INSERT INTO jobs VALUES ({quoted}, 1, 'done', '[\"src\"]', TRUE, 1.5, 2.5, 3.5, 1, '', '{{}}')",
        f"INSERT INTO term_frequencies VALUES ({quoted}, '{project[:3]}then', 2)",
    ]
    for row, prepared in enumerate(chunks(), 1):
        chunk, text_hash = prepared.chunk, prepared.text_hash
        values = f"1, 1, 'python', 'function', '', '', '{text_hash}', '', '', '{chunk.text}'"
        vector = vector_of(text_hash).tolist()
        made += [
            f"INSERT INTO chunks VALUES ({quoted}, {row}, '{chunk.id}', 7, {values})",
            f"INSERT INTO chunk_terms VALUES ({quoted}, {row}, 6, '''{project[:3]}then'':1D')",
            f"INSERT INTO vectors VALUES ({quoted}, '{text_hash}', '{vector}')",
        ]
    return made
