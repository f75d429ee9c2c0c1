"""Reading `NAME=value` files: as the server's own reader does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values

from agent_brain_contract.envfile import parse_env, read_env


@pytest.mark.parametrize(
    "text",
    [
        "A=1",
        "A=1\nA=2\n",
        "export A=1",
        "  A = 1  ",
        "A='x y'",
        'A="x y"',
        'A="x#y" # remark',
        "A=x#y",
        "A=x # remark",
        "# A=1\nB=2",
        "A=\nB=1",
        "A=''",
        "A=a=b=c",
        "A=1\r\nB=2\r\n",
        "nothing here\nA=1",
        "A=#x",
        'A="say \\"hi\\""',
        "AGENT_BRAIN_TOKEN=wyZYU0f-_PeIX",
    ],
)
def test_it_agrees_with_the_library(text: str) -> None:
    expected = {
        name: value for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items() if value
    }
    assert parse_env(text) == expected


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert parse_env("\ufeffA=1") == {"A": "1"}


def test_a_missing_file_has_no_values(tmp_path: Path) -> None:
    assert read_env(tmp_path / "none") == {}
    assert read_env(tmp_path) == {}
    (tmp_path / "odd").write_bytes(b"\xff\xfe\nA=1\n")
    assert read_env(tmp_path / "odd") == {"A": "1"}
