"""Secrets that only show once the text is read as it is shown or run: entities, tags, notebooks, long strings."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.secret_spellings import Make


def _token(m: Make, first: str = "gh", join: str = "") -> str:
    return first + join + "p_" + m(36)


def _entities(m: Make, form: str) -> str:
    written = "".join(form.format(ord(sign)) for sign in _token(m))
    m.made[:] = [written[len(form.format(0)) * 4 :]]
    return written


def _cell(kind: str, *source: str) -> dict[str, object]:
    return {"cell_type": kind, "metadata": {}, "source": list(source)}


def _notebook(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": [_cell("markdown", "ordinary words of it"), *cells], "nbformat": 4}, indent=1) + "\n"


DISGUISED: dict[str, Callable[[Make], str]] = {
    "entity.html": lambda m: f"<html><body><p>ordinary &#103;hp_{m(36)}</p></body></html>\n",
    "entity_hex.md": lambda m: f"An ordinary line of words: &#x67;hp_{m(36)} and &#115;k-{m(40)}.\n",
    "entity_all.md": lambda m: f"An ordinary line of words: {_entities(m, '&#{};')}.\n",
    "entity_twice.xml": lambda m: f"<a>ordinary words &amp;#x67;hp_{m(36)}</a>\n",
    "entity_name.html": lambda m: f"<p>ordinary words ghp&lowbar;{m(36)}</p>\n",
    "entity_quotes.html": lambda m: f"<pre>ordinary words\npassword = &quot;{m(14)}&quot;</pre>\n",
    "entity_invisible.html": lambda m: f"<p>ordinary words gh&#8203;p_{m(36)} and gh&shy;p_{m(36)}</p>\n",
    "entity_open.html": lambda m: f"<p>ordinary words &#103hp_{m(36)}</p>\n",
    "tag_in_prefix.html": lambda m: f"<p>ordinary words {_token(m, 'gh', '<span class=x>')}</p>\n",
    "tags_in_token.html": lambda m: f"<p>ordinary words ghp_<b><i>{m(18)}</i></b>{m(18)}</p>\n",
    "cells.ipynb": lambda m: _notebook(_cell("code", "t = 'gh", f"p_{m(18)}", f"{m(18)}'\n", "ordinary = 1")),
    "cells_sign.ipynb": lambda m: _notebook(_cell("code", f"t = ('ghp_{m(18)}' + \n", f"     '{m(18)}')\n")),
    "cells_markdown.ipynb": lambda m: _notebook(
        _cell("markdown", "ordinary\n", f"password: {m(14)}\n", f"pw: {m(14)}")
    ),
    "cells_string.ipynb": lambda m: _notebook(
        {"cell_type": "code", "source": f'password = """\n{m(14)}\n{m(14)}"""\n', "outputs": []}
    ),
    "long.py": lambda m: f"password = \"\"\"\n{m(14)}\n  {m(14)}\n\"\"\"\nAPI_KEY = '''{m(32)}\n{m(32)}'''\n",
    "long.toml": lambda m: f'[db]\npassword = """\n{m(14)}\n\n{m(14)}"""\n',
    "long.js": lambda m: f"const password = `\n  {m(14)}\n  {m(14)}`;\n",
    "long.tf": lambda m: f"db_password = <<-EOT\n  {m(14)}\n  {m(14)}\nEOT\n",
    "long.php": lambda m: f"<?php $password = <<<'EOT'\n{m(14)}\n{m(14)}\nEOT;\n",
    "long.sh": lambda m: f"mode=ordinary_words_of_it\nDB_PASSWORD='{m(14)}\n{m(14)}'\nmode='other'\n",
    "long.yaml": lambda m: f'mode: ordinary words of it\npassword: "{m(14)}\n  {m(14)}"\nmode: other\n',
}
