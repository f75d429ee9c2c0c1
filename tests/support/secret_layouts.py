"""Secrets next to their name in the layout of a document, in a setting without a sign, in an expression."""

from __future__ import annotations

from collections.abc import Callable

from support.secret_spellings import Make


def _octal(m: Make) -> str:
    written = "".join(f"\\{ord(sign):o}" for sign in "gh" + "p_" + m(36))
    m.made[:] = [written[20:]]
    return written


LAID_OUT: dict[str, Callable[[Make], str]] = {
    # Documents.
    "emphasis.md": lambda m: (
        f"- **Password**: {m(14)}\n- **Password:** {m(14)}\n- **Password:** `{m(14)}`\n* *Password*: {m(14)}\n"
        f"- `password`: `{m(14)}`\n"
    ),
    "fence.md": lambda m: f"Password:\n\n```\n{m(14)}\n```\n\n**API key**\n\n```text\n{m(32)}\n```\nOrdinary words.\n",
    "block.md": lambda m: f"The admin password:\n\n    {m(14)}\n\nOrdinary words of it.\n",
    "block.rst": lambda m: f"Password::\n\n    {m(14)}\n\nOrdinary words of it.\n",
    "row.md": lambda m: (
        f"| key | value |\n|---|---|\n| user | bob |\n| password | {m(14)} |\n| **API key** | `{m(32)}` |\n"
    ),
    "grid.rst": lambda m: f"+-----+-----+\n| DB password | {m(14)} |\n+-----+-----+\nOrdinary words of it.\n",
    "terms.rst": lambda m: f"User\n    bob\n\nPassword\n    {m(14)}\n\nOrdinary words of it.\n",
    "terms.md": lambda m: f"Password\n: {m(14)}\n\nOrdinary words of it.\n",
    "terms.html": lambda m: (
        f"<p>ordinary words of it</p><dl><dt>Password</dt><dd>{m(14)}</dd><dt>API key:</dt>\n"
        f"<dd><code>{m(32)}</code></dd></dl>\n"
    ),
    "rows.html": lambda m: (
        f"<table>\n<tr><td>Password</td>\n<td><code>{m(14)}</code></td></tr>\n</table> ordinary words\n"
    ),
    "column.html": lambda m: (
        "<table><tr><th>name</th><th>password</th></tr>\n"
        f"<tr><td>bob</td><td>{m(14)}</td></tr><tr><td>al</td><td><b>{m(14)}</b></td></tr></table>\n"
    ),
    "bold.html": lambda m: f"<p>Ordinary words. <b>Password:</b> {m(14)}<br></p>\n",
    "properties.xml": lambda m: (
        f'<beans><property name="password"><value>{m(14)}</value></property>\n'
        f'<entry key="password">\n  <value type="x">{m(14)}</value></entry></beans>\n'
    ),
    "sentence_of_it.txt": lambda m: f'Das Kennwort ist "{m(14)}", und die Stadt heisst Ulm.\n',
    # Settings.
    "blank_line.yaml": lambda m: f"db:\n  password: >-\n\n    {m(14)}\n  host: ordinary\n",
    "question.yaml": lambda m: f'? password\n: {m(14)}\nhost: ordinary\n? "password"\n: "{m(14)}"\n',
    "backslash.yaml": lambda m: f'password:\n  "abcdefg\\\n  {m(14)}"\nhost: ordinary words of it\n',
    "no_sign.properties": lambda m: f"db.host ordinary.example\ndb.password {m(14)}\n",
    "comment.ini": lambda m: f"[a]\nhost = ordinary\n; passwd {m(14)}\n#password {m(14)}\n",
    # Code.
    "unpacked.py": lambda m: (
        f'user, password = "bob", "{m(14)}"\napi_key, mode = \'{m(32)}\', "ordinary"\n'
        f'user, _, config.password = ("bob", None, "{m(14)}")\n'
    ),
    "unpacked.go": lambda m: f'user, password := "bob", "{m(14)}"\n',
    "unpacked.js": lambda m: f'const [user, password] = ["bob", "{m(14)}"];\n',
    "choices.py": lambda m: (
        f'x = os.getenv("PASSWORD") or "{m(14)}"\npassword = input() if a else "{m(14)}"\n'
        f'password = "{m(14)}" if a else None\npassword = config.get("a", b) or "{m(14)}"\n'
    ),
    "choices.js": lambda m: (
        f'const password = production ? read() : "{m(14)}";\nlet password = options.pass || "{m(14)}";\n'
        f"this.password = options.other ?? '{m(14)}'\n"
    ),
    "choices.kt": lambda m: f'val password = System.getenv("X") ?: "{m(14)}"\nval password by lazy {{ "{m(14)}" }}\n',
    "set.py": lambda m: (
        f'setattr(cfg, "password", "{m(14)}")\nredis.hset("user:1", "password", "{m(14)}")\n'
        f'object.__setattr__(self, "api_key", "{m(32)}")\n'
    ),
    "parentheses.py": lambda m: (
        f'password: Final[str] = (\n    # of production\n    "{m(14)}"\n)\n'
        f'token = (\n    # one\n    # two\n    "{m(32)}"\n)\n'
    ),
    "raw.rs": lambda m: f'const PASSWORD: &str = r#"{m(14)}"#;\nlet password = r##"{m(14)}"##;\n',
    "percent.rb": lambda m: f"conn = {{ :password => %q({m(14)}), other: 1 }}\npassword = %Q[{m(14)}]\n",
    "sigil.exs": lambda m: f"config :app, Repo,\n  password: ~s({m(14)}),\n  secret_key: ~S|{m(32)}|\n",
    "brackets.lua": lambda m: f'local cfg = {{ password = [[{m(14)}]], ["passwd"] = [==[{m(14)}]==] }}\n',
    "quoted.pl": lambda m: f"my $password = q({m(14)});\nmy $password = qq{{{m(14)}}};\n",
    "gap.hs": lambda m: f'password = "abcdef\\\n   \\{m(14)}"\n',
    "over_lines.js": lambda m: f'const cfg = {{ "password"\n :\n `{m(14)}` }};\n',
    # Commands.
    "stdin.sh": lambda m: (
        f'echo "{m(14)}" | docker login -u a --password-stdin\nprintf "%s" {m(14)} | podman login x --password-stdin\n'
        f"echo {m(14)} | sudo -S true\ndocker login --password-stdin <<< '{m(14)}'\n"
    ),
    "read.sh": lambda m: f'read -r PASSWORD <<< "{m(14)}"\nread -r password <<<{m(14)}\n',
    # Tokens in pieces.
    "escaped.md": lambda m: f"Ordinary words gh{'p'}\\_{m(36)} of it\n\nsk\\_live\\_{m(24)}\n",
    "bold_part.md": lambda m: f"Ordinary words gh{'p_'}{m(18)}**{m(18)}** of it\n",
    "comment_within.html": lambda m: f"<p>ordinary words gl{'pat'}<!-- x -->-{m(10)}<wbr>{m(12)}</p>\n",
    "three.py": lambda m: f't = "hf" + "_" + "{m(34)}"\nu = "gh" + "p" + "_" + "{m(18)}" +\n    "{m(18)}"\n',
    "three.js": lambda m: f"t='npm'+'_'+'{m(36)}';\nconst u = `np{'m_'}${{'{m(36)}'}}`;\n",
    "octal.py": lambda m: f't = "{_octal(m)}"\n',
    "braces.js": lambda m: f't = "\\u{{67}}\\u{{68}}\\u{{70}}\\u{{5f}}{m(36)}"\n',
    "wrapped.txt": lambda m: f"Ordinary words, wrapped\ngh{'p_'}{m(22)}\n{m(14)}\nand more words.\n",
    "wrapped.py": lambda m: f"x = 1  # the token np{'m_'}{m(20)}\n# {m(16)} of it\n",
    "hyphen.txt": lambda m: f"Ordinary words: gh{'p_'}{m(22)}-\n  {m(14)}\n",
    # Further layouts.
    "bold.md": lambda m: f"- __Password__: {m(14)}\n- Password: **{m(14)}**\nOrdinary words of it.\n",
    "tildes.md": lambda m: f"The password:\n~~~\n{m(14)}\n~~~\nOrdinary words of it.\n",
    "inline.rst": lambda m: f"**Password**: ``{m(14)}``, in ordinary words.\n",
    "inline.html": lambda m: f"<p>Password: <code>{m(14)}</code> in ordinary words</p>\n",
    "cdata.xml": lambda m: f"<server><password><![CDATA[{m(14)}]]></password><mode>ordinary words</mode></server>\n",
    "indent.yaml": lambda m: f"password: |2\n   {m(14)}\nhost: ordinary words of it\n",
    "fallback.sh": lambda m: f'DB_PASSWORD="${{DB_PASSWORD:-{m(14)}}}"\necho ordinary words\n',
    "entry.py": lambda m: f'ordinary = {{"password": given if given else "{m(14)}", "api_key": given or "{m(32)}"}}\n',
    "names.xml": lambda m: (
        f"<a>\n<name>db.password</name>\n<value>{m(14)}</value>\n<mode>ordinary words of it</mode></a>\n"
    ),
}
