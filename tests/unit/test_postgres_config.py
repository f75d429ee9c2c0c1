"""PostgreSQL's URL in both directions, what is refused, and that a password is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMED = TEXT.filter(bool)
HOSTS = st.one_of(
    st.sampled_from(
        ["localhost", "db.example.org", "10.0.0.1", "::1", "fe80::1%eth0", "2001:db8::7", "/run/postgresql"]
    ),
    st.ip_addresses().map(str),
    TEXT.map(lambda text: "/" + text.replace(",", "")),
)
CONFIGS = st.builds(
    PostgresConfig,
    host=HOSTS,
    port=st.integers(1, 65_535),
    database=NAMED,
    user=NAMED,
    password=TEXT,
    ssl_mode=st.sampled_from(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
)
TUNED = PostgresConfig(
    host="elsewhere",
    password="of-elsewhere",
    pool_size=3,
    pool_max=4,
    hnsw_m=8,
    hnsw_ef_construction=99,
    ssl_mode="require",
)
SECRET = "t0p/secret"


@given(CONFIGS)
def test_a_url_returns_the_connection_that_made_it(config: PostgresConfig) -> None:
    url = config.url()
    assert url.isascii()
    assert PostgresConfig.from_url(url) == config
    again = PostgresConfig.from_url(url, TUNED)
    assert again.url() == url
    assert (again.pool_size, again.pool_max, again.hnsw_m, again.hnsw_ef_construction) == (3, 4, 8, 99)


@given(CONFIGS.filter(lambda config: len(config.password.get_secret_value()) > 3))
def test_a_hidden_password_is_nowhere_in_the_url(config: PostgresConfig) -> None:
    hidden = config.url(hide_password=True)
    assert PostgresConfig.from_url(hidden) == config.with_password("***")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://", {}),
        ("postgres:///", {}),
        ("postgresql+asyncpg://db", {"host": "db"}),
        ("POSTGRESQL://db", {"host": "db"}),
        ("postgresql://db/shop", {"host": "db", "database": "shop"}),
        ("postgresql://ada@db:6000/", {"host": "db", "port": 6000, "user": "ada"}),
        ("postgresql://:pw@db", {"host": "db", "password": "pw"}),
        (
            "postgresql://a%40b:p%2Fq%3A%25@db/x%20y",
            {"host": "db", "user": "a@b", "password": "p/q:%", "database": "x y"},
        ),
        ("postgresql://u:p@ss:word@db", {"host": "db", "user": "u", "password": "p@ss:word"}),
        ("postgresql://[::1]:6000/x", {"host": "::1", "port": 6000, "database": "x"}),
        ("postgresql://[fe80::1%25eth0]", {"host": "fe80::1%eth0"}),
        ("postgresql:///shop?host=/run/postgresql", {"host": "/run/postgresql", "database": "shop"}),
        ("postgresql://u@/d?host=%2Frun&port=7", {"host": "/run", "port": 7, "user": "u", "database": "d"}),
        ("postgresql://%2Frun%2Fpostgresql/d", {"host": "/run/postgresql", "database": "d"}),
        ("postgresql://db?sslmode=verify-full", {"host": "db", "ssl_mode": "verify-full"}),
    ],
)
def test_left_out_parts_are_the_defaults(url: str, expected: dict[str, object]) -> None:
    assert PostgresConfig.from_url(url) == PostgresConfig.model_validate(expected)


def test_a_left_out_sslmode_is_not_weaker_than_the_configured_one() -> None:
    assert PostgresConfig.from_url("postgresql://db", TUNED).ssl_mode == "require"
    assert PostgresConfig.from_url("postgresql://db?sslmode=disable", TUNED).ssl_mode == "disable"


def test_the_password_goes_to_no_other_server_than_its_own() -> None:
    assert PostgresConfig.from_url("postgresql://db", TUNED).password.get_secret_value() == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("db/shop", "scheme"),
        (f"mysql://u:{SECRET}@db", "scheme"),
        ("postgresql+psycopg://db", "scheme"),
        (f"postgresql://u:{SECRET}@db/shop", "%2F"),
        ("postgresql://u:t0p?secret@db/shop", "%3F"),
        ("postgresql://u:12/t0psecret@db", "%2F"),
        ("postgresql://u:t0p#secret@db/shop", "%23"),
        ("postgresql://u:t0p%2Fsecret@db/x?connect_timeout=3", "connect_timeout"),
        ("postgresql://u:t0psecret@db?t0psecret%3D=1", "parameter"),
        ("postgresql://u:t0psecret@db1,db2/x", "second host"),
        ("postgresql://u:t0psecret@db1:1,db2:2/x", "second host"),
        ("postgresql://db1/x?host=db2", "second host"),
        ("postgresql:///x?host=/a,/b", "second host"),
        ("postgresql:///x?host=/a&host=/b", "second host"),
        ("postgresql://db:1/x?port=2", "second port"),
        ("postgresql://db:0", "port"),
        ("postgresql://db:65536", "port"),
        ("postgresql://db:-1", "port"),
        ("postgresql://db:٣", "port"),
        ("postgresql://db:1:2", "port"),
        ("postgresql://u:t0psecret", "port"),
        ("postgresql://::1/x", "port"),
        ("postgresql://[::1", "port"),
        ("postgresql://[no:t:an:address]", "host"),
        ("postgresql://d%20b", "host"),
        ("postgresql://db?sslmode=always", "sslmode"),
        ("postgresql://u%00:t0psecret@db", "user holds a NUL"),
        ("postgresql://u:t0psecret%00@db", "password holds a NUL"),
        ("postgresql://u:t0psecret\0@db", "password holds a NUL"),
        ("postgresql:///x%00", "database holds a NUL"),
        ("postgresql://%FF@db", "user is not UTF-8"),
    ],
)
def test_a_bad_url_is_refused_in_one_sentence_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        PostgresConfig.from_url(url, name="DATABASE_URL")
    sentence = str(caught.value)
    assert sentence.startswith("DATABASE_URL: ")
    assert reason in sentence
    assert "t0p" not in sentence
    assert "secret" not in sentence
    assert caught.value.__cause__ is None
    assert ". " not in sentence


@given(st.text().map(lambda text: f"postgresql://{text}"))
def test_any_text_is_read_or_refused(url: str) -> None:
    try:
        config = PostgresConfig.from_url(url)
    except SettingsError:
        return
    assert PostgresConfig.from_url(config.url()) == config


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"hots": "db"}, "hots"),
        ({"host": ""}, "host"),
        ({"host": "a,b"}, "host"),
        ({"host": "fe80::1%a,b"}, "host"),
        ({"host": "/run\0"}, "host"),
        ({"port": 0}, "port"),
        ({"database": ""}, "database"),
        ({"user": "a\0"}, "user"),
        ({"user": "\udcff"}, "user"),
        ({"password": "x\0"}, "password"),
        ({"password": "\udcff"}, "password"),
        ({"pool_size": 0}, "pool_size"),
        ({"pool_size": 21}, "pool_max"),
        ({"language": "english"}, "language"),
        ({"hnsw_m": 1}, "hnsw_m"),
        ({"hnsw_m": 101, "hnsw_ef_construction": 1000}, "hnsw_m"),
        ({"hnsw_ef_construction": 3}, "hnsw_ef_construction"),
        ({"hnsw_ef_construction": 1001}, "hnsw_ef_construction"),
        ({"hnsw_m": 50}, "hnsw_ef_construction"),
        ({"ssl_mode": "always"}, "ssl_mode"),
    ],
)
def test_a_bad_field_is_refused_by_name(fields: dict[str, object], name: str) -> None:
    with pytest.raises(ValidationError, match=name) as caught:
        PostgresConfig.model_validate({"password": SECRET, **fields})
    assert SECRET not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    config = PostgresConfig(password=SECRET)
    for shown in (
        repr(config),
        str(config),
        config.model_dump_json(),
        str(config.model_dump()),
        config.url(hide_password=True),
    ):
        assert SECRET not in shown
        assert "t0p%2Fsecret" not in shown
    assert "t0p%2Fsecret" in config.url()


def test_which_urls_are_postgresql() -> None:
    assert all(
        is_postgres_url(f"{scheme}://x") for scheme in ("postgresql", "postgres", "Postgres", "postgresql+asyncpg")
    )
    assert not any(
        is_postgres_url(url) for url in ("", "sqlite:///x", "mysql://x", "postgresqlx://x", "x://postgres://")
    )
