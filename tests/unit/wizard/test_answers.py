"""The chain of answers: flag > environment > saved > default."""

from __future__ import annotations

import pytest

from agent_brain_wizard.answers.answers import check_flags, resolve, without_password
from agent_brain_wizard.answers.questions import DEFAULT_IMAGE, DEFAULT_STORAGE_URL, QUESTIONS
from agent_brain_wizard.errors import SetupError


def test_defaults() -> None:
    answers = resolve({}, {}, {})
    assert answers.as_mapping() == {
        "storage": "embedded",
        "storage_url": DEFAULT_STORAGE_URL,
        "postgres_port": None,
        "postgres_image": DEFAULT_IMAGE,
        "pgadmin": False,
        "pgadmin_port": None,
        "embedding": "built-in",
        "embedding_preset": "",
        "embedding_url": "",
        "embedding_model": "",
        "embedding_key": "",
        "watch": True,
        "folders": ".",
        "port": None,
        "idle_stop_minutes": 30,
        "index": None,
        "project_id": "",
        "verify": True,
    }
    assert {*answers.as_mapping()} == {question.name for question in QUESTIONS}


def test_each_link_of_the_chain_goes_before_the_next() -> None:
    flags = {"embedding": "none", "port": "4"}
    environment = {
        "AGENT_BRAIN_EMBEDDING_PROVIDER": "built-in",
        "AGENT_BRAIN_INDEX_WATCH": "off",
        "AGENT_BRAIN_PORT": "",
    }
    saved = {"embedding": "built-in", "watch": True, "port": 5, "storage_url": "sqlite:///x.db"}
    answers = resolve(flags, environment, saved)
    assert (answers.embedding, answers.watch, answers.port, answers.storage_url) == ("none", False, 4, "sqlite:///x.db")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"port": "0"}, "--port"),
        ({"port": "65536"}, "--port"),
        ({"port": "-1"}, "--port"),
        ({"storage_url": "sqlite:///"}, "--storage-url"),
        ({"storage_url": "mysql://u:p@h/d"}, "--storage-url"),
        ({"storage_url": "postgresql://"}, "--storage-url"),
        ({"storage_url": "postgresql://u:p@h/d\nX=1"}, "--storage-url"),
        ({"storage": "cloud"}, "--storage cloud"),
        ({"storage": "postgres"}, "setup needs --storage-url"),
        ({"storage": "postgres", "storage_url": "sqlite:///x"}, "--storage postgres does not go with"),
        ({"storage": "embedded", "storage_url": "postgresql://u:p@h/d"}, "--storage embedded does not go with"),
        ({"storage": "postgres-docker", "storage_url": "postgresql://u:p@h/d"}, "does not go with --storage-url"),
        ({"storage": "postgres-docker", "postgres_port": "http"}, "--postgres-port"),
        ({"storage": "postgres-docker", "postgres_image": "a b: c"}, "--postgres-image"),
        ({"embedding": "magic"}, "--embedding"),
        ({"embedding": "openai-compatible"}, "--embedding-url and --embedding-model"),
        ({"embedding": "openai-compatible", "embedding_url": "h", "embedding_model": "m"}, "http://"),
        ({"watch": "perhaps"}, "--watch"),
    ],
)
def test_what_cannot_be_is_refused_by_its_flag(flags: dict[str, str], word: str) -> None:
    with pytest.raises(SetupError, match=word) as caught:
        resolve(flags, {}, {})
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"embedding_model": "m"}, "--embedding-model goes with --embedding openai-compatible"),
        ({"postgres_port": "5500"}, "--postgres-port goes with --storage postgres-docker"),
        ({"postgres_image": "x", "storage_url": "postgresql://h/d"}, r"--postgres-image .*\(it is postgres\)"),
    ],
)
def test_a_flag_that_would_be_ignored_is_named(flags: dict[str, str], named: str) -> None:
    with pytest.raises(SetupError, match=named):
        check_flags(flags, resolve(flags, {}, {}))


def test_flags_that_are_used_pass() -> None:
    flags = {"storage": "postgres-docker", "postgres_port": "5500", "postgres_image": "r:5000/pg@sha256:0a"}
    check_flags(flags, resolve(flags, {}, {}))
    check_flags({}, resolve({}, {}, {}))


SQLITE = {"storage_url": "sqlite:///x.db"}
POSTGRES = {"storage_url": "postgresql://u:p@h/d"}
CONTAINER = {"storage": "postgres-docker"}


@pytest.mark.parametrize(
    ("flags", "environment", "saved", "expected"),
    [
        ({}, {}, CONTAINER, ("postgres-docker", DEFAULT_STORAGE_URL)),
        ({}, {}, POSTGRES, ("postgres", "postgresql://u:p@h/d")),
        (POSTGRES, {}, CONTAINER, ("postgres", "postgresql://u:p@h/d")),
        (SQLITE, {}, CONTAINER, ("embedded", "sqlite:///x.db")),
        (CONTAINER, {}, POSTGRES, ("postgres-docker", DEFAULT_STORAGE_URL)),
        ({"storage": "embedded"}, {}, SQLITE, ("embedded", "sqlite:///x.db")),
        ({"storage": "embedded"}, {}, POSTGRES, ("embedded", DEFAULT_STORAGE_URL)),
        ({"storage": "postgres"}, {}, POSTGRES, ("postgres", "postgresql://u:p@h/d")),
        ({}, {"AGENT_BRAIN_SETUP_STORAGE": "postgres-docker"}, SQLITE, ("postgres-docker", DEFAULT_STORAGE_URL)),
        ({}, {"AGENT_BRAIN_STORAGE_URL": "sqlite:///y.db"}, CONTAINER, ("embedded", "sqlite:///y.db")),
    ],
)
def test_the_storage_and_its_url_are_one_answer(
    flags: dict[str, str], environment: dict[str, str], saved: dict[str, str], expected: tuple[str, str]
) -> None:
    answers = resolve(flags, environment, saved)
    assert (answers.storage, answers.storage_url) == expected


def test_a_url_is_shown_without_its_secrets() -> None:
    assert without_password("postgresql://u:p@h:1/d?password=q") == "postgresql://h:1/d"
    assert without_password("sqlite:///x") == "sqlite:///x"
