"""What setup wants to know, as data: every question has a flag, a variable, a place where its answer is saved."""

from __future__ import annotations

from dataclasses import dataclass

from agent_brain_client.wire import STATE_DIRECTORY

DEFAULT_STORAGE_URL = f"sqlite:///{STATE_DIRECTORY}/index.db"
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
        "storage_url",
        "--storage-url",
        "AGENT_BRAIN_STORAGE_URL",
        ("storage", "url"),
        DEFAULT_STORAGE_URL,
        "where the index lives, as sqlite:///PATH",
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
