"""YAML, TOML, INI, JSON and style sheets by their keys."""

from __future__ import annotations

from agent_brain_server.indexing.chunking import chunk_text


def keys(language: str, text: str) -> list[tuple[str, str]]:
    return [(chunk.kind, chunk.symbol) for chunk in chunk_text("a", language, text).chunks]


def filler(indent: int, mark: str = "item", count: int = 25) -> str:
    return "".join(f"{' ' * indent}{mark}_{n}: {n} # words to fill the line with\n" for n in range(count))


def test_yaml_keys_with_their_path() -> None:
    text = f"version: 3\nservices:\n  web:\n{filler(4)}  db:\n{filler(4)}volumes:\n{filler(2)}"
    assert keys("yaml", text) == [
        ("key", "version"),
        ("key", "services"),
        ("key", "services.web"),
        ("key", "services.db"),
        ("key", "volumes"),
    ]


def test_a_block_scalar_holds_no_keys() -> None:
    text = f"run: |\n{filler(2, 'not')}{filler(2, 'nor')}{filler(2, 'none')}done: yes\n"
    assert {symbol for _, symbol in keys("yaml", text)} <= {"run", "done", ""}


def test_toml_tables() -> None:
    text = f'title = "x"\n\n[tool.one]\n{filler(0)}\n[[entries]] # of many\n{filler(0)}'
    assert keys("toml", text) == [("block", ""), ("key", "tool.one"), ("key", "entries")]


def test_toml_arrays_are_no_tables() -> None:
    text = f"[a]\nmatrix = [\n  [1, 2],\n  [3, 4],\n]\ntext = '''\n[b]\n'''\n{filler(0)}"
    assert keys("toml", text) == [("key", "a")]


def test_ini_sections() -> None:
    assert keys("ini", f"[one]\n{filler(0)}\n[two]\n{filler(0)}") == [("key", "one"), ("key", "two")]


def test_json_keys() -> None:
    inner = ",\n".join(f'    "key {n}": "a value that fills the line {n}"' for n in range(25))
    text = f'{{\n  "name": "x",\n  "scripts": {{\n{inner}\n  }},\n  "dependencies": {{\n{inner}\n  }}\n}}\n'
    found = [symbol for _, symbol in keys("json", text)]
    assert "scripts" in found
    assert "dependencies" in found


def test_style_rules() -> None:
    declarations = "".join(f"  --color-{n}: red; /* }} */\n" for n in range(20))
    card = f".card > a:hover,\n.card b {{\n{declarations}}}\n"
    media = f"@media (x) {{\n  p {{\n{declarations}  }}\n}}\n"
    text = f'@import "x";\n\n/* a {{ comment */\n{card}\n{media}'
    assert keys("css", text) == [("block", ""), ("key", ".card > a:hover, .card b"), ("key", "@media (x)")]


def test_small_keys_share_a_block() -> None:
    text = "a: 1\nb: 2\nc:\n  d: 3\n"
    assert keys("yaml", text) == [("block", "")]


def test_other_files_are_blocks_of_lines() -> None:
    text = "".join(f"FROM image:{n}\nRUN build {n}\n\n" for n in range(60))
    chunks = chunk_text("Dockerfile", "dockerfile", text).chunks
    assert len(chunks) == 3
    assert all(chunk.text.startswith("FROM") and chunk.kind == "block" for chunk in chunks)
