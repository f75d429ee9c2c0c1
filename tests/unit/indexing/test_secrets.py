"""Secrets are never indexed: by name, and by what a file shows."""

from __future__ import annotations

import pytest

from agent_brain_server.indexing.secrets import holds_private_key, is_secret_directory, is_secret_name

BODY = b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".ENV", ".env.local", ".env.agent-brain", "prod.env", "server.pem", "Server.PEM", "tls.key", "id_rsa",
        "id_rsa.pub", "id_ed25519_work", "cert.p12", "cert.pfx", "store.jks", "release.keystore", "credentials",
        "credentials.json", ".netrc", ".npmrc", ".pypirc", ".htpasswd", "passwords.kdbx", "secrets.yml", "Secrets.YAML",
        "secrets.json", "secrets.toml", "my-service-account.json", "service_account_prod.json", "client_secret_12.json",
        "terraform.tfstate", "terraform.tfstate.backup", ".git-credentials", ".pgpass", "kubeconfig",
    ],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        ".env.example", ".env.sample", ".env.template", "environment.py", "env.py", "credentials.py", "secrets.py",
        "secrets.md", "key.py", "pem.go", "keystore.java", "monkey", "service_account.py", "main.tf", "netrc.c", "a",
    ],
)  # fmt: skip
def test_names_that_are_taken(name: str) -> None:
    assert not is_secret_name(name)


def test_directories_of_keys_are_refused() -> None:
    assert is_secret_directory(".ssh")
    assert is_secret_directory(".AWS")
    assert not is_secret_directory("ssh")


@pytest.mark.parametrize("kind", [b"", b"RSA ", b"EC ", b"OPENSSH ", b"ENCRYPTED "])
def test_a_private_key_is_seen(kind: bytes) -> None:
    marker = b"-----BEGIN " + kind + b"PRIVATE KEY-----"
    assert holds_private_key(marker + b"\n" + BODY)
    assert holds_private_key(b"key: |\n    " + marker + b"\r\n    " + BODY)
    assert holds_private_key(b'KEY = "' + marker + b"\\n" + BODY + b'"')
    assert holds_private_key(b'KEY = (\n  "' + marker + b'\\n"\n  "' + BODY + b'"\n)')
    assert holds_private_key(b"x" * 100 + marker + b"\n"), "the rest may lie beyond the head"


def test_armour_with_headers_is_a_private_key() -> None:
    assert holds_private_key(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + BODY)
    assert holds_private_key(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n" + BODY)
    assert holds_private_key(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + BODY)


def test_code_and_text_about_keys_are_not_keys() -> None:
    assert not holds_private_key(b"-----BEGIN PUBLIC KEY-----\n" + BODY)
    assert not holds_private_key(b'if text.startswith("-----BEGIN PRIVATE KEY-----"):\n    return parse(text)\n')
    assert not holds_private_key(b"Paste what begins with -----BEGIN PRIVATE KEY----- and then save the file.\n")
