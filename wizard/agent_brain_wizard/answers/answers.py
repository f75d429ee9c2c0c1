"""Answers in layers: flag > environment > what was asked > saved > default. Pure."""

from __future__ import annotations

import json
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches

from agent_brain_contract.defaults import DEFAULT_STORAGE_URL, SQLITE
from agent_brain_contract.escaping import is_seen
from agent_brain_contract.identity import FORM
from agent_brain_wizard.answers.questions import (
    EMBEDDINGS,
    PRESETS,
    QUESTIONS,
    STORAGES,
    Answer,
    Values,
)
from agent_brain_wizard.errors import MissingAnswerError, SetupError

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})
_IMAGE = re.compile(r"[a-z0-9][\w./:@-]*", re.ASCII)
# What a shell, Compose or a dotenv reader would take apart cannot be in .env.agent-brain without quotes.
_KEY = re.compile(r"[^\s\"'\\$#`\x00-\x1f\x7f]*")
_OWN_VARIABLES = "AGENT_BRAIN_SETUP_"
_POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, checked. A port that is None is for setup to pick, as `index` is None where there is no answer.

    `storage_url` is what `storage` embedded and postgres use, the default where postgres-docker does not use it.
    """

    storage: str
    storage_url: str = field(repr=False)
    postgres_port: int | None
    postgres_image: str
    pgadmin: bool
    pgadmin_port: int | None
    embedding: str
    embedding_preset: str
    embedding_url: str
    embedding_model: str
    embedding_key: str = field(repr=False)
    watch: bool
    folders: str
    port: int | None
    idle_stop_minutes: float
    index: bool | None
    project_id: str = ""
    verify: bool = True

    def as_mapping(self) -> dict[str, Answer | None]:
        """Return the answers by their questions' names, secrets and all."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def resolve(flags: Values, environment: Mapping[str, str], saved: Values, asked: Values | None = None) -> Answers:
    """Return the first layer's answer to every question; what was `asked` goes between the environment and `saved`.

    Raise SetupError naming the flag of one that cannot be, MissingAnswerError where one is needed and not there.
    """
    defaults = {question.name: question.default for question in QUESTIONS}
    layers = [_given(layer) for layer in (flags, from_environment(environment), asked or {}, saved)]
    values = ChainMap(*layers, defaults)
    storage, storage_url = _storage(layers)
    answers = Answers(
        storage=storage,
        storage_url=storage_url,
        postgres_port=_port("--postgres-port", values["postgres_port"]),
        postgres_image=str(values["postgres_image"]),
        pgadmin=_boolean("--pgadmin", values["pgadmin"]),
        pgadmin_port=_port("--pgadmin-port", values["pgadmin_port"]),
        embedding=str(values["embedding"]),
        embedding_preset=preset_of(values),
        embedding_url=str(values["embedding_url"]),
        embedding_model=str(values["embedding_model"]),
        embedding_key=str(values["embedding_key"]),
        watch=_boolean("--watch", values["watch"]),
        folders=_folders(values["folders"]),
        port=_port("--port", values["port"]),
        idle_stop_minutes=_minutes(values["idle_stop_minutes"]),
        index=None if values["index"] is None else _boolean("--index", values["index"]),
        project_id=_project_id(values["project_id"]),
        verify=_boolean("--verify", values["verify"]),
    )
    _check_storage(answers)
    _check_embedding(answers)
    return answers


def own_answers(
    flags: Values, environment: Mapping[str, str], accepted: Values, asked: Values | None = None
) -> Answers | None:
    """Return what the person answers, now or in files that were `accepted`; None where that alone is not enough."""
    try:
        return resolve(flags, environment, accepted, asked)
    except SetupError:
        return None


def from_environment(environment: Mapping[str, str]) -> dict[str, Answer | None]:
    """Return the answers that the environment gives, None for the others."""
    return {question.name: environment.get(question.variable) or None for question in QUESTIONS}


def check_variables(environment: Mapping[str, str]) -> None:
    """Raise SetupError for a variable that names an answer and that no question has."""
    known = {question.variable for question in QUESTIONS}
    for name in environment:
        if name.startswith(_OWN_VARIABLES) and name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise SetupError(f"setup has no answer named {name}{meant}. Run: unset {name}")


def _given(layer: Values) -> dict[str, Answer | None]:
    """Return the answers that `layer` gives, with what its preset implies where it does not say so itself."""
    given: dict[str, Answer | None] = {name: value for name, value in layer.items() if value is not None}
    preset = given.get("embedding_preset")
    if preset is None:
        return given
    if preset not in PRESETS:
        raise SetupError(f"--embedding-preset {preset} is none of {', '.join(PRESETS)}.")
    url, model = PRESETS[str(preset)]
    implied = {"embedding": "openai-compatible", "embedding_url": url, "embedding_model": model}
    return {**{name: value for name, value in implied.items() if value}, **given}


def preset_of(values: Values) -> str:
    """Return the preset that the endpoint is one of, `other` for none of them, empty where no endpoint is used."""
    if values.get("embedding") != "openai-compatible":
        return ""
    return next((name for name, (url, _) in PRESETS.items() if url == values.get("embedding_url")), "other")


def storage_of(layer: Values) -> str | None:
    """Return the kind of storage that one layer decides for, by its URL if not by name; None for neither."""
    if layer.get("storage_url") is not None:
        return "postgres" if str(layer["storage_url"]).startswith(_POSTGRES) else "embedded"
    return None if layer.get("storage") is None else str(layer["storage"])


