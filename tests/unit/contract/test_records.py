"""What the records of installed packages say of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_contract.records import NoRecordError, damaged_files


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    install(
        tmp_path,
        "top_level-1.0",
        {"top_level/__init__.py": "import lower\n"},
        "Requires-Dist: Lower.Level (>=1) ; extra\n",
    )
    install(tmp_path, "lower_level-2.0", {"lower.py": "x = 1\n", "lower_data/a, b.txt": "words\n"})
    install(tmp_path, "another-3.0", {"another.py": "y = 1\n"})
    return tmp_path


def install(directory: Path, name: str, files: dict[str, str], metadata: str = "") -> None:
    """As an installer of wheels does."""
    rows = []
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(content)
        rows.append(f'"{path}",sha256=x,{len(content)}')
    information = directory / f"{name}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Name: {name}\n{metadata}")
    rows += [f"{information.name}/RECORD,,", "top_level/__pycache__/a.pyc,,", "../../bin/run,sha256=x,12"]
    (information / "RECORD").write_text("\n".join(rows) + "\n")


def damage(packages: Path) -> list[str]:
    return list(damaged_files([str(packages / "none"), str(packages)], ["top_level"]))


def test_whole_packages_have_no_fault(packages: Path) -> None:
    assert damage(packages) == []


def test_a_file_that_is_missing_or_changed_is_named_also_of_a_package_that_is_needed(packages: Path) -> None:
    (packages / "top_level" / "__init__.py").write_text("import another\n")
    (packages / "lower_data" / "a, b.txt").unlink()
    assert sorted(damage(packages)) == ["lower_data/a, b.txt is missing", "top_level/__init__.py has changed"]


def test_a_package_that_is_not_needed_is_not_looked_at(packages: Path) -> None:
    (packages / "another.py").unlink()
    assert damage(packages) == []


def test_the_first_directory_counts_as_it_does_for_an_import(packages: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    install(first, "lower_level-1.0", {"lower.py": "x = 12\n"})
    (packages / "lower.py").unlink()
    assert list(damaged_files([str(first), str(packages)], ["top_level"])) == []


def test_a_module_without_a_record_is_said(packages: Path) -> None:
    (packages / "top_level-1.0.dist-info" / "RECORD").unlink()
    with pytest.raises(NoRecordError, match="top_level"):
        damage(packages)
