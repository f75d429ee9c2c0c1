"""The work that is put off while an index is loaded: the index over the vectors, and cleaning up."""

from __future__ import annotations

import psycopg

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.failures import has_no_space
from agent_brain_server.storage.postgres.nearest import MOST_EXACT, MOST_HALF_DIMENSIONS, MOST_INDEXED_DIMENSIONS
from agent_brain_server.storage.postgres.session import Session

# A build that outgrows its memory takes many times as long. Measured: a vector, and its links with m 16.
BYTES_A_NUMBER, BYTES_A_NODE, SPARE = 4, 700, 1.1
LEAST_BUILD_BYTES, MOST_BUILD_BYTES = 512 * 1024**2, 4 * 1024**3


def optimize(session: Session, config: PostgresConfig, dimensions: int) -> None:
    """Build and clean up what is due, in statements that are a transaction each; one process does it at a time."""
    session.run("enter_namespace")
    (owns, _) = session.one("find_owner")
    if session.one("find_changes")[0]:
        session.run("drop_unused_frequencies")
        if owns:
            session.run("clean_pending_terms")
            session.run("analyze_chunks")
        else:
            session.run("refresh_statistics")
    if not 0 < dimensions <= MOST_HALF_DIMENSIONS:
        return
    (alone,) = session.one("lock_optimizing")
    if not alone:
        return
    try:
        vectors = int(session.one("count_all_vectors")[0])
        if vectors > MOST_EXACT and not has_vector_index(session):
            _build_vector_index(session, config, dimensions, vectors, owns)
    finally:
        session.run("unlock_optimizing")


def has_vector_index(session: Session) -> bool:
    """Return whether the index is there and complete."""
    found = session.first("find_vector_index")
    return bool(found and found[0])


def _build_vector_index(session: Session, config: PostgresConfig, dimensions: int, vectors: int, owns: bool) -> None:
    """Build the index. Searches go on meanwhile, and writes where this role owns the table."""
    create = _create_vector_index if owns else _ask_for_vector_index
    needed = int(vectors * (BYTES_A_NUMBER * dimensions + BYTES_A_NODE) * SPARE)
    session.run("set_build_memory", needed=min(max(needed, LEAST_BUILD_BYTES), MOST_BUILD_BYTES))
    try:
        create(session, config, dimensions)
    except psycopg.Error as error:
        if not has_no_space(error):
            raise
        # Several processes share the memory, of which a container has little: one alone has its own.
        session.run("set_build_alone")
        create(session, config, dimensions)


def _create_vector_index(session: Session, config: PostgresConfig, dimensions: int) -> None:
    """Create the index; first drop what an interrupted build left."""
    session.run("drop_vector_index")
    sizes = {"m": config.hnsw_m, "ef_construction": config.hnsw_ef_construction}
    if dimensions <= MOST_INDEXED_DIMENSIONS:
        session.define("create_vector_index", **sizes)
    else:
        session.define("create_halfvec_index", dimensions=dimensions, **sizes)


def _ask_for_vector_index(session: Session, config: PostgresConfig, dimensions: int) -> None:
    """Call the owner's function: a role that owns no table defines no index. It is one transaction."""
    half = None if dimensions <= MOST_INDEXED_DIMENSIONS else dimensions
    sizes = {"m": config.hnsw_m, "ef_construction": config.hnsw_ef_construction}
    session.run("index_vectors", most_exact=MOST_EXACT, dimensions=half, **sizes)