def _storage(layers: Sequence[Values]) -> tuple[str, str]:
    """Return the kind of storage and its URL. They are one answer: the first layer that has either decides both."""
    for layer in layers:
        storage, url = layer.get("storage"), layer.get("storage_url")
        if storage is None and url is None:
            continue
        if url is None:
            return str(storage), _url_known(str(storage), layers)
        implied = storage_of(layer)
        if storage not in (None, implied):
            raise SetupError(f"--storage {storage} does not go with --storage-url {without_password(str(url))}.")
        return str(implied), str(url)
    return "embedded", DEFAULT_STORAGE_URL


def _url_known(storage: str, layers: Sequence[Values]) -> str:
    """Return the URL for a `storage` that was named without one."""
    urls = [str(layer["storage_url"]) for layer in layers if layer.get("storage_url")]
    if storage == "postgres":
        found = next((url for url in urls if url.startswith(_POSTGRES)), None)
        if found is None:
            raise MissingAnswerError("setup needs --storage-url (existing PostgreSQL was chosen).")
        return found
    if storage == "embedded":
        return next((url for url in urls if url.startswith(SQLITE)), DEFAULT_STORAGE_URL)
    return DEFAULT_STORAGE_URL


def _port(flag: str, value: Answer | None) -> int | None:
    if value is None or value == "":
        return None
    text = str(value)
    if not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise SetupError(f"{flag} {text} is not a port (1 to 65535).")
    return int(text)


def _boolean(flag: str, value: Answer | None) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise SetupError(f"{flag} must be true or false, not {value}. Use {flag} or --no-{flag[2:]}.")
    return word in _TRUE


def _minutes(value: Answer | None) -> float:
    try:
        minutes = float(str(value))
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes < 10_000_000:
        raise SetupError(f"--idle-stop-minutes {value} is not a number of minutes (0 or more).")
    return int(minutes) if minutes.is_integer() else minutes


def folder_list(text: str) -> tuple[str, ...]:
    """Return the folders that an answer names: with commas between them, or as a JSON list."""
    if text.startswith("["):
        try:
            names = json.loads(text)
        except (ValueError, RecursionError):
            names = []
        return tuple(str(name) for name in names) if isinstance(names, list) else ()
    return tuple(name.strip() for name in text.split(",") if name.strip())


def folder_text(names: tuple[str, ...]) -> str:
    """Return the answer that names these folders."""
    odd = any("," in name or name != name.strip() or name.startswith("[") for name in names)
    return json.dumps(list(names), ensure_ascii=False) if odd else ",".join(names)


def _project_id(value: Answer | None) -> str:
    text = "" if value is None else str(value)
    if text and not FORM.fullmatch(text):
        raise SetupError(f"--project-id {text} must be 8 to 64 letters, digits, _ or -.")
    return text


def _folders(value: Answer | None) -> str:
    names = folder_list(str(value))
    if not names or not all(name.isprintable() for name in names):
        raise SetupError(f"--folders {value!r} names no folders. Name them with commas between, as in: src,docs")
    return folder_text(names)


def _check_storage(answers: Answers) -> None:
    if answers.storage not in STORAGES:
        raise SetupError(f"--storage {answers.storage} is none of {', '.join(STORAGES)}.")
    if not _is_url(answers.storage_url):
        raise SetupError(
            f"--storage-url {without_password(answers.storage_url)} is not of the form {SQLITE}PATH or"
            f" {_POSTGRES[0]}USER:PASSWORD@HOST:PORT/DATABASE."
        )
    if not _IMAGE.fullmatch(answers.postgres_image):
        raise SetupError(f"--postgres-image {answers.postgres_image} is not the name of an image.")


def _is_url(url: str) -> bool:
    if not url.isprintable():
        return False
    if url.startswith(_POSTGRES):
        return url not in _POSTGRES and not re.search(r"\s", url)
    return url.startswith(SQLITE) and url != SQLITE


def _check_embedding(answers: Answers) -> None:
    if answers.embedding not in EMBEDDINGS:
        raise SetupError(f"--embedding {answers.embedding} is none of {', '.join(EMBEDDINGS)}.")
    if not _KEY.fullmatch(answers.embedding_key):
        raise SetupError("the embedding key (AGENT_BRAIN_EMBEDDING_API_KEY) has spaces, quotes or one of \\ $ # `.")
    endpoint = {"--embedding-url": answers.embedding_url, "--embedding-model": answers.embedding_model}
    if answers.embedding == "openai-compatible":
        unseen = next((flag for flag, value in endpoint.items() if not is_seen(value)), None)
        if unseen:
            raise SetupError(
                f"{unseen} {without_password(endpoint[unseen])} has characters that are not shown. Name another one."
            )
        missing = [flag for flag, value in endpoint.items() if not value]
        if missing:
            raise MissingAnswerError(f"setup needs {' and '.join(missing)} (--embedding openai-compatible was chosen).")
        if not answers.embedding_url.startswith(("http://", "https://")):
            raise SetupError(f"--embedding-url {answers.embedding_url} is not an http:// or https:// address.")


def without_password(url: str) -> str:
    """Return `url` without what may be a secret in it."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0] if separator else url


def check_flags(flags: Values, answers: Answers) -> None:
    """Raise SetupError for a flag that would be ignored with these answers."""
    for question, value, flags_of_it in (
        ("--embedding", "openai-compatible", ("embedding_preset", "embedding_url", "embedding_model")),
        ("--storage", "postgres-docker", ("postgres_port", "postgres_image", "pgadmin", "pgadmin_port")),
    ):
        chosen = getattr(answers, question[2:])
        for name in flags_of_it:
            if flags.get(name) and chosen != value:
                raise SetupError(f"--{name.replace('_', '-')} goes with {question} {value} (it is {chosen}).")
    if flags.get("pgadmin_port") and not answers.pgadmin:
        raise SetupError("--pgadmin-port goes with --pgadmin.")
