"""What setup wants to know, as data: every question has a flag, a variable, a place where its answer is saved."""

from __future__ import annotations

from dataclasses import dataclass

from agent_brain_client.wire import STATE_DIRECTORY

DEFAULT_STORAGE_URL = f"sqlite:///{STATE_DIRECTORY}/index.db"
DEFAULT_IMAGE = "pgvector/pgvector:pg16"
STORAGES = ("embedded", "postgres-docker", "postgres")
EMBEDDINGS = ("built-in", "openai-compatible", "none")

Answer = str | int | bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `saved` is the path of its answer in config.yaml, empty for what is kept elsewhere.

    `default` None means that there is none: where the answer is needed it must be given.
    """

    name: str
    flag: str
    variable: str
    saved: tuple[str, ...]
    default: Answer | None
    text: str
    choices: tuple[str, ...] = ()


QUESTIONS: tuple[Question, ...] = (
    Question(
        "port", "--port", "AGENT_BRAIN_PORT", (), None, "the server's port (default: the first free one from 8317)"
    ),
    Question(
        "storage",
        "--storage",
        "AGENT_BRAIN_SETUP_STORAGE",
        (),
        "embedded",
        "what keeps the index: a file, PostgreSQL in a container made for it, or an existing one (--storage-url)",
        STORAGES,
    ),
    Question(
        "storage_url",
        "--storage-url",
        "AGENT_BRAIN_STORAGE_URL",
        ("storage", "url"),
        DEFAULT_STORAGE_URL,
        "where the index lives, as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    ),
    Question(
        "postgres_port",
        "--postgres-port",
        "AGENT_BRAIN_SETUP_POSTGRES_PORT",
        (),
        None,
        "the container's port on this machine (default: the first free one from 5433)",
    ),
    Question(
        "postgres_image",
        "--postgres-image",
        "AGENT_BRAIN_SETUP_POSTGRES_IMAGE",
        (),
        DEFAULT_IMAGE,
        f"the container's image: PostgreSQL 15 or newer with pgvector (default: {DEFAULT_IMAGE})",
    ),
    Question(
        "embedding",
        "--embedding",
        "AGENT_BRAIN_EMBEDDING_PROVIDER",
        ("embedding", "provider"),
        "built-in",
        "what turns text into vectors",
        EMBEDDINGS,
    ),
    Question(
        "embedding_url",
        "--embedding-url",
        "AGENT_BRAIN_EMBEDDING_BASE_URL",
        ("embedding", "base_url"),
        "",
        "the endpoint, for --embedding openai-compatible",
    ),
    Question(
        "embedding_model",
        "--embedding-model",
        "AGENT_BRAIN_EMBEDDING_MODEL",
        ("embedding", "model"),
        "",
        "the endpoint's model, for --embedding openai-compatible",
    ),
    Question("watch", "--watch", "AGENT_BRAIN_INDEX_WATCH", ("index", "watch"), True, "index files as they change"),
)
