"""Precedence and refusals of the settings, and that docs/configuration.md names them all."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.consent import load_settings as load_accepted
from agent_brain_server.settings.model import DEFAULT_PORT, Settings
from agent_brain_server.settings.postgres import PostgresConfig
from support.consent import accept

ROOT = Path(__file__).parents[2]
CONFIG = ".claude/agent-brain/config.yaml"
ALIASES = "a: &a0 [x]\n" + "".join(f"a{level}: &a{level} [{f'*a{level - 1},' * 20}]\n" for level in range(1, 7))
SQLITE = "sqlite:///.claude/agent-brain/index.db"


def load_settings(project: Path, *, port: int | None = None) -> Settings:
    """The settings, once the person has accepted what the files say."""
    accept(project)
    return load_accepted(project, port=port)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENT_BRAIN_PORT", "DATABASE_URL", "POSTGRES_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).parent.mkdir(parents=True)
    return tmp_path


def test_each_place_wins_over_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(project).port == 8317
    (project / CONFIG).write_text("port: 1\n")
    assert load_settings(project).port == 1
    (project / ".env").write_text("AGENT_BRAIN_PORT=2\n")
    assert load_settings(project).port == 2
    (project / ".env.agent-brain").write_text("AGENT_BRAIN_PORT=3\n")
    assert load_settings(project).port == 3
    monkeypatch.setenv("AGENT_BRAIN_PORT", "4")
    assert load_settings(project).port == 4
    assert load_settings(project, port=5).port == 5


def test_nested_settings_have_the_same_places(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / CONFIG).write_text("index: {watch: false, max_file_bytes: 2000}\nembedding: {provider: none}\n")
    monkeypatch.setenv("AGENT_BRAIN_INDEX_MAX_FILE_BYTES", "5000")
    settings = load_settings(project)
    assert (settings.index.watch, settings.index.max_file_bytes) == (False, 5000)
    assert settings.embedding.provider == "none"


def test_other_programs_names_in_env_files_are_left_alone(project: Path) -> None:
    (project / ".env").write_text("DATABASE_URL=mysql://x\nOPENAI_API_KEY=y\n")
    assert load_settings(project).storage.location == SQLITE


def test_a_database_url_alone_never_selects_postgresql(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://of-the-users-own-application/db")
    assert load_settings(project).storage.location == SQLITE
    (project / CONFIG).write_text("storage: {url: 'memory://'}")
    assert load_settings(project).storage.location == "memory://"


def test_each_place_of_the_connection_wins_over_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def host() -> str:
        return PostgresConfig.from_url(load_settings(project).storage.location).host

    (project / CONFIG).write_text("storage: {postgres: {host: section, hnsw_m: 8}}")
    assert host() == "section"
    (project / ".env").write_text("DATABASE_URL=postgresql://of-the-project/db\n")
    assert host() == "section"
    (project / ".env.agent-brain").write_text("DATABASE_URL=postgresql://env-file/db\n")
    assert host() == "env-file"
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/db")
    assert host() == "environment"
    (project / CONFIG).write_text("storage: {url: 'postgresql://config-url', postgres: {host: section, hnsw_m: 8}}")
    assert host() == "config-url"
    monkeypatch.setenv("AGENT_BRAIN_STORAGE_URL", "postgresql://url/db")
    assert host() == "url"
    postgres = load_settings(project).storage.postgres
    assert postgres is not None
    assert (postgres.host, postgres.hnsw_m) == ("url", 8)


def test_the_section_alone_is_the_connection(project: Path) -> None:
    (project / CONFIG).write_text("storage: {postgres: {}}")
    assert load_settings(project).storage.location == PostgresConfig().url()
    (project / CONFIG).write_text("storage: {postgres: {host: '::1', port: 6000, password: 'a/b', pool_max: 30}}")
    assert load_settings(project).storage.location == PostgresConfig(host="::1", port=6000, password="a/b").url()
    (project / CONFIG).write_text("storage: {postgres: }")
    assert load_settings(project).storage.location == SQLITE


def test_the_section_in_the_environment_adds_to_that_of_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / CONFIG).write_text("storage: {postgres: {host: db, hnsw_m: 8}}")
    monkeypatch.setenv("AGENT_BRAIN_STORAGE_POSTGRES", '{"port": 6000, "hnsw_m": 9}')
    assert load_settings(project).storage.postgres == PostgresConfig(host="db", port=6000, hnsw_m=9)


@pytest.mark.parametrize(
    "storage",
    [
        "{url: 'postgresql://db'}",
        "{postgres: {host: db}}",
        "{url: 'postgres://db', postgres: {password: of-the-section}}",
    ],
)
def test_a_missing_password_is_taken_from_its_own_variable(
    project: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    (project / CONFIG).write_text(f"storage: {storage}")
    (project / ".env").write_text("POSTGRES_PASSWORD=of-the-project\n")
    assert "of-the-project" not in load_settings(project).storage.location
    (project / ".env.agent-brain").write_text("POSTGRES_PASSWORD=env-file\n")
    assert ":env-file@" in load_settings(project).storage.location
    monkeypatch.setenv("POSTGRES_PASSWORD", "a/b")
    assert ":a%2Fb@" in load_settings(project).storage.location


@pytest.mark.parametrize("storage", ["{url: 'postgresql://u:given@db'}", "{postgres: {password: given}}"])
def test_a_given_password_stays(project: Path, monkeypatch: pytest.MonkeyPatch, storage: str) -> None:
    (project / CONFIG).write_text(f"storage: {storage}")
    monkeypatch.setenv("POSTGRES_PASSWORD", "other")
    assert ":given@" in load_settings(project).storage.location


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("DATABASE_URL", "mysql://u:hidden@db/x", "DATABASE_URL: its scheme"),
        ("DATABASE_URL", "postgresql://u:hidden@db:x", "DATABASE_URL: its port"),
        ("AGENT_BRAIN_STORAGE_URL", "postgresql://u:hidden@db?x=1", "storage.url: its parameter x"),
        ("AGENT_BRAIN_STORAGE_POSTGRES", '{"password": "hidden", "hots": "db"}', "storage.postgres.hots"),
        ("AGENT_BRAIN_STORAGE_POSTGRES", '{"password": "hidden", "pool_size": 50}', "storage.postgres: .*pool_max"),
        ("AGENT_BRAIN_STORAGE_POSTGRES", '{"password": "hidden"', "storage"),
        ("AGENT_BRAIN_STORAGE_POSTGRES", "hidden", "storage.postgres"),
        ("AGENT_BRAIN_STORAGE_POSTGRES_PASSWORD", "hidden", "storage.postgres_password"),
    ],
)
def test_a_bad_connection_is_refused_by_name_without_its_password(
    project: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str
) -> None:
    (project / CONFIG).write_text("storage: {postgres: {host: db}}")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings(project)
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("prt: 3", "prt"),
        ("port: many", "port"),
        ("port: 70000", "port"),
        ("embedding: {provider: huge}", "embedding.provider"),
        ("embedding: {nope: 1}", "embedding.nope"),
        ("storage: {postgres: {hots: db}}", "storage.postgres.hots"),
        ("storage: {postgres: {language: english}}", "storage.postgres.language"),
        ("storage: {postgres: postgresql://db}", "storage.postgres"),
        ("port: [", "config.yaml"),
        ("- 1", "settings"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(project: Path, config: str, name: str) -> None:
    (project / CONFIG).write_text(config)
    with pytest.raises(SettingsError, match=name):
        load_settings(project)


def test_an_unreadable_file_is_refused_without_its_content(project: Path) -> None:
    (project / CONFIG).write_text("storage: {postgres: {password: 'hidden")
    with pytest.raises(SettingsError, match=r"config\.yaml") as caught:
        load_settings(project)
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


def test_a_misspelt_variable_in_an_env_file_is_refused(project: Path) -> None:
    (project / ".env.agent-brain").write_text("AGENT_BRAIN_PROT=3\n")
    with pytest.raises(SettingsError, match=r"(?i)agent_brain_prot"):
        load_settings(project)


def test_secrets_are_not_shown(project: Path) -> None:
    (project / ".env.agent-brain").write_text(
        "AGENT_BRAIN_TOKEN=abc123\nAGENT_BRAIN_EMBEDDING_API_KEY=def456\n"
        'AGENT_BRAIN_STORAGE_URL=postgresql://u:ghi789@db\nAGENT_BRAIN_STORAGE_POSTGRES={"password": "jkl"}\n'
    )
    settings = load_settings(project)
    assert "ghi789" in settings.storage.location
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert not [secret for secret in ("abc123", "def456", "ghi789", "jkl") if secret in shown]


def _names(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, f"{prefix}{name}.")
        elif name != "project_root":
            yield prefix + name, field.default


def test_the_documentation_names_every_setting_with_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    for name, default in _names(Settings):
        row = next((line for line in text.splitlines() if line.startswith(f"| `{name}` |")), "")
        assert f"`AGENT_BRAIN_{name.replace('.', '_').upper()}`" in row, name
        if isinstance(default, int | float | str) and default != "":
            assert f"`{default}`" in row, (name, default)


def test_the_documentation_names_every_part_of_the_connection_with_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    for name, field in PostgresConfig.model_fields.items():
        default = "" if name == "password" else f"`{field.default}` "
        assert f"\n| `{name}` | {default}|" in text, name


@pytest.mark.parametrize("text", ["port: 2001-13-45\n", "[" * 900 + "]" * 900, ALIASES, "a: " + "x" * 70_000])
def test_settings_that_would_take_long_are_refused_in_one_sentence(project: Path, text: str) -> None:
    (project / CONFIG).write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_settings(project)
    message = str(refused.value)
    assert message.startswith(f"{CONFIG} cannot be read: it ")
    assert "\n" not in message
    assert len(message.partition(". Correct it")[0]) < 200


@pytest.mark.parametrize(
    "text",
    ["port: !!timestamp x", "port: !!bool x", "port: !!int ''", "port: !!binary é", "!!set [a]", "? [a]\n: b", "- 1"],
)
def test_a_yaml_value_that_cannot_be_made_is_a_sentence(tmp_path: Path, text: str) -> None:
    state = tmp_path / ".claude" / "agent-brain"
    state.mkdir(parents=True)
    (state / "config.yaml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"config\.yaml"):
        load_settings(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["A=x" + " " * 500_000 + "y", "A=" + "${" * 200_000, "A=" + "b" * 1_000_001])
def test_no_line_of_a_file_of_variables_holds_the_start_up(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\nAGENT_BRAIN_PORT=1234\n", "utf-8")
    assert load_settings(tmp_path).port == DEFAULT_PORT
    (tmp_path / ".env").rename(tmp_path / ".env.agent-brain")
    with pytest.raises(SettingsError, match=r"\.env\.agent-brain"):
        load_settings(tmp_path)


@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_settings_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    assert load_settings(tmp_path).port == DEFAULT_PORT
    (tmp_path / ".env").rename(tmp_path / ".env.agent-brain")
    with pytest.raises(SettingsError, match="is not a file"):
        load_settings(tmp_path)


@pytest.mark.parametrize("name", ["1", "null", "true", "2026-11-30", "1.5", "[a]"])
def test_a_name_that_is_no_text_is_refused(project: Path, name: str) -> None:
    config = project / ".claude" / "agent-brain" / "config.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"{name}: x\n" if name != "[a]" else "? [a]\n: x\n")
    with pytest.raises(SettingsError, match=r"config\.yaml"):
        load_settings(project)
