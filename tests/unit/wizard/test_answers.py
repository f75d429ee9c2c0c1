"""The chain of answers: flag > environment > saved > default."""

from __future__ import annotations

import pytest

from agent_brain_wizard.answers import given_endpoint_needlessly, resolve
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.questions import DEFAULT_STORAGE_URL, QUESTIONS


def test_defaults() -> None:
    answers = resolve({}, {}, {})
    assert answers.as_mapping() == {
        "port": None,
        "storage_url": DEFAULT_STORAGE_URL,
        "embedding": "built-in",
        "embedding_url": "",
        "embedding_model": "",
        "watch": True,
    }
    assert list(answers.as_mapping()) == [question.name for question in QUESTIONS]


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


def test_a_flag_that_would_be_ignored_is_named() -> None:
    flags = {"embedding_model": "m"}
    assert given_endpoint_needlessly(flags, resolve(flags, {}, {})) == "--embedding-model"
    assert given_endpoint_needlessly({}, resolve({}, {}, {})) is None
