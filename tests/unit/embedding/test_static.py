"""The built-in table: its files, its promises, and a few facts it must know."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from agent_brain_server.embedding import static
from agent_brain_server.embedding.static import StaticTable, TableError, Tokenizer

DATA = Path(static.__file__).with_name("data")
LARGEST = 8_000_000


@pytest.fixture(scope="module")
def table() -> StaticTable:
    return StaticTable.load()


@pytest.fixture(scope="module")
def meta() -> dict[str, object]:
    loaded: dict[str, object] = json.loads((DATA / "meta.json").read_text("utf-8"))
    return loaded


def test_files_are_those_the_meta_data_names(meta: dict[str, object]) -> None:
    hashes = meta["sha256"]
    assert isinstance(hashes, dict)
    assert {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in hashes} == hashes


def test_card_is_about_this_table(table: StaticTable) -> None:
    card = (DATA / "card.md").read_text("utf-8")
    assert table.name in card
    assert table.digest in card


def test_rows_are_small_integers_and_fit_the_limit(meta: dict[str, object]) -> None:
    rows = np.load(DATA / "rows.npy", allow_pickle=False)
    scales = np.load(DATA / "scales.npy", allow_pickle=False)
    assert rows.dtype == np.int8
    assert rows.shape == (meta["vocabulary_size"], meta["dimensions"]) == (29_000, 256)
    assert scales.dtype == np.float32
    assert np.isfinite(scales).all()
    assert (
        sum(path.stat().st_size for path in (DATA / "rows.npy", DATA / "scales.npy", DATA / "vocabulary.txt"))
        <= LARGEST
    )


def test_identity_is_read_from_the_meta_data(table: StaticTable, meta: dict[str, object]) -> None:
    assert (table.name, table.dimensions, table.tokenizer_version) == (
        meta["name"],
        meta["dimensions"],
        meta["tokenizer_version"],
    )
    assert len(table.digest) == 16


@pytest.mark.parametrize(
    ("question", "near", "far"),
    [
        ("delete", "remove", "render"),
        ("authentication", "login", "polygon"),
        ("send mail", "smtp message", "parse float"),
    ],
)
def test_known_neighbours(table: StaticTable, question: str, near: str, far: str) -> None:
    asked, close, distant = table.encode([question, near, far])
    assert asked @ close > asked @ distant + 0.1


def test_question_finds_its_function(table: StaticTable) -> None:
    functions = [
        "def open_socket(host, port): return socket.create_connection((host, port))",
        "func (c *Cache) evictOldest() { delete(c.items, c.order.Back()) }",
        "public List<Row> sortByColumn(List<Row> rows, int column) { rows.sort(comparing(column)); }",
    ]
    questions = ["connect to a server", "throw out the least recently used entry", "order the table rows"]
    scores = table.encode(questions) @ table.encode(functions).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_rows_are_unit_vectors(table: StaticTable) -> None:
    vectors = table.encode(["read a file", "x", "class HTTPServer2: pass"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, table.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", " \n\t", "{}();", "\x00\x00", "漢字", "🧠🧠", "\ud800\udfff"])
def test_text_without_a_known_token_is_a_zero_row(table: StaticTable, text: str) -> None:
    assert not table.encode([text]).any()


def test_no_texts_give_no_rows(table: StaticTable) -> None:
    assert table.encode([]).shape == (0, table.dimensions)


def test_a_row_depends_on_its_own_text_alone(table: StaticTable) -> None:
    texts = ["parse the header", "", "open a connection " * 3000, "getUserName", "🧠 café"]
    together = table.encode(texts)
    assert np.array_equal(together, np.concatenate([table.encode([text]) for text in texts]))
    assert np.array_equal(together[::-1], table.encode(texts[::-1]))
    assert np.array_equal(together, StaticTable.load().encode(texts))


def test_writing_styles_of_a_name_are_one(table: StaticTable) -> None:
    vectors = table.encode(
        ["parseHttpHeader", "parse_http_header", "PARSE-HTTP-HEADER", "ParseHTTPHeader", "parse http héader"]
    )
    assert np.allclose(vectors, vectors[0], atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a1B" * 300_000,
        "word " * 200_000,
        "\u0300" * 500_000,
        "\ufdfa" * 20_000,
        "a\x00\ud800🧠" * 100_000,
    ],
    ids=["one word", "mixed word", "many words", "accents", "expanding", "mixture"],
)
def test_hostile_text_is_encoded(table: StaticTable, text: str) -> None:
    vector = table.encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) <= 1 + 1e-5


def test_many_new_words_do_not_change_the_vectors(table: StaticTable) -> None:
    before = table.encode(["parse the header"])
    table.encode([" ".join(f"word{number}x" for number in range(50_000))])
    assert np.array_equal(before, table.encode(["parse the header"]))


def test_unknown_words_are_cut_into_the_longest_entries() -> None:
    vocabulary = ["un", "##known", "##kno", "a", "##w"]
    numbers = [vocabulary[number] for ids in Tokenizer(vocabulary).ids("unknown aw zz") for number in ids]
    assert numbers == ["un", "##known", "a", "##w"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("meta.json", b"{"),
        ("meta.json", b"[]"),
        ("rows.npy", b"junk"),
        ("vocabulary.txt", b"only\none\n"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, file: str, content: bytes) -> None:
    for path in DATA.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / file).write_bytes(content)
    with pytest.raises(TableError) as caught:
        StaticTable.load(tmp_path)
    assert caught.value.context["directory"] == str(tmp_path)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError):
        StaticTable.load(tmp_path)
