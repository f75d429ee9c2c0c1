"""Answers as one chain: flag > environment > saved > default. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.questions import DEFAULT_STORAGE_URL, EMBEDDINGS, QUESTIONS, STORAGES, Answer, Question

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})
_IMAGE = re.compile(r"[a-z0-9][\w./:@-]*", re.ASCII)
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")

Link = Mapping[str, Answer | None]


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, checked. A port that is None is for setup to pick.

    `storage_url` is what `storage` embedded and postgres use, the default where postgres-docker does not use it.
    """

    port: int | None
    storage: str
    storage_url: str
    postgres_port: int | None
    postgres_image: str
    embedding: str
    embedding_url: str
    embedding_model: str
    watch: bool

    def as_mapping(self) -> dict[str, Answer | None]:
        """The answers by their questions' names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def resolve(flags: Link, environment: Mapping[str, str], saved: Link) -> Answers:
    """The first answer of the chain to every question. Raises SetupError naming the flag of one that cannot be."""
    given = {question.name: environment.get(question.variable) or None for question in QUESTIONS}
    values = {question.name: _first(question, flags, given, saved) for question in QUESTIONS}
    storage, storage_url = _storage(flags, given, saved)
    answers = Answers(
        port=_port("--port", values["port"]),
        storage=storage,
        storage_url=storage_url,
        postgres_port=_port("--postgres-port", values["postgres_port"]),
        postgres_image=str(values["postgres_image"]),
        embedding=str(values["embedding"]),
        embedding_url=str(values["embedding_url"]),
        embedding_model=str(values["embedding_model"]),
        watch=_boolean(values["watch"]),
    )
    _check_storage(answers)
    _check_embedding(answers)
    return answers


def _first(question: Question, *chain: Link) -> Answer | None:
    return next((link[question.name] for link in chain if link.get(question.name) is not None), question.default)


def _storage(*chain: Link) -> tuple[str, str]:
    """The kind of storage and its URL. They are one answer: the first link that has either decides both."""
    for link in chain:
        storage, url = link.get("storage"), link.get("storage_url")
        if storage is None and url is None:
            continue
        if url is None:
            return str(storage), _url_known(str(storage), chain)
        implied = "postgres" if str(url).startswith(_POSTGRES) else "embedded"
        if storage not in (None, implied):
            raise SetupError(f"--storage {storage} does not go with --storage-url {without_password(str(url))}.")
        return implied, str(url)
    return "embedded", DEFAULT_STORAGE_URL


def _url_known(storage: str, chain: tuple[Link, ...]) -> str:
    """The URL for a `storage` that was named without one."""
    urls = [str(link["storage_url"]) for link in chain if link.get("storage_url")]
    if storage == "postgres":
        found = next((url for url in urls if url.startswith(_POSTGRES)), None)
        if found is None:
            raise SetupError("setup needs --storage-url (--storage postgres, an existing one, was chosen).")
        return found
    if storage == "embedded":
        return next((url for url in urls if url.startswith(_SQLITE)), DEFAULT_STORAGE_URL)
    return DEFAULT_STORAGE_URL


def _port(flag: str, value: Answer | None) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise SetupError(f"{flag} {text} is not a port (1 to 65535).")
    return int(text)


def _boolean(value: Answer | None) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise SetupError(f"whether to watch files must be true or false, not {value}. Use --watch or --no-watch.")
    return word in _TRUE


def _check_storage(answers: Answers) -> None:
    if answers.storage not in STORAGES:
        raise SetupError(f"--storage {answers.storage} is none of {', '.join(STORAGES)}.")
    if not _is_url(answers.storage_url):
        raise SetupError(
            f"--storage-url {without_password(answers.storage_url)} is not of the form {_SQLITE}PATH or"
            f" {_POSTGRES[0]}USER:PASSWORD@HOST:PORT/DATABASE."
        )
    if not _IMAGE.fullmatch(answers.postgres_image):
        raise SetupError(f"--postgres-image {answers.postgres_image} is not the name of an image.")


def _is_url(url: str) -> bool:
    if url.startswith(_POSTGRES):
        return url not in _POSTGRES and not re.search(r"\s", url)
    return url.startswith(_SQLITE) and url != _SQLITE


def _check_embedding(answers: Answers) -> None:
    if answers.embedding not in EMBEDDINGS:
        raise SetupError(f"--embedding {answers.embedding} is none of {', '.join(EMBEDDINGS)}.")
    endpoint = {"--embedding-url": answers.embedding_url, "--embedding-model": answers.embedding_model}
    if answers.embedding == "openai-compatible":
        missing = [flag for flag, value in endpoint.items() if not value]
        if missing:
            raise SetupError(f"setup needs {' and '.join(missing)} (--embedding openai-compatible was chosen).")
        if not answers.embedding_url.startswith(("http://", "https://")):
            raise SetupError(f"--embedding-url {answers.embedding_url} is not an http:// or https:// address.")


def without_password(url: str) -> str:
    """`url` without what may be a secret in it."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0] if separator else url


def check_flags(flags: Link, answers: Answers) -> None:
    """Raises SetupError for a flag that would be ignored with these answers."""
    for question, value, flags_of_it in (
        ("--embedding", "openai-compatible", ("embedding_url", "embedding_model")),
        ("--storage", "postgres-docker", ("postgres_port", "postgres_image")),
    ):
        chosen = getattr(answers, question[2:])
        for name in flags_of_it:
            if flags.get(name) and chosen != value:
                raise SetupError(f"--{name.replace('_', '-')} goes with {question} {value} (it is {chosen}).")
