"""Settings in YAML are read within bounds, with any content."""

from __future__ import annotations

import pytest
import yaml

from agent_brain_client.yaml_file import LARGEST_BYTES, LimitError, load_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 8)
)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (BOMB, "more than 10,000 values"),
        ("a: &a [*a]\n", "more than 10,000 values"),
        ("[" * 900 + "]" * 900, "deeper than 32 levels"),
        ("{a: " * 900, "deeper than 32 levels"),
        ("".join("  " * level + "a:\n" for level in range(200)), "deeper than 32 levels"),
        ("".join(f"a{number}: 1\n" for number in range(6_000)), "more than 10,000 values"),
        ("#" * (LARGEST_BYTES + 1), "larger than 65,536 bytes"),
    ],
)
def test_what_passes_a_limit_is_refused(text: str, limit: str) -> None:
    for content in (text, text.encode()):
        with pytest.raises(LimitError, match=limit):
            load_yaml(content)


@pytest.mark.parametrize("text", ["port: 2001-13-45", f"port: {'1' * 5_000}", "port: [", "a: *b", "\0", "? [a]\n: b"])
def test_what_cannot_be_read_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


def test_aliases_and_merges_within_the_limits_are_read() -> None:
    assert load_yaml("a: &a {b: [1, x]}\nc: {<<: *a, d: *a}") == {
        "a": {"b": [1, "x"]},
        "c": {"b": [1, "x"], "d": {"b": [1, "x"]}},
    }
