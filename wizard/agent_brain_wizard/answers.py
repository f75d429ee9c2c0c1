"""Answers as one chain: flag > environment > saved > default. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.questions import EMBEDDINGS, QUESTIONS, Answer, Question

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, checked. `port` None: setup picks one."""

    port: int | None
    storage_url: str
    embedding: str
    embedding_url: str
    embedding_model: str
    watch: bool

    def as_mapping(self) -> dict[str, Answer | None]:
        """The answers by their questions' names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def resolve(flags: Mapping[str, Answer | None], environment: Mapping[str, str], saved: Mapping[str, Answer]) -> Answers:
    """The first answer of the chain to every question. Raises SetupError naming the flag of one that cannot be."""
    values = {question.name: _first(question, flags, environment, saved) for question in QUESTIONS}
    port = values["port"]
    answers = Answers(
        port=None if port is None else _port(port),
        storage_url=str(values["storage_url"]),
        embedding=str(values["embedding"]),
        embedding_url=str(values["embedding_url"]),
        embedding_model=str(values["embedding_model"]),
        watch=_boolean(values["watch"]),
    )
    _check(answers)
    return answers


def _first(
    question: Question,
    flags: Mapping[str, Answer | None],
    environment: Mapping[str, str],
    saved: Mapping[str, Answer],
) -> Answer | None:
    if flags.get(question.name) is not None:
        return flags[question.name]
    if environment.get(question.variable):
        return environment[question.variable]
    return saved.get(question.name, question.default)


def _port(value: Answer) -> int:
    text = str(value)
    if not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise SetupError(f"--port {text} is not a port (1 to 65535).")
    return int(text)


def _boolean(value: Answer | None) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise SetupError(f"whether to watch files must be true or false, not {value}. Use --watch or --no-watch.")
    return word in _TRUE


def _check(answers: Answers) -> None:
    if not answers.storage_url.startswith("sqlite:///") or answers.storage_url == "sqlite:///":
        raise SetupError(f"--storage-url {_without_password(answers.storage_url)} is not of the form sqlite:///PATH.")
    if answers.embedding not in EMBEDDINGS:
        raise SetupError(f"--embedding {answers.embedding} is none of {', '.join(EMBEDDINGS)}.")
    endpoint = {"--embedding-url": answers.embedding_url, "--embedding-model": answers.embedding_model}
    if answers.embedding == "openai-compatible":
        missing = [flag for flag, value in endpoint.items() if not value]
        if missing:
            raise SetupError(f"setup needs {' and '.join(missing)} (--embedding openai-compatible was chosen).")
        if not answers.embedding_url.startswith(("http://", "https://")):
            raise SetupError(f"--embedding-url {answers.embedding_url} is not an http:// or https:// address.")


def _without_password(url: str) -> str:
    """`url` without what may be a secret in it."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2] if separator else url


def given_endpoint_needlessly(flags: Mapping[str, Answer | None], answers: Answers) -> str | None:
    """A flag that would be ignored with these answers, None if there is none."""
    if answers.embedding == "openai-compatible":
        return None
    return next(
        (f"--{name.replace('_', '-')}" for name in ("embedding_url", "embedding_model") if flags.get(name)), None
    )
