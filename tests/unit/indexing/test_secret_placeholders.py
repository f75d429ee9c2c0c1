"""What only looks like a secret in a declaration, an option, a comparison, a comment or a command stays searchable."""

from __future__ import annotations

import time

import pytest

from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.secrets import mask_file
from support.secret_kinds import Maker, dashes

PLACEHOLDERS = {
    "declared.rs": 'let password: &str = "changeme";\nlet token: Option<String> = Some(read_token(1)?);\n'
    'fn f(password: &str, host: &str) -> bool { host == "db-host-1.example2" }\n',
    "declared.kt": 'val password: String = System.getenv("PASSWORD2_OF")\n'
    'fun f(token: String, name: String = "Name4You2") {}\n',
    "declared.ts": 'const password: string | undefined = "<password>";\nconst token: Token<"Bearer9Kind"> = make();\n',
    "declared.py": 'password: str = os.environ["PASSWORD1_X2"]\npassword: str = Field(default="example")\n'
    'def f(password: str, name: str = "Name4You2") -> None: ...\n',
    "declared.go": 'var password string = os.Getenv("DB_PASSWORD2x")\n'
    'type T struct {\n\tPassword string `json:"pw2"`\n}\n',
    "declared.sql": "CREATE TABLE t (password varchar(50) NOT NULL DEFAULT '', token text DEFAULT 'none');\n",
    "options.py": 'parser.add_argument("--password", default=None, help="asked for; 8 letters")\n'
    'parser.add_argument("--password", default="changeme")\n'
    'parser.add_argument("--password")\nf(default="Name4You2x")\n',
    "words.yaml": "password: >-\n  aPasswordWithManyWordsInCamelCase\ntoken: getPasswordResetTokenFromHeader\n",
    "below.toml": 'password = """\nchangeme"""\n',
    "here.tf": "db_password = <<EOT\n${var.password}\nEOT\n",
    "configure.sh": "aws configure set aws_secret_access_key $SECRET\ngit config user.password <password>\n",
    "secure.ps1": 'ConvertTo-SecureString "$password" -AsPlainText\nConvertTo-SecureString $text2Secret -AsPlainText\n',
    "httpie.sh": "http -a user:password https://x\nhttp -a $USER:$PASSWORD x\nhttp GET https://x:8080/a1b2c3d4\n",
    "compared.py": 'if "changeme" == password: pass\nif kind == "Name4You2x" and "required" != token: pass\n'
    'assert compare(name, "Name4You2x") and password == ""\n',
    "comment.py": "# password: the one that was given, see make_password()\n# token = self.token2.value9\n# pw: none\n"
    "# secret key: see settings.SECRET_KEY2\n# api key: [A-Z0-9]{20}\n",
    "pairs.json": '[["password", "required"], ["password", "passwordConfirm2"], ["password", "a1b2c3d4e5", "c"]]\n',
    "spaces.py": 'password\u00a0=\u00a0"changeme"\ns = "\u201cthe password\u201d of \u201cName4You2x\u201d"\n',
    "bytes.c": "const char k[] = {0x42, 0x45, 0x47, 0x49, 0x4e, 0x20, 0x43, 0x45, 0x52};\n",
    "certificate.txt": "An ordinary line of words.\n"
    + ("-----BEGIN CERTIFICATE-----\n" + "Ab1+" * 99).encode().hex()
    + "\n",
    "armour.py": f'HEAD = "-----BEGIN" + "{dashes("BEGIN", "PRIVATE")[10:]}"\n'
    "if HEAD in text:\n    return load(text)\n",
    "openssh.py": 'MAGIC = b"b3BlbnNzaC1rZXktdjEA"\nif data.startswith(MAGIC):\n    return load(data)\n',
    "url.md": "See https://x.example/?q=a%20b%2Fc%5Fd%3Dtoken%26password%3Drequired&x=100%25 of it.\n",
}


@pytest.mark.parametrize("path", PLACEHOLDERS)
def test_placeholders_calls_and_types_stay_as_they_are(path: str) -> None:
    text = PLACEHOLDERS[path]
    assert mask_file(path, detect_language(path), text).text == text


def test_a_masked_declaration_keeps_the_rest_of_its_line() -> None:
    text = f'let password: &str = "{Maker(7)(14)}"; // of the test server\n'
    masked = mask_file("a.rs", "rust", text).text
    assert masked == 'let password: &str = "MASKED_PASSWORD"; // of the test server\n'


def test_a_key_in_hex_keeps_the_numbers_of_its_lines() -> None:
    lines = [line.encode().hex() for line in Maker(8).pem().splitlines()]
    text = "An ordinary line of words.\n" + "\n".join(lines) + "\nThe last line.\n"
    masked = mask_file("a.txt", "text", text)
    assert masked.text.count("\n") == text.count("\n")
    assert masked.text.endswith("\nThe last line.\n")
    assert set(masked.kinds) <= {"private key", "encoded secret"}


PIECES = [
    'add_argument("--password", ', "add_argument('--password', a, ", "password: a::", "password: &'a ", "password: [",
    "password: <", '"abc" == password ', "'abc' ", "strcmp(password, ", 'strcmp("a", password', '["password", ',
    "# password: a1b2", "/* ", "http ", "http -a a:", "redis-cli ", "ldap", "lftp ", "docker login ",
    "smbclient -U a%", "convertto-securestring ", '"a" | ', "config set ", "config set password ", "secrets set a ",
    "%5F", "%41", "a%3D", "424547494e", "42 45 47 49 4e ", "0x42, 0x45, 0x47, 0x49, 0x4e, ", "BEGIN' + '",
    "BEGIN P' + 'R", '-----" + "', "b3BlbnNzaC1rZXktdjEA", 'password = """\n', "password = <<EOF\n",
    "password as string ", "\u00a0", "password varchar(50) ", "password = String::from(",
]  # fmt: skip


@pytest.mark.parametrize("language", ["text", "python"])
def test_the_time_is_linear_in_the_text(language: str) -> None:
    for piece in PIECES:
        small, large = (_seconds(piece * (size // len(piece)), language) for size in (5_000, 50_000))
        assert large < 60 * small + 1.0, piece


def _seconds(text: str, language: str) -> float:
    started = time.process_time()
    mask_file("a.txt", language, text)
    return time.process_time() - started
