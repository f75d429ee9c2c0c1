"""What a PostgreSQL server says while a connection is made: there is no code, and it may be in another language."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest

from agent_brain_server.errors import StorageError, StorageLoginError, StorageLostError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.failures import is_lost, translate

CONFIG = PostgresConfig(user="brain")
AT = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


class Refused(psycopg.OperationalError):
    """As psycopg raises it after it has sent a password, or not."""

    def __init__(self, said: str, used_password: bool) -> None:
        super().__init__(f"{AT}{said}")
        self._driver = SimpleNamespace(used_password=used_password)

    @property
    def pgconn(self) -> object:  # type: ignore[override]
        return self._driver


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  password authentication failed for user "brain"',
        "FATAL:  Passwort-Authentifizierung für Benutzer »brain« fehlgeschlagen",
        'ВАЖНО:  пользователь "brain" не прошёл проверку подлинности (по паролю)',
        '致命的エラー:  ユーザー"brain"のパスワード認証に失敗しました',
    ],
)
def test_a_wrong_password_is_one_in_every_language(said: str) -> None:
    error = Refused(said, used_password=True)
    assert isinstance(translate(error, CONFIG), StorageLoginError)
    assert not is_lost(error)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('FATAL:  database "brain" does not exist', "has no database"),
        ('FATAL:  permission denied for database "brain"', "does not let brain do this"),
    ],
)
def test_what_lasts_is_not_tried_again(said: str, expected: str) -> None:
    error = Refused(said, used_password=True)
    assert expected in str(translate(error, CONFIG))
    assert not is_lost(error)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("FATAL:  the database system is starting up", "the database system is starting up"),
        ("FATAL:  das Datenbanksystem startet", "das Datenbanksystem startet"),
        ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", "refused"),
        ("server closed the connection unexpectedly", "connection lost"),
        ("No route to host", "No route to host"),
    ],
)
def test_what_may_pass_is_tried_again_and_named(said: str, reason: str) -> None:
    error = Refused(said, used_password=False)
    assert is_lost(error)
    sentence = translate(error, CONFIG)
    assert isinstance(sentence, StorageLostError)
    assert f"does not answer ({reason}" in str(sentence) or f"{reason})" in str(sentence)


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    error = Refused("SSL error: certificate verify failed", used_password=False)
    assert not is_lost(error)
    assert isinstance(translate(error, CONFIG), StorageError)
