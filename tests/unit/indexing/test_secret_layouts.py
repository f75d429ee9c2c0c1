"""What is next to the name of a secret in the layout of a document or in an expression, and is none, stays."""

from __future__ import annotations

import time

import pytest

from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.secrets import mask_file
from support.secret_kinds import Maker

PLAIN = {
    "emphasis.md": "- **Password**: required\n- **Password:** `<your password>`\n- **Token:** the token of 2024\n"
    "The password is stored hashed. Password: required. *Password*: changeme\n`password`: `string`\n"
    "Password: **required** and ``password`` of ``Name4You2x``; the password:-) of x1y2z3w4\n",
    "fence.md": "Password:\n\n```\nchangeme\n```\n\nThe password:\n\n```sh\nagent login --password\n```\n\n"
    'Your token:\n\n```\n<token>\n```\nPassword\n\n```json\n{"a1b2c3": 1}\n```\n',
    "block.md": "To set the password:\n\n    agent set2 x1y2z3\n    agent get2\n\nPassword:\n\n    $ make login2x\n",
    "lines.md": "Password:\n\n    first1line\n    second2line\n\n",
    "table.md": "| column | type |\n|---|---|\n| password | varchar(255) |\n| token | string |\n"
    "| password | required since v2.0.1 |\n| `api_key` | `settings.API_KEY` |\n| secret key | `<key>` |\n",
    "heads.md": "| password | sha256hash1 |\n|---|---|\n| required | yes |\n",
    "terms.rst": "password\n    The password of the user, hashed with sha256crypt.\n"
    "token\n    string\npassword\n    hashed\n",
    "form.html": '<label>Password</label> <input type="password" name="pw1x2y">\n'
    "<td>password</td><td>varchar(64)</td>\n"
    '<dt>Password</dt><dd>required</dd><b>Password:</b> your password<br>\n<div id="password"><b>Step1of2</b></div>\n',
    "column.html": "<table><tr><th>password</th><th>id</th></tr>"
    "<tr><td>changeme</td><td>a1b2c3d4e5</td></tr></table>\n",
    "schema.xml": '<property name="password"><value>${db.password}</value></property>\n'
    '<column name="password" type="varchar(255)"/><field name="password"><title>Title4You2x</title></field>\n',
    "app.ini": "; password required\n# password is a1b2c3d4 of it\ndb.password ${DB_PASSWORD}\npassword sha256\n",
    "block.yaml": "required:\n  - password\n  - user_id2\npassword: >-\n\n  ${PASSWORD2X}\n? password\n: required\n",
    "unpacked.py": 'user, password = "Name4You2x", "changeme"\npassword, name = get_password(), "Name4You2x"\n'
    "user, password = credentials[0], credentials2[1]\nname, token = 'Name4You2x', None\n"
    'password, error = check("Name4You2x"), None\n',
    "choices.py": 'x = os.getenv("PASSWORD") or "changeme"\npassword = ask() if a else "required"\n'
    'login(password=a, name="Name4You2x" if b else "Other2Name3")\npassword = None if a else get("Name4You2x")\n',
    "choices.ts": 'f({ password: a ? b : c, name: "Name4You2x" });\nlet password = a || b; const n = "Name4You2x";\n',
    "entry.py": 'x = {"password": a if b else "required", "name": "Name4You2x"}\nf(password: str, name="Name4You2x")\n',
    "fallback.sh": 'DB_PASSWORD="${DB_PASSWORD:-changeme}"\nDB_PASSWORD="${DB_PASSWORD:-$OTHER2X}"\n',
    "cdata.xml": "<password><![CDATA[${db.password2x}]]></password><token><![CDATA[required]]></token>\n",
    "set.py": 'setattr(cfg, "password", "changeme")\nsetattr(cfg, "password", name2value("a"))\n'
    'hset("user:1", "password", password2x)\nlabel(a, "password", "Name4You2x")\n',
    "parentheses.py": 'password = (\n    # of "Name4You2x"\n    None\n)\n',
    "strings.rb": "password = %q(changeme)\ntoken = %q(some words of it)\nx = [[1,2],[3,4]]\n",
    "format.py": 'url = "%(user)s:%(password)s" % x\nkeys = [[token[1]], [["Name4You2x"]]]\n',
    "stdin.sh": 'echo "$PASSWORD" | docker login -u a --password-stdin\necho a1b2c3d4 | base64\n'
    'cat token.txt | docker login --password-stdin\nread -r PASSWORD <<< "$SECRET"\n',
    "escaped.md": "A name such as my\\_long\\_name\\_of\\_a\\_variable\\_1a2b3c or ghp\\_x stays; a \\_b\\_ too.\n",
    "added.js": 'const x = "gh" + "p" + "Name4You2x"; const y = "a" + "_" + "b" + c;\n',
    "octal.py": r'x = "\\147\\150\\160 \\101\\102"; re.sub("(a)(b)", r"\\1\\2\\41", s)' + "\n",
    "wrapped.txt": f"A name gh{'p_'}of\nthe words, and gh{'p_'}name1of\n"
    "thirty_letters2x and npm_config_cache1\nlines of it.\n",
}


@pytest.mark.parametrize("path", PLAIN)
def test_words_types_and_placeholders_stay_as_they_are(path: str) -> None:
    text = PLAIN[path]
    assert mask_file(path, detect_language(path), text).text == text


def test_a_masked_row_keeps_its_table() -> None:
    text = f"| key | value |\n|---|---|\n| password | `{Maker(7)(14)}` |\n| host | ordinary words |\n"
    masked = mask_file("a.md", "markdown", text).text
    assert masked == "| key | value |\n|---|---|\n| password | `MASKED_PASSWORD` |\n| host | ordinary words |\n"


PIECES = [
    "| password ", "| password | a1b2c3 ", "password\n", "password:\n\n", "password:\n\n```\n", "password\n    a1b2\n",
    "<td>password</td>", "<th>password</th>", "<tr><th>password</th></tr>", "<tr><th>password</th><td>a1b2c3",
    "password</b><b>", "<dt>password</dt>\n", 'name="password"><value>', "**password**", "**password:** ",
    "? password\n: ", "user, password = ", 'user, password = "a", ', "a, password, ", "password = a ? ",
    "password = a or ", 'password = "a1" if ', "password = b(", 'setattr(a, "password", ', "password = (\n# a\n",
    "password = [[", "password = q(", "password = r#", '"password"\n', "password <<< ", "; password a1b2c3",
    "gh\\_", "a\\_b\\_", '"gh" + "', '"a"+"b"+', "ghp_a1\n", "ghp_a1b2**", "\\147", "<!-- -->a", "ghp_${'",
    "echo a1b2c3 | ", "password-stdin ", "echo a1b2c3 | sudo -S ",
]  # fmt: skip


@pytest.mark.parametrize("language", ["markdown", "html", "python"])
def test_the_time_is_linear_in_the_text(language: str) -> None:
    for piece in PIECES:
        small, large = (_seconds(piece * (size // len(piece)), language) for size in (5_000, 50_000))
        assert large < 60 * small + 1.0, piece


def _seconds(text: str, language: str) -> float:
    started = time.process_time()
    mask_file("a.txt", language, text)
    return time.process_time() - started
