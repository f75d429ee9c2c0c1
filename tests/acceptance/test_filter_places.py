"""`--path` takes a place as a shell writes it: from the current directory, absolute, or with a `/` at its end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from support.cli import COMMAND, CliProject, cli_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("filters") / "project") as made:
        for number, place in enumerate(("src", "src/inner", "lib/src")):
            made.write({f"{place}/beacon.py": f"def beacon_{number}():\n    return {number} * beacon\n"})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def found(project: CliProject, directory: str, *paths: str) -> set[str]:
    flags = [f"--path={path.format(root=project.root)}" for path in paths]
    done = subprocess.run(
        [COMMAND, "search", "beacon", "--json", *flags],
        cwd=project.root / directory,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {passage["path"] for passage in json.loads(done.stdout)["results"]}


@pytest.mark.parametrize(
    ("directory", "path", "places"),
    [
        (".", "./src", {"src", "src/inner"}),
        (".", "src/", {"src", "src/inner", "lib/src"}),
        (".", "{root}/src", {"src", "src/inner"}),
        (".", "/src", {"src", "src/inner"}),
        ("src", "./inner", {"src/inner"}),
        ("src", "../lib/", {"lib/src"}),
        ("src", ".", {"src", "src/inner"}),
        ("lib", "..", {"src", "src/inner", "lib/src"}),
        ("src", "!./inner", {"src", "lib/src"}),
        ("src", "./*/beacon.py", {"src/inner"}),
    ],
)
def test_a_place_is_found_from_where_it_is_written(
    project: CliProject, directory: str, path: str, places: set[str]
) -> None:
    assert found(project, directory, path) == {f"{place}/beacon.py" for place in places}


def test_a_symbol_that_nothing_has_is_said(project: CliProject) -> None:
    assert "The index has no symbol nosuch." in project.ok("search", "beacon", "--symbol", "nosuch")
