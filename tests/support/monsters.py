"""Files that parsers take long over, crash on or fill the memory with: a set for each language."""

from __future__ import annotations

from collections.abc import Iterator

EXTENSIONS = {
    "bash": "sh",
    "c": "c",
    "csharp": "cs",
    "cpp": "cpp",
    "elixir": "ex",
    "go": "go",
    "haskell": "hs",
    "java": "java",
    "javascript": "js",
    "kotlin": "kt",
    "lua": "lua",
    "php": "php",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "swift": "swift",
    "tsx": "tsx",
    "typescript": "ts",
    "zig": "zig",
}
DOCUMENTS = {
    "css": "css",
    "html": "html",
    "json": "json",
    "markdown": "md",
    "notebook": "ipynb",
    "rst": "rst",
    "sql": "sql",
    "svelte": "svelte",
    "text": "txt",
    "toml": "toml",
    "vue": "vue",
    "yaml": "yaml",
}
_SHAPES = {
    "brackets": "(",
    "mixed_brackets": "([{",
    "generics": "A<",
    "comparisons": "a < b, c > (",
    "chain": ".a(1)",
    "lines_of_a_chain": "\n  .then { |x| x }",
    "ternaries": "a ? b : ",
    "operators": "a + b * ",
    "blocks": "if (a) {\n",
    "words": "do begin module class fn def ",
    "strings": 'x = { "a\n',
    "quotes": "\"'`",
    "comments": "/* {- <!-- # ",
    "heredocs": "cat <<A <<B\n",
    "templates": "${`${",
    "tags": "<a><b ",
    "lists": "[1, ",
    "functions": "function f() { return 1 }\n",
    "definitions": "def f(a): return a\n",
    "selectors": ".a,\n",
    "headings": "# a\n<h1>b</h1>\n",
    "keys": '  "a": {\n',
    "tables": "[a.b]\n",
    "statements": "create table a (b);\n",
    "arrows": "a -> b => ",
    "colons": "a::b::",
    "far_characters": "\U0010ffff\u0301{",
}


def monsters(language: str, size: int) -> Iterator[tuple[str, str]]:
    """The name and the text of each file, of about `size` characters.

    The first line of each is a word that no other has, by which a search finds it.
    """
    head = {"python": "class A:\n", "php": "<?php\n", "ruby": "x = a\n"}.get(language, "")
    for name, shape in _SHAPES.items():
        yield name, f"found{language}{name.replace('_', '')}q\n{head}{shape * (size // len(shape))}"
