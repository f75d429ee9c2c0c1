"""A text is masked as it is read once it is shown or run, and what only looks so stays as it is."""

from __future__ import annotations

import json
import time

import pytest

from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.secrets import mask_file
from support.secret_disguises import DISGUISED
from support.secret_kinds import Maker

PLAIN = {
    "page.html": "<p>Fish &amp; chips&#39; price: 5&#8364; &copy; &quot;the password&quot; is asked.</p>\n"
    "<p>pass<b>word</b>s and to<i>ken</i>s are words; H<sub>2</sub>O</p>\n",
    "help.py": 'password_help = """\nThe password must have\n8 letters and digits2\n"""\nx = 1\n',
    "page.py": 'reset_password = """\n<html>\n<body class="x1">\n</html>\n"""\n',
    "query.js": "const token = `\n  SELECT token2 FROM users\n  WHERE id = $1`;\n",
    "names.sh": "password='\nchangeme'\nit='s'\n",
    "words.yaml": "password: it's\nother: 'a1b2c3d4e5f6'\n",
    "here.tf": "db_password = <<-EOT\n  ${var.password}\n  ${var.other2}\nEOT\n",
    "entry.c": "if (a && b &#10 || &lt) return &key2;\n",
    "notebook.ipynb": json.dumps(
        {"cells": [{"cell_type": "code", "source": ["password = input()\n", "token = os.environ['TOKEN2X']\n"]}]},
        indent=1,
    ),
}


@pytest.mark.parametrize("path", PLAIN)
def test_what_is_no_secret_stays_as_it_is(path: str) -> None:
    assert mask_file(path, detect_language(path), PLAIN[path]).text == PLAIN[path]


@pytest.mark.parametrize("path", DISGUISED)
def test_lines_keep_their_numbers_and_json_stays_json(path: str) -> None:
    text = DISGUISED[path](Maker(11)) + ("" if path.endswith(".ipynb") else "ordinary words at the end of this file\n")
    masked = mask_file(path, detect_language(path), text)
    assert not masked.secret
    assert masked.text.count("\n") == text.count("\n")
    assert "MASKED_" in masked.text
    if path.endswith(".ipynb"):
        assert len(json.loads(masked.text)["cells"]) == 2


@pytest.mark.parametrize(
    "piece",
    ["&#115;", "&amp;#115;", "a</b>a", "<b ", "&#", '"source": [\n', '"source": ["a",\n', 'password = """\na1b2c3d4\n'],
)
@pytest.mark.parametrize("language", ["html", "notebook"])
def test_it_takes_time_in_proportion_to_the_text(piece: str, language: str) -> None:
    small, large = (_seconds(piece * (size // len(piece)), language) for size in (20_000, 200_000))
    assert large < 60 * small + 1.0


def _seconds(text: str, language: str) -> float:
    started = time.process_time()
    mask_file("a", language, text)
    return time.process_time() - started
