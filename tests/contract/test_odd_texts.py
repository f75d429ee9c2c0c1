"""What a parser makes of escapes is stored as any other text, and no file fails the job of the others."""

from __future__ import annotations

import json

from support.brain import Brain, write_files

GOOD = {"good.py": "def beacon_good():\n    pass\n"}


def notebook(source: object, language: str = "python", **cell: object) -> str:
    cells = [{"cell_type": "code", "source": source, **cell}]
    metadata = {"language_info": {"name": language}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4})


ODD = {
    "lone.ipynb": notebook("beacon = '\ud83d'"),
    "nul.ipynb": notebook("beacon_nul = '\0'"),
    "halves.ipynb": notebook(["beacon = '\ud83d", "\ude00'"]),
    "heading.ipynb": notebook("# beacon \ud83d\0", cell_type="markdown"),
    "language.ipynb": notebook("beacon = 1", language="py\0\udc00"),
    "keys.json": json.dumps({"beacon\0": 1, "beacon\ud83d": {"inner": 2}}),
    "keys.yaml": '"beacon\\0": 1\n"beacon\\ud83d": 2\n',
    "keys.toml": '"beacon\\u0000" = 1\n',
    "page.html": "<h1>beacon &#0; &#xD83D;</h1><p>text</p>",
    "code.js": "const beacon = '\\ud83d\\u0000';\n",
}


async def test_a_text_that_no_database_holds_is_cleaned(brain: Brain) -> None:
    write_files(brain.root, {**GOOD, **ODD})
    job = await brain.index()
    assert job["progress"]["files_changed"] == 1 + len(ODD)
    assert await brain.paths("beacon") == {"good.py", *ODD}
    for result in await brain.search("beacon", mode="bm25", top_k=100):
        shown = json.dumps(result, ensure_ascii=False)
        assert "\0" not in shown
        shown.encode()
    assert any("😀" in result["text"] for result in await brain.search("beacon", mode="bm25", top_k=100))
