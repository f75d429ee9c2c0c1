"""The connection to PostgreSQL, and its URL in both directions."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Annotated, Literal, NoReturn, Self, get_args
from urllib.parse import quote, unquote

from annotated_types import Interval, MinLen
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.validation import reason

FORM = "postgresql://user:password@host:port/database?sslmode=prefer"
SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
_CONNECTION = {"host", "port", "database", "user", "password"}
_PARAMETERS = ("host", "port", "sslmode")
_PLACE = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)
_HOST_NAME = re.compile(r"[^\s,/?#@:%\[\]]+")


class PostgresConfig(BaseModel):
    """The connection, the pool and the indexes of the PostgreSQL backend. The password is never shown.

    `host` is a name, an address or the directory of a Unix socket. `language` is the text search configuration: terms
    are made by our own tokenizer, so that only "simple" keeps them as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="a name, an address, or the directory of a Unix socket")
    port: Annotated[int, Interval(ge=1, le=65_535)] = Field(5432, description="where PostgreSQL listens")
    database: Annotated[str, MinLen(1)] = Field("agent_brain", description="must be there; its tables are made")
    user: Annotated[str, MinLen(1)] = Field("agent_brain", description="who logs in")
    password: SecretStr = Field(SecretStr(""), description="better in `POSTGRES_PASSWORD`, see below")
    pool_size: Annotated[int, Interval(ge=1, le=1_000)] = Field(10, description="connections that are kept open")
    pool_max: Annotated[int, Interval(ge=1, le=1_000)] = Field(
        20, description="connections at most, at least `pool_size`"
    )
    language: Literal["simple"] = Field(
        "simple",
        description="the text search configuration; no other is possible, since terms are made by our own tokenizer",
    )
    hnsw_m: Annotated[int, Interval(ge=2, le=100)] = Field(16, description="links of a vector in the index")
    hnsw_ef_construction: Annotated[int, Interval(ge=4, le=1_000)] = Field(
        64, description="how thoroughly the index is built, at least twice `hnsw_m`"
    )
    ssl_mode: SslMode = Field("prefer", description="how much encryption is asked for, as in libpq's `sslmode`")
    _start_command: str = PrivateAttr("")

    @field_validator("host")
    @classmethod
    def _one_host(cls, host: str) -> str:
        known = host.startswith("/") or _HOST_NAME.fullmatch(host) or _is_ipv6(host)
        if not known or "," in host:
            raise ValueError("must be one host name, one address or the directory of a Unix socket")
        return host

    @field_validator("host", "database", "user", "password")
    @classmethod
    def _can_be_sent(cls, value: str | SecretStr) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("must be UTF-8 text without NUL")
        return value

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if self.pool_max < self.pool_size:
            raise ValueError("pool_max must not be less than pool_size")
        if self.hnsw_ef_construction < 2 * self.hnsw_m:
            raise ValueError("hnsw_ef_construction must be at least twice hnsw_m")
        return self

    @classmethod
    def from_url(cls, url: str, base: PostgresConfig | None = None, *, name: str = "PostgreSQL URL") -> PostgresConfig:
        """Return what `url` says. The parts that it leaves out are the defaults; the tuning, and a left out
        `sslmode`, are those of `base`.

        Raise SettingsError, which calls the URL `name` and never repeats what may be a password.
        """
        try:
            connection = _connection(url)
            tuning = {} if base is None else base.model_dump(exclude=_CONNECTION)
            found = cls.model_validate({**tuning, **connection})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise SettingsError(f"{name}: its {first['loc'][0]}{reason(first)}.") from None
        except ValueError as error:
            raise SettingsError(f"{name}: {error} (the form is {FORM}).") from None
        is_same = base is not None and (found.host, found.port) == (base.host, base.port)
        return found.started_by(base.start_command) if is_same and base is not None else found

    @property
    def start_command(self) -> str:
        """Return what a person runs to start this server; empty where it is unknown."""
        return self._start_command

    def started_by(self, command: str) -> PostgresConfig:
        """Return the same, which `command` starts."""
        known = self.model_copy()
        known._start_command = command  # noqa: SLF001  of this class
        return known

    def with_password(self, password: str) -> PostgresConfig:
        """Return the same with another password."""
        return self.model_validate({**self.model_dump(), "password": password}).started_by(self.start_command)

    def url(self, *, hide_password: bool = False) -> str:
        """Return the connection as `postgresql://…`, which `from_url` reads again; a hidden password is `***`."""
        secret = quote(self.password.get_secret_value(), safe="")
        shown = "***" if hide_password else secret
        login = quote(self.user, safe="") + (f":{shown}" if secret else "")
        database = quote(self.database, safe="")
        if self.host.startswith("/"):
            place = f"host={quote(self.host)}&port={self.port}"
            return f"postgresql://{login}@/{database}?{place}&sslmode={self.ssl_mode}"
        host = f"[{quote(self.host, safe=':')}]" if ":" in self.host else quote(self.host, safe="")
        return f"postgresql://{login}@{host}:{self.port}/{database}?sslmode={self.ssl_mode}"


def is_postgres_url(url: str) -> bool:
    """Return whether the scheme of `url` is one of PostgreSQL's."""
    return url.partition("://")[0].lower() in _SCHEMES


def _is_ipv6(host: str) -> bool:
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def _connection(url: str) -> dict[str, str]:
    """Return the fields that a URL names, decoded. Raise ValueError with a clause that says what is wrong."""
    if not is_postgres_url(url):
        raise ValueError("its scheme is not postgresql://")
    rest = url.partition("://")[2]
    if "#" in rest:
        raise ValueError("a # in it must be written %23")
    rest, _, query = rest.partition("?")
    authority, _, database = rest.partition("/")
    if "@" in database or "@" in query:
        raise ValueError("an @, / or ? in a name or password must be written %40, %2F or %3F")
    login, _, place = authority.rpartition("@")
    user, _, password = login.partition(":")
    host, port = _host_and_port(place)
    found = {"user": user, "password": password, "host": host, "port": port, "database": database}
    for key, value in _parameters(query).items():
        if found.get(key):
            raise ValueError(f"it names a second {key}")
        found[key] = value
    return _checked({key: _decoded(key, value) for key, value in found.items() if value})


def _host_and_port(place: str) -> tuple[str, str]:
    if "," in place:
        raise ValueError("it names a second host, and only one can be used")
    match = _PLACE.fullmatch(place)
    if match is None:
        _bad_port()
    host, port = match.group(1), match.group(2) or ""
    return host.removeprefix("[").removesuffix("]"), port


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        if key not in _PARAMETERS:
            shown = f" {key}" if re.fullmatch(r"[a-zA-Z_]{1,40}", key) else ""
            raise ValueError(f"its parameter{shown} is not known; known are {', '.join(_PARAMETERS)}")
        if key in found:
            raise ValueError(f"it names a second {key}")
        found[key] = value
    return found


def _decoded(key: str, value: str) -> str:
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"its {key} is not UTF-8") from None
    if "\0" in text:
        raise ValueError(f"its {key} holds a NUL")
    return text


def _checked(found: dict[str, str]) -> dict[str, str]:
    if "," in found.get("host", ""):
        raise ValueError("it names a second host, and only one can be used")
    port = found.get("port", "1")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65_535):
        _bad_port()
    mode = found.pop("sslmode", "")
    if mode and mode not in get_args(SslMode):
        raise ValueError(f"its sslmode is none of {', '.join(get_args(SslMode))}")
    return found | ({"ssl_mode": mode} if mode else {})


def _bad_port() -> NoReturn:
    raise ValueError("its port is not a number from 1 to 65535")
