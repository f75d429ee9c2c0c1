"""A project that is set up and indexed once, and copied for each test: a copy is a project of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent_brain_contract.consent import require_record
from support.cli import CliProject, clean_environment, cli_project

PARTS = {f"part{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(40)}
FILES_INDEXED = len(PARTS) + 1  # .gitignore, which setup writes, is one


def prepare(directory: Path, *flags: str, files: Mapping[str, str] = PARTS) -> Path:
    """Make the project `shop` in `directory`, with a home directory, indexed and with its server stopped."""
    with cli_project(directory / "my shop") as project:
        project.write(files)
        project.set_up(*flags)
        project.ok("index", "--wait")
    return directory


@contextmanager
def copied(template: Path, directory: Path) -> Iterator[CliProject]:
    """The project of `prepare` in a place of its own; its server is stopped at the end."""
    shutil.copytree(template, directory, symlinks=True, dirs_exist_ok=True)
    project = CliProject(directory / "my shop", clean_environment(directory / "home"))
    require_record(project.root, project.environment)  # its own: the copy would bring the template's at the first use
    try:
        yield project
    finally:
        if project.state.is_dir():
            project.run("stop")
