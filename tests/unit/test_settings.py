"""Precedence and refusals of the settings, and that docs/configuration.md names them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent_brain_server.errors import SettingsError
from agent_brain_server.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
CONFIG = ".claude/agent-brain/config.yaml"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_BRAIN_PORT", raising=False)


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
    (project / ".env").write_text("DATABASE_URL=postgresql://x\nOPENAI_API_KEY=y\n")
    assert load_settings(project).storage.url.startswith("sqlite:")


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("prt: 3", "prt"),
        ("port: many", "port"),
        ("port: 70000", "port"),
        ("embedding: {provider: huge}", "embedding.provider"),
        ("embedding: {nope: 1}", "embedding.nope"),
        ("port: [", "config.yaml"),
        ("- 1", "settings"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(project: Path, config: str, name: str) -> None:
    (project / CONFIG).write_text(config)
    with pytest.raises(SettingsError, match=name):
        load_settings(project)


def test_a_misspelt_variable_in_an_env_file_is_refused(project: Path) -> None:
    (project / ".env.agent-brain").write_text("AGENT_BRAIN_PROT=3\n")
    with pytest.raises(SettingsError, match=r"(?i)agent_brain_prot"):
        load_settings(project)


def test_secrets_are_not_shown(project: Path) -> None:
    (project / ".env.agent-brain").write_text("AGENT_BRAIN_TOKEN=abc123\nAGENT_BRAIN_EMBEDDING_API_KEY=def456\n")
    shown = repr(load_settings(project))
    assert "abc123" not in shown
    assert "def456" not in shown


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
