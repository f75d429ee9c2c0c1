"""What setup wants to know, as data: every question has a flag, a variable, a place where its answer is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agent_brain_client.wire import STATE_DIRECTORY

DEFAULT_STORAGE_URL = f"sqlite:///{STATE_DIRECTORY}/index.db"
DEFAULT_IMAGE = "pgvector/pgvector:pg16"
STORAGES = ("embedded", "postgres-docker", "postgres")
EMBEDDINGS = ("built-in", "openai-compatible", "none")
PRESETS: dict[str, tuple[str, str]] = {
    "openai": ("https://api.openai.com/v1", "text-embedding-3-small"),
    "ollama": ("http://127.0.0.1:11434/v1", "nomic-embed-text"),
    "lmstudio": ("http://127.0.0.1:1234/v1", "text-embedding-nomic-embed-text-v1.5"),
    "other": ("", ""),
}

Answer = str | int | float | bool
Values = Mapping[str, Answer | None]
Kind = Literal["choice", "yes-no", "text", "port", "number", "secret"]


def _always(_: Values) -> bool:
    return True


def _in_docker(values: Values) -> bool:
    return values.get("storage") == "postgres-docker"


def _by_url(values: Values) -> bool:
    return values.get("storage") == "postgres"


def _at_endpoint(values: Values) -> bool:
    return values.get("embedding") == "openai-compatible"


def _elsewhere(values: Values) -> bool:
    return _at_endpoint(values) and values.get("embedding_preset") == "other"


def _more(values: Values) -> bool:
    return values.get("more") is True


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `saved` is the path of its answer in config.yaml, empty for what is kept elsewhere.

    `default` None means that there is none: where the answer is needed it must be given. `text` is the flag's help.
    In a terminal the question is asked as `ask`, with `why` under it, if `when` holds for the answers so far; each of
    `choices` has a label and a hint in `labels`. A question without `ask` has its flag and its variable alone, one
    without `flag` is for secrets, which no command line may hold.
    """

    name: str
    flag: str
    variable: str
    saved: tuple[str, ...]
    default: Answer | None
    text: str
    choices: tuple[str, ...] = ()
    kind: Kind = "text"
    ask: str = ""
    why: str = ""
    when: Callable[[Values], bool] = _always
    labels: tuple[tuple[str, str], ...] = ()


