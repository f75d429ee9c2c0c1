"""Secrets whose name is elsewhere than before them, in other words and languages, in pieces and in codes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from string import ascii_letters, ascii_lowercase, digits, hexdigits
from typing import Protocol

HEX = hexdigits[:16]


class Make(Protocol):
    """Makes random material and remembers it."""

    made: list[str]

    def __call__(self, length: int, alphabet: str = ...) -> str: ...


def _token(m: Make) -> str:
    return "gh" + "p_" + m(36)


def _shows(m: Make, secret: str) -> str:
    """The secret as it is written in the file, which is what no one may see."""
    m.made[:] = [secret]
    return secret


def _words(m: Make) -> str:
    letters = m(60, ascii_lowercase).replace("7", "x")
    return _shows(m, " ".join(letters[start : start + 5] for start in range(0, 60, 5)))


def _spaced(m: Make) -> str:
    lines = [" ".join("MII" + m(61)), *(" ".join(m(64)) for _ in range(3))]
    m.made[:] = lines
    return "\n".join(lines) + "\n"


def _hex_key(m: Make) -> str:
    return _shows(m, "308200d002010030" + m(400, HEX))[:416]


def _two(m: Make, join: str) -> str:
    return "gh" + "p_" + m(18) + join + m(20)


def _escaped(m: Make, form: str) -> str:
    escaped = "".join(form.format(ord(sign)) for sign in _token(m))
    m.made[:] = [escaped[len(form.format(0)) * 4 :]]
    return escaped


def _in_code(m: Make, code: str) -> str:
    m.made[:] = [code[16:-2]]
    return code


def _letters(m: Make) -> str:
    """A password of letters alone."""
    return _shows(m, m(24, ascii_letters).replace("7", "Q"))


def _lines(m: Make) -> list[str]:
    """The base64 of a key that is none, line by line."""
    return [m(64, ascii_letters + digits + "+/") for _ in range(12)]


def _split_key(m: Make, begin: str, frame: str) -> str:
    return f"{begin}\n" + "".join(frame.format(line) for line in _lines(m))


def _hex_pem(m: Make, form: str, join: str, width: int) -> str:
    """A key in armour, byte by byte."""
    lines = ["-----" + "BEGIN RSA PRIV" + "ATE KEY-----", *_lines(m), "-----" + "END RSA PRIV" + "ATE KEY-----"]
    codes = [form.format(byte) for byte in "\n".join(lines).encode()]
    rows = [join.join(codes[start : start + width]) for start in range(0, len(codes), width)]
    m.made[:] = rows[3:-4] if len(rows) > 1 else [rows[0][200:-200]]
    return (join.strip() + "\n").join(rows)


def _percent(m: Make) -> str:
    return "gh" + "p%5F" + m(36)


SPELLED: dict[str, Callable[[Make], str]] = {
    # A name and its value in two entries.
    "env.yaml": lambda m: f"- name: DB_PASSWORD\n  value: {m(14)}\n- name: MODE\n  value: ordinary\n",
    "quoted_env.yaml": lambda m: f'- name: "API_KEY"\n  value: "{m(32)}"\n',
    "flow.yaml": lambda m: f"env:\n  - {{name: DB_PASSWORD, value: '{m(14)}'}}\n",
    "pair.json": lambda m: f'{{"name": "DB_PASSWORD", "value": "{m(14)}", "other": "ordinary words here"}}\n',
    "task.json": lambda m: f'{{"environment": [\n  {{\n    "name": "DB_PASSWORD",\n    "value": "{m(14)}"\n  }}\n]}}\n',
    "value_first.json": lambda m: f'[{{"value": "{m(18)}", "name": "DB_PASSWORD"}}, "ordinary words here"]\n',
    "typed.json": lambda m: f'[{{"name": "DB_PASSWORD", "type": "PLAINTEXT", "value": "{m(14)}"}}]\n',
    "stack.yaml": lambda m: f"- ParameterKey: DbPassword\n  ParameterValue: {m(14)}\n",
    "variable.tf": lambda m: f'variable "db_password" {{\n  type = string\n  default = "{m(14)}"\n}}\n',
    # Columns.
    "rows.sql": lambda m: f"INSERT INTO users (name, password) VALUES ('bob', '{m(14)}'), ('al, b', '{m(14)}');\n",
    "quoted_rows.sql": lambda m: f"INSERT INTO `t` (`password`, `name`)\nVALUES (\"{m(14)}\", lower('bob'));\n",
    "copy.sql": lambda m: f"COPY public.users (id, password) FROM stdin;\n1\t{m(14)}\n2\t{m(14)}\n\\.\n",
    "table.md": lambda m: f"| user | password |\n|---|---|\n| bob | {m(14)} |\n| al | `{m(14)}` |\n",
    "open_table.md": lambda m: f"user | password\n--- | ---\nbob | {m(14)}\n",
    "users.csv": lambda m: f"user,password,city\nbob,{m(14)},Ulm\nal,{m(14)},Bonn\n",
    # Arguments, defaults, sentences, other words.
    "auth.py": lambda m: f"requests.get(url, auth=('bob', '{m(14)}'))\n",
    "auth_class.py": lambda m: f"session.auth = HTTPBasicAuth('bob', '{m(14)}')\n",
    "basic.go": lambda m: f'req.SetBasicAuth("bob", "{m(14)}")\n',
    "mail.py": lambda m: f'smtp.login("bob", "{m(14)}")\n',
    "Credentials.java": lambda m: f'new UsernamePasswordCredentials("bob", "{m(14)}");\n',
    "default.rb": lambda m: f"ENV['SECRET_PASSWORD'] ||= '{m(14)}'\n",
    "default.js": lambda m: f"const p = process.env.DB_PASSWORD || '{m(14)}';\n",
    "nullish.ts": lambda m: f"const p = env.DB_PASSWORD ?? '{m(14)}';\n",
    "Dockerfile": lambda m: (
        f"FROM x\nRUN echo 'root:{m(14)}' | chpasswd\nENV MYSQL_ROOT_PASSWORD {m(14)}\nARG password={m(14)}\n"
    ),
    "here.sh": lambda m: f"chpasswd <<< 'root:{m(14)}'\n",
    "env.csh": lambda m: f"setenv DB_PASSWORD {m(14)}\n",
    "sentence.md": lambda m: f"The password is `{m(14)}`.\n",
    "short.md": lambda m: f"username: bob / pw: {m(14)}\n",
    "slash.txt": lambda m: f"PIN/Pass:\t\t{m(14)}\n",
    "continued.properties": lambda m: f"spring.datasource.password\\\n  ={m(14)}\n",
    "folded.yaml": lambda m: f"db:\n  password: >-\n    {m(14)}\n    {m(14)}\n\n    {m(14)}\n  other: ordinary\n",
    "fullwidth.txt": lambda m: f"PASSWORD＝{m(14)}\nPASSWORD：{m(14)}\n",
    "german.txt": lambda m: f"Passwort: {m(14)}\nKennwort: {m(14)}\n",
    "french.txt": lambda m: f"mot de passe : {m(14)}\nMot de passe\u00a0: {m(14)}\n",
    "spanish.txt": lambda m: f"contraseña: {m(14)}\ncontrasena = {m(14)}\n",
    "portuguese.txt": lambda m: f"senha: {m(14)}\n",
    "chinese.txt": lambda m: f"密码: {m(14)}\n密碼：{m(14)}\n",
    "russian.txt": lambda m: f"пароль: {m(14)}\nПАРОЛЬ = {m(14)}\n",
    "japanese.yaml": lambda m: f'パスワード: "{m(14)}"\n',
    "cookie.txt": lambda m: f"Cookie: sessionid={m(32, HEX)}; PHPSESSID={m(32, HEX)}\n",
    "signed.txt": lambda m: f"https://s3.example/x?X-Amz-Signature={m(64, HEX)}\n",
    "users.txt": lambda m: f"bob:$apr1$abcdefgh${m(22)}\n",
    "wallet.js": lambda m: f"const mnemonic = '{_words(m)}';\n",
    "wallet.py": lambda m: f'seed_phrase: str = "{_words(m)}"\n'.replace(": str", ""),
    "wallet.txt": lambda m: f"Recovery words: {_words(m)}\n",
    # Pieces.
    "adjacent.py": lambda m: f'T = ("{_two(m, chr(34) + chr(10) + "     " + chr(34))}")\n',
    "added.js": lambda m: f'const t = "{_two(m, chr(34) + " + " + chr(34))}";\n',
    "added_lines.java": lambda m: f'String t = "{_two(m, chr(34) + chr(10) + "    + " + chr(34))}";\n',
    "dotted.php": lambda m: f"<?php $t = '{_two(m, chr(39) + ' . ' + chr(39))}';\n",
    "short_first.js": lambda m: f"""const t = "sk_{"live"}_" + "{m(24)}";\n""",
    "continued.sh": lambda m: f"T={_two(m, chr(92) + chr(10))}\n",
    "tags.html": lambda m: f"<html><body><p>ordinary gh{'p_'}<b>{m(16)}</b>{m(20)}</p></body></html>\n",
    "invisible.txt": lambda m: "".join(
        f"token {_two(m, sign)} of it\n" for sign in "\u200b\u200c\u200d\u2060\ufeff\u00ad"
    ),
    "invisible_name.txt": lambda m: f"pass\u200bword: {m(14)}\n",
    "invisible_prefix.txt": lambda m: f"it is gh\u200bp_{m(36)} here\n",
    # Codes.
    "escapes.json": lambda m: f'{{"x": "{_escaped(m, chr(92) + "u{:04x}")}", "y": "ordinary words"}}\n',
    "escapes.py": lambda m: f"x = '{_escaped(m, chr(92) + 'x{:02x}')}'\n",
    "hex.py": lambda m: f"x = bytes.fromhex('{_in_code(m, _token(m).encode().hex())}')\n",
    "hex.txt": lambda m: f"data of it: {_in_code(m, _token(m).encode().hex())}\n",
    "base64.txt": lambda m: f"data of it: {_in_code(m, base64.b64encode(b'token=' + _token(m).encode()).decode())}\n",
    "base64.js": lambda m: (
        f"const t = Buffer.from('{_in_code(m, base64.b64encode(_token(m).encode()).decode())}', 'base64');\n"
    ),
    "password.txt.md": lambda m: (
        f"data: {_in_code(m, base64.b64encode(b'user=bob&password=' + m(14).encode()).decode())}\n"
    ),
    # Keys without their armour.
    "middle.txt": lambda m: "Some ordinary words first.\n" + "".join(f"{m(64)}\n" for _ in range(4)),
    "hex_key.txt": lambda m: f"An ordinary line of words.\n{_hex_key(m)}\n",
    "blanks.txt": lambda m: f"An ordinary line of words.\n{_spaced(m)}",
    # Declarations with a type, in any order.
    "declared.rs": lambda m: f'let password: &str = "{m(14)}";\nconst API_KEY: &\'static str = "{m(32)}";\n',
    "made.rs": lambda m: f'let password = String::from("{m(14)}");\nlet token: Option<&str> = Some("{m(32)}");\n',
    "declared.kt": lambda m: f'val password: String? = "{m(14)}"\nprivate const val API_KEY: String = "{m(32)}"\n',
    "declared.swift": lambda m: f'let password: String = "{m(14)}"\nlet apiKey : [UInt8]? = "{m(32)}"\n',
    "declared.ts": lambda m: (
        f'const password: string | undefined = "{m(14)}";\nlet apiKey: Readonly<string> = "{m(32)}";\n'
    ),
    "declared.go": lambda m: f'var password string = "{m(14)}"\nconst apiKey string = `{m(32)}`\n',
    "bytes.go": lambda m: f'var password []byte = []byte("{m(14)}")\n',
    "declared.zig": lambda m: f'const password: []const u8 = "{m(14)}";\n',
    "declared.pas": lambda m: f"var Password: string = '{m(14)}';\n",
    "declared.vb": lambda m: f'Dim password As String = "{m(14)}"\n',
    "declared.sql": lambda m: f"DECLARE @password nvarchar(50) = '{m(14)}';\n",
    "column.sql": lambda m: f"CREATE TABLE t (password varchar(50) NOT NULL DEFAULT '{m(14)}');\n",
    "declared.py": lambda m: (
        f'password: str | None = "{m(14)}"\ntoken: Annotated[str, Option(...)] = "{m(32)}"\n'
        f'api_key: SecretStr = SecretStr("{m(32)}")\npassword: str = Field(default="{m(14)}", min_length=8)\n'
    ),
    # Options with a default.
    "options.py": lambda m: (
        f'parser.add_argument("--password", default="{m(14)}")\n'
        f'parser.add_argument(\n    "-p",\n    "--db-password",\n    type=str,\n    default="{m(14)}",\n)\n'
        f"@click.option('--api-key', '-k', help='its key', show_default=True, default='{m(32)}')\n"
        f'password: str = typer.Option("{m(14)}", "--password")\n'
    ),
    "options.js": lambda m: f"yargs.option('password', {{ type: 'string', default: '{m(14)}' }})\n",
    # Over several lines.
    "letters.yaml": lambda m: f"db:\n  password: >-\n    {_letters(m)}\nother: ordinary\n",
    "letters.csv": lambda m: f"user,password\nroot,{_letters(m)}\n",
    "below.toml": lambda m: f"password = \"\"\"\n{m(14)}\"\"\"\napi_key = '''\\\n  {m(32)}'''\n",
    "below.js": lambda m: f"const password = `\n  {m(14)}`;\n",
    "here.tf": lambda m: f"db_password = <<-EOT\n  {m(14)}\nEOT\n",
    "here.php": lambda m: f"<?php $password = <<<'EOT'\n{m(14)}\nEOT;\n",
    # Commands.
    "configure.sh": lambda m: (
        f"aws configure set aws_secret_access_key {m(40)}\ngit config --global proxy.password {m(14)}\n"
        f'dotnet user-secrets set "Db:Password" "{m(14)}"\nredis-cli CONFIG SET requirepass {m(14)}\n'
    ),
    "secure.ps1": lambda m: (
        f'$c = ConvertTo-SecureString "{m(14)}" -AsPlainText -Force\n'
        f"ConvertTo-SecureString -AsPlainText -String '{m(14)}' -Force\n"
        f'$d = "{m(14)}" | ConvertTo-SecureString -AsPlainText -Force\n'
    ),
    "httpie.sh": lambda m: (
        f"http -a bob:{m(14)} https://x.example\nhttps POST x.example/y --auth=bob:{m(14)}\n"
        f"xh -a bob:{m(14)} x.example\n"
    ),
    "commands.sh": lambda m: (
        f"redis-cli -h x -a {m(14)} ping\ndocker login -u bob -p {m(14)} x.example\nsmbclient //a/b -U bob%{m(14)}\n"
        f"lftp -u bob,{m(14)} x.example\nopenssl rsa -in k -passin pass:{m(14)}\nldapsearch -x -D cn=a -w {m(14)}\n"
    ),
    # Comparisons.
    "compared.py": lambda m: f'if "{m(14)}" == password: pass\nassert "{m(32)}" != config.api_key\n',
    "compared.js": lambda m: f"if (password === '{m(14)}') f();\nif ('{m(14)}' !== user.password) g();\n",
    "Compared.java": lambda m: f'if ("{m(14)}".equals(password) || password.equals("{m(14)}")) f();\n',
    "compared.c": lambda m: f'if (strcmp(password, "{m(14)}") == 0 || !strcmp("{m(14)}", password)) f();\n',
    "compared.ps1": lambda m: f'if ($password -eq "{m(14)}") {{ f }}\n',
    # Comments of code, pairs, spaces that are none.
    "comment.py": lambda m: f"# old pw: {m(14)}\n# password = {m(14)}\nx = 1  # api key: {m(32)}\n",
    "comment.js": lambda m: f"// password: {m(14)}\n/*\n * api key = {m(32)}\n */\n",
    "comment.sql": lambda m: f"-- password: {m(14)}\nselect 1;\n",
    "list.json": lambda m: f'[["password", "{m(14)}"], ["mode", "ordinary"]]\n',
    "map.cpp": lambda m: f'std::map<S, S> m = {{{{"password", "{m(14)}"}}}};\n',
    "spaces.py": lambda m: "".join(f'password{sign}={sign}"{m(14)}"\n' for sign in "\u00a0\u2007\u2009\u202f\u3000"),
    "padded.yaml": lambda m: f"password: {m(14)}==\napi_key: {m(32)}=\n",
    # Keys in pieces and in codes, tokens in URLs.
    "split.py": lambda m: _split_key(m, '"-----BEGIN"+" PRIV' + 'ATE KEY-----",', '"{}",\n'),
    "split_words.js": lambda m: _split_key(m, "'-----BEGIN RSA PRI' + 'VATE ' + 'KEY' + '-----\\n' +", "'{}\\n' +\n"),
    "split.go": lambda m: _split_key(m, '"-----BEGIN EC " +\n\t"PRIV' + 'ATE KEY-----\\n" +', '\t"{}\\n" +\n'),
    "pem_hex.txt": lambda m: f"An ordinary line of words.\nkey={_hex_pem(m, '{:02x}', '', 2000)}\n",
    "pem_hex_lines.py": lambda m: f'K = bytes.fromhex("""\n{_hex_pem(m, "{:02X}", "", 32)}\n""")\n',
    "pem_bytes.c": lambda m: f"const char key[] = {{\n{_hex_pem(m, '0x{:02x}', ', ', 12)}\n}};\n",
    "pem_dump.txt": lambda m: f"An ordinary line of words.\n{_hex_pem(m, '{:02x}', ' ', 16)}\n",
    "pem_colons.txt": lambda m: f"An ordinary line of words.\n{_hex_pem(m, '{:02x}', ':', 16)}\n",
    "pem_escapes.py": lambda m: f"K = b'{_hex_pem(m, chr(92) + 'x{:02x}', '', 2000)}'\n",
    "openssh.py": lambda m: 'K = """\nb3BlbnNza' + f'C1rZXktdjEAAAAA{m(55)}\n{m(70)}\n{m(70)}\n"""\n',
    "url.md": lambda m: f"Open https://x.example/?t={_percent(m)}&x=1 and wait.\n",
    "url.js": lambda m: f'get("https://x.example/?t={_percent(m)}&q=user%3Dbob%26password%3D{m(14)}")\n',
}
