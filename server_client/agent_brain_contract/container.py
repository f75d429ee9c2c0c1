"""The PostgreSQL in setup's container: who logs in, and under which names their passwords are kept."""

from __future__ import annotations

from hashlib import blake2b

DATABASE = "agent_brain"
SUPERUSER = "agent_brain"
"""Owns the tables and makes the project's role, as which the server logs in."""
START = "agent-brain db up"
"""What starts the container."""
SERVER_VARIABLE = "POSTGRES_PASSWORD"
SUPERUSER_VARIABLE = "POSTGRES_SUPERUSER_PASSWORD"


def publishes(compose_file: bytes, host: str, port: int) -> bool:
    """Return whether the container of setup's Compose file is the server at this address."""
    return host in ("127.0.0.1", "localhost") and f"127.0.0.1:{port}:".encode() in compose_file


def project_role(database: str, project_id: str) -> str:
    """Return the name of a project's role in a database: all databases of a PostgreSQL server share their roles."""
    text = f"{database}\0{project_id}"
    return f"agent_brain_{blake2b(text.encode(), digest_size=8).hexdigest()}"