QUESTIONS: tuple[Question, ...] = (
    Question(
        "storage",
        "--storage",
        "AGENT_BRAIN_SETUP_STORAGE",
        (),
        "embedded",
        "what keeps the index: a file, PostgreSQL in a container made for it, or an existing one (--storage-url)",
        STORAGES,
        "choice",
        "Where should the index live?",
        "It can move later: agent-brain storage copy",
        labels=(
            ("Embedded (SQLite)", "nothing to install; good to about a million lines"),
            ("PostgreSQL in Docker", "for a team or several machines"),
            ("Existing PostgreSQL", "by URL"),
        ),
    ),
    Question(
        "storage_url",
        "--storage-url",
        "AGENT_BRAIN_STORAGE_URL",
        ("storage", "url"),
        DEFAULT_STORAGE_URL,
        "where the index lives, as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        (),
        "secret",
        "The database's URL?",
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with pgvector; it goes into .env.agent-brain alone",
        _by_url,
    ),
    Question(
        "postgres_port",
        "--postgres-port",
        "AGENT_BRAIN_SETUP_POSTGRES_PORT",
        (),
        None,
        "the container's port on this machine (default: the first free one from 5433)",
        kind="port",
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
        "pgadmin",
        "--pgadmin",
        "AGENT_BRAIN_SETUP_PGADMIN",
        (),
        False,
        "start pgAdmin too, a web page to look into the database",
        (),
        "yes-no",
        "pgAdmin too?",
        "A web page to look into the database; one more container",
        _in_docker,
        (("No", ""), ("Yes", "agent-brain db up --pgadmin starts it, and so does this setup")),
    ),
    Question(
        "pgadmin_port",
        "--pgadmin-port",
        "AGENT_BRAIN_SETUP_PGADMIN_PORT",
        (),
        None,
        "pgAdmin's port on this machine (default: a free one)",
        kind="port",
    ),
    Question(
        "embedding",
        "--embedding",
        "AGENT_BRAIN_EMBEDDING_PROVIDER",
        ("embedding", "provider"),
        "built-in",
        "what turns text into vectors",
        EMBEDDINGS,
        "choice",
        "Embeddings?",
        "They let a question find what says the same in other words",
        labels=(
            ("Built in", "offline, no key"),
            ("OpenAI-compatible", "OpenAI, Ollama, LM Studio, vLLM, other"),
            ("None", "keyword search alone"),
        ),
    ),
    Question(
        "embedding_preset",
        "--embedding-preset",
        "AGENT_BRAIN_SETUP_EMBEDDING_PRESET",
        (),
        None,
        "fill in the endpoint and the model of a known program",
        tuple(PRESETS),
        "choice",
        "Which endpoint?",
        "Any server that speaks OpenAI's embeddings API",
        _at_endpoint,
        (
            ("OpenAI", "needs a key; your text leaves this machine"),
            ("Ollama", "on this machine, port 11434"),
            ("LM Studio", "on this machine, port 1234"),
            ("Other", "by its address"),
        ),
    ),
    Question(
        "embedding_url",
        "--embedding-url",
        "AGENT_BRAIN_EMBEDDING_BASE_URL",
        ("embedding", "base_url"),
        "",
        "the endpoint, for --embedding openai-compatible",
        (),
        "text",
        "The endpoint's address?",
        "With its version at the end, as in http://127.0.0.1:8000/v1",
        _elsewhere,
    ),
    Question(
        "embedding_model",
        "--embedding-model",
        "AGENT_BRAIN_EMBEDDING_MODEL",
        ("embedding", "model"),
        "",
        "the endpoint's model, for --embedding openai-compatible",
        (),
        "text",
        "Its model?",
        "As the endpoint names it",
        _at_endpoint,
    ),
    Question(
        "embedding_key",
        "",
        "AGENT_BRAIN_EMBEDDING_API_KEY",
        (),
        "",
        "the endpoint's key",
        (),
        "secret",
        "Its key?",
        "It is kept in .env.agent-brain only; leave it empty if none is needed or it is there already",
        _at_endpoint,
    ),
    Question(
        "watch",
        "--watch",
        "AGENT_BRAIN_INDEX_WATCH",
        ("index", "watch"),
        True,
        "index files as they change",
        (),
        "yes-no",
        "Keep the index fresh by?",
        "Either way an answer marks passages that are out of date",
        labels=(("By hand", "agent-brain index"), ("Watching files", "as they change, while the server runs")),
    ),
    Question(
        "folders",
        "--folders",
        "AGENT_BRAIN_INDEX_FOLDERS",
        ("index", "folders"),
        ".",
        "the folders to index, separated by commas (default: the whole project)",
        (),
        "text",
        "Which folders?",
        "Separated by commas; files named in .gitignore or .agent-brainignore are left out",
        _more,
    ),
    Question(
        "port",
        "--port",
        "AGENT_BRAIN_PORT",
        (),
        None,
        "the server's port (default: the first free one from 8317)",
        (),
        "port",
        "The server's port?",
        "Empty: the first free one from 8317",
        _more,
    ),
    Question(
        "idle_stop_minutes",
        "--idle-stop-minutes",
        "AGENT_BRAIN_IDLE_STOP_MINUTES",
        ("idle_stop_minutes",),
        30,
        "minutes without a question after which the server stops, 0: never (default: 30)",
        (),
        "number",
        "Stop the server after how many idle minutes?",
        "The next question starts it again; 0 keeps it running",
        _more,
    ),
    Question(
        "project_id",
        "--project-id",
        "AGENT_BRAIN_PROJECT_ID",
        (),
        None,
        "the project's id in a shared database; the same for all who share one index (default: a new one)",
    ),
    Question(
        "index",
        "--index",
        "AGENT_BRAIN_SETUP_INDEX",
        (),
        None,
        "start the server and build the first index afterwards (default: yes in a terminal, no with --yes)",
        kind="yes-no",
    ),
    Question(
        "verify",
        "--verify",
        "AGENT_BRAIN_SETUP_VERIFY",
        (),
        True,
        "ask a database, an endpoint or Docker that is named for the first time whether it answers, before anything is"
        " written (default: yes)",
        kind="yes-no",
    ),
)

MORE = Question(
    "more",
    "",
    "",
    (),
    False,
    "",
    (),
    "yes-no",
    "Anything else?",
    "The rest has defaults that fit most projects",
    labels=(("No, that is all", ""), ("Folders, port, idle stop", "")),
)


def asked() -> tuple[Question, ...]:
    """What is asked in a terminal, in order: first what every project decides, then, behind MORE, the rest."""
    every = [question for question in QUESTIONS if question.ask]
    behind = [question for question in every if question.when is _more]
    return (*(question for question in every if question not in behind), MORE, *behind)
