"""What setup wants to know, as data: every question has a flag, a variable, a place where its answer is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agent_brain_contract.defaults import DEFAULT_PORT, DEFAULT_STORAGE_URL

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question. `saved` is the path of its answer in config.yaml, empty for what is kept elsewhere.

    `default` None means that there is none: where the answer is needed it must be given. `text` is the flag's help.
    In a terminal the question is asked as `ask`, with `why` under it, if `when` holds for the answers so far; each of
    `choices` has a label and a hint in `labels`. A question without `ask` has its flag and its variable alone, one
    without `flag` is for secrets, which no command line may hold.
    """

    name: str
    flag: str = ""
    variable: str = ""
    saved: tuple[str, ...] = ()
    default: Answer | None = None
    text: str = ""
    choices: tuple[str, ...] = ()
    kind: Kind = "text"
    ask: str = ""
    why: str = ""
    when: Callable[[Values], bool] = _always
    labels: tuple[tuple[str, str], ...] = ()


QUESTIONS: tuple[Question, ...] = (
    Question(
        name="storage",
        flag="--storage",
        variable="AGENT_BRAIN_SETUP_STORAGE",
        default="embedded",
        text="what keeps the index: a file, PostgreSQL in a container made for it, or an existing one (--storage-url)",
        choices=STORAGES,
        kind="choice",
        ask="Where should the index live?",
        why="It can move later: agent-brain storage copy",
        labels=(
            ("Embedded (SQLite)", "nothing to install; good to about a million lines"),
            ("PostgreSQL in Docker", "for a team or several machines"),
            ("Existing PostgreSQL", "by URL"),
        ),
    ),
    Question(
        name="storage_url",
        flag="--storage-url",
        variable="AGENT_BRAIN_STORAGE_URL",
        saved=("storage", "url"),
        default=DEFAULT_STORAGE_URL,
        text="where the index lives, as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        kind="secret",
        ask="The database's URL?",
        why="postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with pgvector; it goes into .env.agent-brain alone",
        when=_by_url,
    ),
    Question(
        name="postgres_port",
        flag="--postgres-port",
        variable="AGENT_BRAIN_SETUP_POSTGRES_PORT",
        text="the container's port on this machine (default: the first free one from 5433)",
        kind="port",
    ),
    Question(
        name="postgres_image",
        flag="--postgres-image",
        variable="AGENT_BRAIN_SETUP_POSTGRES_IMAGE",
        default=DEFAULT_IMAGE,
        text=f"the container's image: PostgreSQL 15 or newer with pgvector (default: {DEFAULT_IMAGE})",
    ),
    Question(
        name="pgadmin",
        flag="--pgadmin",
        variable="AGENT_BRAIN_SETUP_PGADMIN",
        default=False,
        text="start pgAdmin too, a web page to look into the database",
        kind="yes-no",
        ask="pgAdmin too?",
        why="A web page to look into the database; one more container",
        when=_in_docker,
        labels=(("No", ""), ("Yes", "agent-brain db up --pgadmin starts it, and so does this setup")),
    ),
    Question(
        name="pgadmin_port",
        flag="--pgadmin-port",
        variable="AGENT_BRAIN_SETUP_PGADMIN_PORT",
        text="pgAdmin's port on this machine (default: a free one)",
        kind="port",
    ),
    Question(
        name="embedding",
        flag="--embedding",
        variable="AGENT_BRAIN_EMBEDDING_PROVIDER",
        saved=("embedding", "provider"),
        default="built-in",
        text="what turns text into vectors",
        choices=EMBEDDINGS,
        kind="choice",
        ask="Embeddings?",
        why="They let a question find what says the same in other words",
        labels=(
            ("Built in", "offline, no key"),
            ("OpenAI-compatible", "OpenAI, Ollama, LM Studio, vLLM, other"),
            ("None", "keyword search alone"),
        ),
    ),
    Question(
        name="embedding_preset",
        flag="--embedding-preset",
        variable="AGENT_BRAIN_SETUP_EMBEDDING_PRESET",
        text="fill in the endpoint and the model of a known program",
        choices=tuple(PRESETS),
        kind="choice",
        ask="Which endpoint?",
        why="Any server that speaks OpenAI's embeddings API",
        when=_at_endpoint,
        labels=(
            ("OpenAI", "needs a key; your text leaves this machine"),
            ("Ollama", "on this machine, port 11434"),
            ("LM Studio", "on this machine, port 1234"),
            ("Other", "by its address"),
        ),
    ),
    Question(
        name="embedding_url",
        flag="--embedding-url",
        variable="AGENT_BRAIN_EMBEDDING_BASE_URL",
        saved=("embedding", "base_url"),
        default="",
        text="the endpoint, for --embedding openai-compatible",
        ask="The endpoint's address?",
        why="With its version at the end, as in http://127.0.0.1:8000/v1",
        when=_elsewhere,
    ),
    Question(
        name="embedding_model",
        flag="--embedding-model",
        variable="AGENT_BRAIN_EMBEDDING_MODEL",
        saved=("embedding", "model"),
        default="",
        text="the endpoint's model, for --embedding openai-compatible",
        ask="Its model?",
        why="As the endpoint names it",
        when=_at_endpoint,
    ),
    Question(
        name="embedding_key",
        variable="AGENT_BRAIN_EMBEDDING_API_KEY",
        default="",
        text="the endpoint's key",
        kind="secret",
        ask="Its key?",
        why="It is kept in .env.agent-brain only; leave it empty if none is needed or it is there already",
        when=_at_endpoint,
    ),
    Question(
        name="watch",
        flag="--watch",
        variable="AGENT_BRAIN_INDEX_WATCH",
        saved=("index", "watch"),
        default=True,
        text="index files as they change",
        kind="yes-no",
        ask="Keep the index fresh by?",
        why="Either way an answer marks passages that are out of date",
        labels=(("By hand", "agent-brain index"), ("Watching files", "as they change, while the server runs")),
    ),
    Question(
        name="folders",
        flag="--folders",
        variable="AGENT_BRAIN_INDEX_FOLDERS",
        saved=("index", "folders"),
        default=".",
        text="the folders to index, separated by commas (default: the whole project)",
        ask="Which folders?",
        why="Separated by commas; files named in .gitignore or .agent-brainignore are left out",
        when=_more,
    ),
    Question(
        name="port",
        flag="--port",
        variable="AGENT_BRAIN_PORT",
        text=f"the server's port (default: the first free one from {DEFAULT_PORT})",
        kind="port",
        ask="The server's port?",
        why=f"Empty: the first free one from {DEFAULT_PORT}",
        when=_more,
    ),
    Question(
        name="idle_stop_minutes",
        flag="--idle-stop-minutes",
        variable="AGENT_BRAIN_IDLE_STOP_MINUTES",
        saved=("idle_stop_minutes",),
        default=30,
        text="minutes without a question after which the server stops, 0: never (default: 30)",
        kind="number",
        ask="Stop the server after how many idle minutes?",
        why="The next question starts it again; 0 keeps it running",
        when=_more,
    ),
    Question(
        name="project_id",
        flag="--project-id",
        variable="AGENT_BRAIN_PROJECT_ID",
        text="the project's id in a shared database; the same for all who share one index (default: a new one)",
    ),
    Question(
        name="index",
        flag="--index",
        variable="AGENT_BRAIN_SETUP_INDEX",
        text="start the server and build the first index afterwards (default: yes in a terminal, no with --yes)",
        kind="yes-no",
    ),
    Question(
        name="verify",
        flag="--verify",
        variable="AGENT_BRAIN_SETUP_VERIFY",
        default=True,
        text="ask a database, an endpoint or Docker that is named for the first time whether it answers, before"
        " anything is written (default: yes)",
        kind="yes-no",
    ),
)

MORE = Question(
    name="more",
    default=False,
    kind="yes-no",
    ask="Anything else?",
    why="The rest has defaults that fit most projects",
    labels=(("No, that is all", ""), ("Folders, port, idle stop", "")),
)


def asked() -> tuple[Question, ...]:
    """Return what is asked in a terminal, in order: first what every project decides, then, behind MORE, the rest."""
    every = [question for question in QUESTIONS if question.ask]
    behind = [question for question in every if question.when is _more]
    return (*(question for question in every if question not in behind), MORE, *behind)
