"""Writes docs/configuration.md from the server's settings model: `python docs/make_configuration.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from agent_brain_contract.defaults import DEFAULT_STORAGE_URL
from agent_brain_server.settings.model import Settings
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.settings.sources import HARMLESS

PAGE = Path(__file__).with_name("configuration.md")
_FROM_COMMAND_LINE = "project_root"

TEXT = """\
# Configuration

Nothing needs to be configured. A setting may be in several places; the first of these that has it wins:

1. a flag of the command, where it has one
2. the environment
3. `.env.agent-brain` in the project's root, readable by you alone: the place for secrets
4. `.env` in the project's root, for {harmless} alone; all else in it is left alone
5. `.claude/agent-brain/config.yaml`
6. the default

The files in the project decide alone only what is harmless. An address to which text goes (`embedding.base_url`), a
place of the index outside the project (`storage.*`, `DATABASE_URL`), a folder outside and the token count once you have
accepted them in `agent-brain setup`. The record of it is kept outside the project, in `$XDG_STATE_HOME/agent-brain/`
(`~/.local/state/agent-brain/`). Flags and the environment are your own and need no record. A value that differs from
the record stops every command with one sentence. `${{…}}` in a file means itself. A file of these that git tracks is
refused. [Security](security.md) says why.

An unknown setting, or a value that cannot be used, stops the start with its name. [`agent-brain doctor`](doctor.md)
says where each setting that is not the default comes from, and names all that are wrong. A setting takes effect when
the server starts: `agent-brain stop`, then `agent-brain start`.

| `config.yaml` | environment | default | what | may be |
|---|---|---|---|---|
{settings}

In `config.yaml` the part before the dot is a section:

```yaml
idle_stop_minutes: 0
index:
  watch: false
```

## PostgreSQL

There are two ways to choose it. A URL says all in one line, and wins:

```text
AGENT_BRAIN_STORAGE_URL=postgresql://user:password@host:5432/database?sslmode=require
```

Or the section `storage.postgres` of `config.yaml`, which may be empty (`{{}}`). What it leaves out is the default:

| in `storage.postgres` | default | what | may be |
|---|---|---|---|
{postgres}

With a URL, the section still gives the pool and the index their sizes, and `ssl_mode` where the URL has no `sslmode`.

- In a URL, write `%40` for an `@` in a name or password, `%2F` for a `/`, and so on (percent-encoding). IPv6 addresses
  are in brackets (`[::1]`), a Unix socket is named by its directory
  (`postgresql:///database?host=/run/postgresql`). The parameters `host`, `port` and `sslmode` are known, any other is
  refused. `postgres://` and `postgresql+asyncpg://` mean the same.
- `DATABASE_URL`, in the environment or in `.env.agent-brain`, takes the place of `host`, `port`, `database`, `user` and
  `password` of the section. Alone it chooses nothing: it often belongs to your own application.
- `POSTGRES_PASSWORD`, in the environment or in `.env.agent-brain`, is the password where none is given.
- `POSTGRES_SUPERUSER_PASSWORD` in `.env.agent-brain` is for `agent-brain db` and the container that setup makes
  ([database.md](database.md)); the server does not use it.
- Both are left alone in the project's own `.env`.
"""


def page() -> str:
    """Return the whole page."""
    return TEXT.format(
        harmless=", ".join(f"`AGENT_BRAIN_{name.replace('.', '_').upper()}`" for name in HARMLESS),
        settings="\n".join(_setting_rows()),
        postgres="\n".join(_row([f"`{name}`"], field) for name, field in PostgresConfig.model_fields.items()),
    )


def _setting_rows() -> Iterator[str]:
    for name, field in _fields(Settings):
        variable = f"AGENT_BRAIN_{name.replace('.', '_').upper()}"
        yield _row([f"`{name}`", f"`{variable}`"], field, DEFAULT_STORAGE_URL if name == "storage.url" else None)


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every setting by its path in config.yaml."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, f"{prefix}{name}.")
        elif name != _FROM_COMMAND_LINE:
            yield prefix + name, field


def _row(names: list[str], field: FieldInfo, default: str | None = None) -> str:
    if not field.description:
        raise ValueError(f"{names[0]} has no description: add one to its Field.")
    cells = [*names, _code(field.default if default is None else default), field.description, _values(field)]
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def _code(value: Any) -> str:
    if isinstance(value, SecretStr) or value in (None, ""):
        return ""
    return f"`{[*value]}`".replace("'", '"') if isinstance(value, tuple) else f"`{value}`"


def _values(field: FieldInfo) -> str:
    """Return what the model accepts, where that is a list of words or a range."""
    kinds = [field.annotation, *get_args(field.annotation)]
    for kind in kinds:
        if get_origin(kind) is Literal:
            words = [f"`{word}`" for word in get_args(kind)]
            return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    bounds = [*field.metadata, *(bound for kind in kinds for bound in getattr(kind, "__metadata__", ()))]
    return _range([part for bound in bounds for part in _parts(bound)])


def _parts(bound: Any) -> list[Any]:
    return list(bound) if isinstance(bound, Interval) else [bound]


def _range(bounds: list[Any]) -> str:
    low = next((f"{bound.ge:,}" for bound in bounds if isinstance(bound, Ge)), "")
    above = next((f"more than {bound.gt:,}" for bound in bounds if isinstance(bound, Gt)), "")
    high = next((f"{bound.le:,}" for bound in bounds if isinstance(bound, Le)), "")
    below = next((f"less than {bound.lt:,}" for bound in bounds if isinstance(bound, Lt)), "")
    if low and high:
        return f"{low} to {high}"
    upper = below or (f"up to {high}" if high else "")
    return ", ".join(filter(None, [f"{low} or more" if low else above, upper]))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
