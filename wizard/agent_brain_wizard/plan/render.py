"""Turns answers into the text of files. Pure, but for reading the templates that ship with the wizard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent_brain_wizard.answers.answers import Answers, folder_list


def templates_directory() -> Path:
    """Return the directory: in the package of an installed wheel, at the repository's root in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parents[1] / "templates"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_directory()),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701  the files are YAML and plain text
    )
    # JSON is YAML with every special character quoted.
    environment.filters["yaml"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


def render_config(answers: Answers, postgres_port: int | None = None, login: str = "") -> bytes:
    """Return config.yaml. `postgres_port` is the container's and `login` its user, for the storage postgres-docker."""
    container = {"postgres_port": postgres_port, "login": login}
    values = {**answers.as_mapping(), **container, "folders": list(folder_list(answers.folders))}
    return _templates().get_template("config.yaml.j2").render(values).encode()


def render_env(values: Mapping[str, str]) -> bytes:
    """Return a new .env.agent-brain with `values`, by their variables' names."""
    return _templates().get_template("env.j2").render(values=values).encode()


def render_compose(project: str, image: str, port: int, pgadmin_port: int | None = None) -> bytes:
    """Return docker-compose.yml: a PostgreSQL on `port` of this machine alone, as the Compose project `project`.

    With a `pgadmin_port`, a pgAdmin is there too, on that port of this machine.
    """
    values = {"project": project, "image": image, "port": port, "pgadmin_port": pgadmin_port}
    return _templates().get_template("docker-compose.yml.j2").render(values).encode()


def render_gitignore() -> bytes:
    """Return the marked block for .gitignore, with `\\n` line ends and one at its end."""
    return _templates().get_template("gitignore.j2").render().encode()
