"""Secrets are never indexed: by name, by what a file shows, and place by place in what is indexed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest, prepare_file
from agent_brain_server.indexing.secrets import (
    is_secret_directory,
    is_secret_name,
    is_secret_path,
    mask_file,
    mask_text,
    masked_kinds,
)
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from support.brain import write_files
from support.secret_kinds import Maker, dashes, secret_kinds

PUBLIC = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo"
SHOWN = 10
"""So many characters of a secret in a row must not be seen."""


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".ENV", ".env.local", ".env.agent-brain", "prod.env", "server.pem", "Server.PEM", "tls.key", "id_rsa",
        "id_rsa.pub", "id_ed25519_work", "cert.p12", "cert.pfx", "store.jks", "release.keystore", "credentials",
        "credentials.json", ".netrc", ".npmrc", ".pypirc", ".htpasswd", "passwords.kdbx", "secrets.yml", "Secrets.YAML",
        "secrets.json", "secrets.toml", "my-service-account.json", "service_account_prod.json", "client_secret_12.json",
        "terraform.tfstate", "terraform.tfstate.backup", ".git-credentials", ".pgpass", "kubeconfig",
        "creds.txt", "env.txt", "logins.txt", ".dev.vars", "rsa.priv", "key.asc", "deploy_key", "dotenv.prod",
        "app.env.json", ".env.py",
        ".env.bak", ".env~", "credentials.json.old", ".bash_history", "prod.tfvars", "wg0.conf",
    ],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        ".env.example", ".env.sample", ".env.template", "environment.py", "env.py", "credentials.py", "secrets.py",
        "secrets.md", "key.py", "pem.go", "keystore.java", "monkey", "service_account.py", "main.tf", "netrc.c", "a",
        "example.env", ".env.production.example", "terraform.tfvars.example", "history.py", "env.ts", "kubeconfig.go",
        "config.json", "hosts.yml", "token", "settings.xml", "id_rsa.py", "vault.go",
        "tokens.txt", ".flaskenv", "v1.2.3", "dotenv.py", "dotenv.js", "dotenv.go", "dotenv.md", "dotenv-config.ts",
        "prod.env.js", "jest.env.js", "test.env.ts", "passwords.md", "public-key.asc", "htpasswd", "keyboard.py",
    ],
)  # fmt: skip
def test_names_that_are_taken(name: str) -> None:
    assert not is_secret_name(name)


def test_names_that_are_stores_in_their_directory_alone() -> None:
    assert is_secret_path("/p/.docker/config.json", "config.json")
    assert is_secret_path("/p/.docker/config.json.bak", "config.json.bak")
    assert not is_secret_path("/p/src/config.json", "config.json")
    assert is_secret_path("/p/.config/gh/hosts.yml", "hosts.yml")
    assert not is_secret_path("/p/ansible/hosts.yml", "hosts.yml")


def test_directories_of_keys_are_refused() -> None:
    assert is_secret_directory(".ssh")
    assert is_secret_directory(".AWS")
    assert not is_secret_directory("ssh")
    assert is_secret_directory("gcloud", "/home/joe/.config/gcloud")
    assert not is_secret_directory("gcloud", "/home/joe/src/gcloud")


def test_a_name_that_shows_a_token_is_refused_and_not_shown() -> None:
    token = "gh" + "p_" + Maker(1)(36)
    assert is_secret_name(f"{token}.txt")
    assert is_secret_directory(token)
    assert token not in mask_text(f"a/{token}/b.py").text


@pytest.mark.parametrize("name", ["wp-config.php", "wp-config.php.bak", "tokens.txt", "passwords.md", ".flaskenv"])
def test_names_under_which_every_value_is_a_secret(name: str) -> None:
    assert "plainword" not in mask_file(name, "text", "An ordinary line of words.\nPASSWORD: plainword\n").text


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PreparedFile]:
    """Return what comes of reading those files of every kind that the walk finds."""
    root = tmp_path_factory.mktemp("kinds")
    write_files(root, {kind.path: kind.content for kind in secret_kinds()})
    found = FileTree(root, [Folder(".")], WalkLimits()).walk()
    return {entry.path: prepare_file(ReadRequest(entry, "", 1_000_000)) for entry in found.files}


def test_there_are_at_least_150_kinds() -> None:
    assert len(secret_kinds()) >= 150


def test_no_kind_of_secret_comes_through(prepared: dict[str, PreparedFile], subtests: pytest.Subtests) -> None:
    for kind in secret_kinds():
        with subtests.test(kind.path):
            file = prepared.get(kind.path)
            if file is None:
                assert kind.path.startswith("stores/")  # left out by its name
                continue
            text = repr(file)
            assert [piece for piece in kind.material if is_shown(piece, text)] == []
            assert not kind.keeps or (file.verdict == "indexed" and kind.keeps in text)


def is_shown(piece: str, text: str) -> bool:
    """Whether a stretch of `piece` is in `text`."""
    return any(piece[start : start + SHOWN] in text for start in range(max(1, len(piece) - SHOWN + 1)))


def test_lines_keep_their_numbers() -> None:
    m = Maker(2)
    text = f'a = 1\nKEY = """{m.pem()}"""\nTOKEN = "{"gh" + "p_" + m(36)}"\ndef last_line_of_it(): pass\n'
    masked = mask_file("a.py", "python", text)
    assert masked.text.count("\n") == text.count("\n")
    assert masked.text.split("\n")[-2] == text.split("\n")[-2]
    assert masked.kinds == {"private key": 1, "GitHub token": 1}
    assert masked_kinds(masked.note) == masked.kinds
    assert mask_file("a.py", "python", masked.text).text == masked.text


@pytest.mark.parametrize("kind", ["PRIVATE", "RSA PRIVATE", "EC PRIVATE", "OPENSSH PRIVATE", "ENCRYPTED PRIVATE"])
def test_a_file_that_is_a_key_is_left_out(kind: str) -> None:
    assert mask_file("a.txt", "text", Maker(3).pem(kind)).secret == "private key"


def test_code_and_text_about_keys_are_not_keys() -> None:
    begin, end = dashes("BEGIN", "PRIVATE"), dashes("END", "PRIVATE")
    for text in (
        f"-----BEGIN PUBLIC KEY-----\n{PUBLIC}\n-----END PUBLIC KEY-----\n",
        f'if text.startswith("{begin}"):\n    return parse(text)\nif "{end}" in text:\n    return None\n',
        f"Paste what begins with {begin} and then save the file.\n\nIt ends with {end}, as the tool says.\n",
        f'header = "{begin}"\nfooter = "{end}"\nreturn header + b64encode(key.private_bytes()).decode() + footer\n',
    ):
        assert mask_file("a.py", "python", text).text == text


NEGATIVES = {
    "package-lock.json": '{"integrity": "sha512-'
    + "Ab1+" * 21
    + 'Ab==", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"}',
    "go.sum": "example.com/a v1.0.0 h1:" + "aB3d" * 10 + "aB3=\n",
    "uuid.py": 'ID = "123e4567-e89b-12d3-a456-426614174000"\nDIGEST = "' + "0123456789abcdef" * 4 + '"\n',
    "image.html": '<p>words here</p><img src="data:image/png;base64,' + "iVBORw0KGgoAAAANSUhEUg" * 20 + '">\n',
    "bundle.min.js": "var a=e.token,b=t.password;c.secret=d.getSecret(e);f({password:g.value,apiKey:h.key,token:i})"
    * 20,
    "code.py": "password = get_password()\ntoken: str = config.token\nsecret_key = settings['SECRET_KEY']\n"
    'raise ValueError("password: must have 8 characters")\nkey = "primary-key-1"\n',
    ".env.example": "DB_PASSWORD=changeme\nAPI_KEY=your-api-key-here\nTOKEN=<token>\nSECRET=${SECRET}\n",
    "compose.yaml": "environment:\n  POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}\n  TOKEN: postgres\n",
    "ids.ts": 'primaryKey = "user_id_2024"\ncssToken = "--color-primary-500a"\n',
    "values.yaml": "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: db, key: password}\n"
    "- name: A\n  value: b2c4d6e8f\n",
    "variables.tf": 'variable "db_password" {\n  type = string\n}\nvariable "region" {\n  default = "eu-west-1"\n}\n',
    "insert.sql": "INSERT INTO users (name, password) VALUES (?, ?), ($1, $2), ('a', :password);\n",
    "options.md": "| option | password |\n|---|---|\n| `-p` | asked for |\n\nThe password is `required`. pw: yes\n",
    "seed.py": 'seed = "one of the words of a sentence that is in the code and has twelve"\nauth = ("read", "write")\n',
    "certificate.txt": "-----BEGIN CERTIFICATE-----\n" + ("Ab1+" * 16 + "\n") * 5 + "-----END CERTIFICATE-----\n",
    "digest.txt": "sha256 " + "0123456789abcdef" * 4 + "\nsha512-" + "Ab1+" * 21 + "Ab==\n",
    "join.kt": "onSecret { secret ->\n    val name = first(secret)\n    second(name, 1)\n}\n",
    "hex.py": 'from base64 import b64decode\nDATA = b64decode("'
    + "iVBORw0KGgoAAAANSUhEUg" * 5
    + '")\nx = "\\x41\\x42"\n',
    "openapi.yaml": "password:\n  type: string\n  format: password\ntoken: string\n",
    "doc.md": "Set `password: your-password`, `--token <token>` or `postgresql://user:password@localhost/x`.\n",
    "assembly.config": '<assemblyIdentity name="x" publicKeyToken="b77a5c561934e089" culture="neutral"/>\n',
    "package.json": '{"dependencies": {"js-tokens": "^4.0.0", "keytoken": "1.2.3"}, "max_tokens": 4096}\n',
    "i18n.json": '{"password": "Passwort eingeben", "forgot_password": "Mot de passe oublié ?"}\n',
}


@pytest.mark.parametrize("path", NEGATIVES)
def test_what_is_no_secret_stays_as_it_is(path: str) -> None:
    assert mask_file(path, "text" if path.endswith(".md") else _language(path), NEGATIVES[path]).text == NEGATIVES[path]
    assert not is_secret_name(path)


def _language(path: str) -> str:
    from agent_brain_server.indexing.reading.languages import detect_language

    return detect_language(path)


def test_the_time_is_linear_in_the_text() -> None:
    """Ten times as much text takes about ten times as long, not a hundred times, with anything repeated in it."""
    pieces = [
        dashes("BEGIN", "PRIVATE") + "\n", "-----BEGIN", "LS0tLS1CRUdJTi\n", "MIIABABA", "password=\"", "password = ",
        "://a:", ".eyJ", "ghp_", "a.", "login a password ", "curl -u ", "bearer ", "kind: Secret\ndata:\n a:\n",
        "x\\\"",
        "--token ", "- name: password\n", "{\"name\": \"password\", \"type\": \"a\", ", "variable \"password\" {",
        "a | password\n-|-\n", "insert into t (password, ", "insert into t (password) values ('a'), ",
        "insert into t (password) values ('a',", "copy t (a, password) from stdin;\n", "auth=('bob', ", "password(",
        "login(", "mnemonic = abc ", "abcd ", "seed: word ", "echo root:a ", "chpasswd <<< ", "password is ",
        "password: >\n", "password: |\n  a\n", "password\\\n", "password || ", "ghp_\"+\"", "ghp_\u200b", "\u200b",
        "\\x41", "\\u0041a", "hex ", "base64 " + "QUJD" * 9, "QUJD", "6768", "02010", "30820200020100", "A" * 64 + "\n",
        "Ab1+" * 16 + "\n", "BEGIN \n" + "Ab1+" * 48 + "\n", "M I ", "\u043f\u0430\u0440\u043e\u043b\u044c ", "senha: ",
        "session_id ",
    ]  # fmt: skip
    for piece in pieces:
        small, large = (_seconds(piece * (size // len(piece))) for size in (20_000, 200_000))
        assert large < 60 * small + 1.0, piece


def _seconds(text: str) -> float:
    started = time.process_time()
    mask_file("a.txt", "text", text)
    return time.process_time() - started


def test_random_text_never_fails() -> None:
    chance = random.Random(5)
    alphabet = "abAB01 \n\\\"'`:=-_/@.+{}[]()<>,;|&#$%ü\u0130\u202e"
    words = [
        "password",
        "token",
        "BEGIN PRIVATE KEY-----",
        "://",
        "eyJ",
        "AKIA",
        "ghp_",
        "kty",
        "kind: Secret",
        "data:",
        "M",
    ]
    for _ in range(2_000):
        text = "".join(chance.choice(words) if chance.random() < 0.2 else chance.choice(alphabet) for _ in range(200))
        masked = mask_file("a.yaml", "yaml", text)
        assert masked.secret or masked.text.count("\n") == text.count("\n")


def test_keystores_and_der_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a.bin2": b"\xfe\xed\xfe\xed" + bytes(60),
            "b.data": b"\x30\x82\x00\x40\x02\x01\x00\x30" + bytes(range(200)),
            "c.data": b"\x30\x82\x00\x40\x02\x01\x03\x30" + bytes(range(200)),
        },
    )
    found = FileTree(tmp_path, [Folder(".")], WalkLimits()).walk()
    kinds = [prepare_file(ReadRequest(entry, "", 10_000)) for entry in found.files]
    assert [(file.verdict, file.note) for file in kinds] == [
        ("secret", "Java keystore"),
        ("secret", "private key"),
        ("secret", "PKCS #12 store"),
    ]
