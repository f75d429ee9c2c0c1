"""What commands print fits into a terminal of 80 columns: rows go on in an indented line, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.cli import CliProject, cli_project
from support.terminal import terminal

COLUMNS = 80
MODULE = "warehouse/replenishment/calculations_of_levels.py"
SOURCE = '''\
class ReplenishmentCalculator:
    def calculate_reorder_levels(self, items: list[int]) -> list[int]:
        """The levels at which items are ordered again."""
        return [self.level_of_a_single_item_with_seasonal_corrections(item) for item in items]

    def level_of_a_single_item_with_seasonal_corrections(self, item: int) -> int:
        return correction_of_the_season(item)


def correction_of_the_season(item: int) -> int:
    return item * 2


def order_all_items_of_the_warehouse(items: list[int]) -> list[int]:
    return ReplenishmentCalculator().calculate_reorder_levels(items)
'''
LEAF = "correction_of_the_season"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("narrow") / "shop") as made:
        left_out = {f"warehouse/secrets_of_suppliers/server_{number}.pem": "x" for number in range(3)}
        binary = {f"warehouse/pictures/of_the_{number}th_shelf.png": "x" for number in range(3)}
        made.write({MODULE: SOURCE, f"tests/{MODULE}": SOURCE, **left_out, **binary})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def printed(project: CliProject, *arguments: str) -> list[str]:
    with terminal(project, *arguments, columns=COLUMNS) as screen:
        screen.end()
    return screen.text.splitlines()


def too_wide(lines: list[str]) -> list[str]:
    """Lines wider than the terminal, but for those that one long word, such as a path, makes so."""
    return [line for line in lines if len(line) > COLUMNS and max(map(len, line.split())) < COLUMNS - 20]


@pytest.mark.parametrize(
    "arguments",
    [
        ("graph", "callers", LEAF, "--depth", "3"),
        ("graph", "definitions", "ReplenishmentCalculator.level_of_a_single_item_with_seasonal_corrections"),
        ("jobs",),
        ("status",),
        ("search", "reorder levels of items"),
        ("search", "reorder levels of items", "--explain"),
        ("index", "--report"),
        ("folders",),
        ("doctor",),
        ("db", "--help"),
        ("storage", "--help"),
    ],
    ids=" ".join,
)
def test_rows_fit(project: CliProject, arguments: tuple[str, ...]) -> None:
    lines = printed(project, *arguments)
    assert lines
    assert too_wide(lines) == []


def test_a_row_of_the_graph_keeps_all_that_it_says(project: CliProject) -> None:
    wide = " ".join(project.ok("graph", "callers", LEAF, "--depth", "3").split())
    narrow = " ".join(" ".join(printed(project, "graph", "callers", LEAF, "--depth", "3")).split())
    assert wide in narrow
