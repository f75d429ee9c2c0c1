"""Names that no file system takes, and lists in variables: a sentence, not an internal error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project

LONG = "a" * 300


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("long") / "shop") as made:
        made.write({"shop/retry.py": RETRY_SOURCE, "docs/guide.md": "# Guide\n\nwords\n"})
        made.set_up("--no-watch")
        made.ok("index", "--wait")
        yield made


@pytest.mark.parametrize("arguments", [("folders", "add", LONG), ("folders", "remove", LONG), ("index", LONG)])
def test_a_name_that_is_too_long_is_no_place(project: CliProject, arguments: tuple[str, ...]) -> None:
    done = project.run(*arguments)
    assert done.returncode == 1
    assert LONG in done.stderr
    assert "nternal" not in done.stderr


@pytest.mark.parametrize("folders", ["shop,docs", " shop , docs", '["shop", "docs"]'])
def test_folders_in_a_variable_have_commas_between(project: CliProject, folders: str) -> None:
    project.ok("restart", AGENT_BRAIN_INDEX_FOLDERS=folders)
    project.ok("stop")


def test_a_list_that_is_none_is_named(project: CliProject) -> None:
    project.ok("stop")
    done = project.run("start", AGENT_BRAIN_INDEX_FOLDERS='["shop"')
    assert "the setting index.folders must be paths with commas between, or a JSON list" in done.stderr
