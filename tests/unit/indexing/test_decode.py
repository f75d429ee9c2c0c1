"""From bytes to text."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.indexing.reading.decode import DecodedText, decode, is_binary

WESTERN = "Le café est fermé. Où êtes-vous allés hier ? À bientôt, garçon, voilà la forêt enneigée et l’été."


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"", "", ""),
        (b"plain\n", "plain\n", ""),
        ("héllo 日本".encode(), "héllo 日本", ""),
        (codecs.BOM_UTF8 + b"a", "a", ""),
        (codecs.BOM_UTF16_LE + "aé".encode("utf-16-le"), "aé", "decoded as utf-16-le"),
        (codecs.BOM_UTF16_BE + "aé".encode("utf-16-be"), "aé", "decoded as utf-16-be"),
        (codecs.BOM_UTF32_LE + "aé".encode("utf-32-le"), "aé", "decoded as utf-32-le"),
        (codecs.BOM_UTF32_BE + "aé".encode("utf-32-be"), "aé", "decoded as utf-32-be"),
        (b"a\r\nb\rc\n", "a\nb\nc\n", ""),
        (b"a\0b\0", "ab", "2 NULs removed"),
        (b"a\0", "a", "1 NUL removed"),
        (WESTERN.encode("cp1252"), WESTERN, "decoded as cp1252"),
        ("日本語 ".encode() * 9 + b"\xff", "日本語 " * 9 + "\ufffd", "invalid UTF-8 replaced"),
        (codecs.BOM_UTF16_LE + b"a", "\ufffd", "decoded as utf-16-le; invalid utf-16-le replaced"),
    ],
)
def test_decode(data: bytes, text: str, note: str) -> None:
    assert decode(data) == DecodedText(text, note)


def test_other_encodings_are_guessed() -> None:
    text = "Привет, мир! Это довольно длинный текст на русском языке, чтобы его можно было узнать."
    decoded = decode(text.encode("cp1251"))
    assert decoded == DecodedText(text, "decoded as cp1251")


def test_the_guess_is_from_a_sample_of_a_long_file() -> None:
    data = (WESTERN + "\n").encode("cp1252") * 20_000
    assert decode(data).text.startswith(WESTERN)


@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_clean_text(data: bytes) -> None:
    text = decode(data).text
    assert "\0" not in text
    assert "\r" not in text
    text.encode("utf-8")


@given(st.text(max_size=500, alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")))
def test_utf8_is_kept(text: str) -> None:
    assert decode(text.encode()) == DecodedText(text, "")


@pytest.mark.parametrize(
    ("head", "binary"),
    [
        (b"", False),
        (b"plain text\n", False),
        ("日本語".encode(), False),
        (WESTERN.encode("cp1252"), False),
        (codecs.BOM_UTF16_LE + "text".encode("utf-16-le"), False),
        (codecs.BOM_UTF32_BE + "text".encode("utf-32-be"), False),
        (b"\x1b[31mred\x1b[0m log\n", False),
        (b"one stray \0 in a long text " + b"word " * 100, False),
        (b"\x7fELF\x02\x01\x01", True),
        (b"\x89PNG\r\n\x1a\n", True),
        (b"%PDF-1.7\n", True),
        (b"PK\x03\x04rest", True),
        (bytes(range(256)) * 4, True),
        (b"text\0\0\0", True),
    ],
)
def test_is_binary(head: bytes, binary: bool) -> None:
    assert is_binary(head) is binary


def test_only_the_head_counts() -> None:
    assert not is_binary(b"a" * 8192 + b"\0" * 8192)
