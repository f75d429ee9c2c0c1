"""Globs on paths, as in `.gitignore`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.globs import path_matcher


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.py", ["a.py", "a/b.py", "/elsewhere/b.py"], ["a.pyc", "a.py2/b"]),
        ("src", ["src", "src/a", "b/src/c/d"], ["srcs/a", "a.src"]),
        ("src/", ["src/a", "b/src/c/d"], ["src", "srcs/a"]),
        ("/src", ["src/a", "src"], ["b/src/c"]),
        ("src/*.py", ["src/a.py"], ["src/b/a.py", "b/src/a.py"]),
        ("src/**/x.go", ["src/x.go", "src/a/b/x.go"], ["x.go", "b/src/x.go"]),
        ("**/x.go", ["x.go", "a/b/x.go"], ["x.goo"]),
        ("src/**", ["src/a", "src/a/b"], ["src", "b/src/a"]),
        ("/outside/", ["/outside/a.py", "outside/a.py"], ["a/outside/b"]),
        ("[a-c]?.py", ["ab.py", "d/cx.py"], ["a.py", "db.py"]),
        ("[!a].py", ["b.py"], ["a.py"]),
        ("größe*", ["größe.md", "a/größen/x"], ["grosse.md"]),
        (r"\!a", ["!a"], ["a"]),
        ("#a", ["#a"], ["a"]),
    ],
)
def test_a_glob(glob: str, matching: list[str], other: list[str]) -> None:
    matches = path_matcher((glob,))
    assert [path for path in matching if not matches(path)] == []
    assert [path for path in other if matches(path)] == []


def test_the_last_glob_that_speaks_of_a_path_decides() -> None:
    matches = path_matcher(("src/", "!*.md", "README.md"))
    assert matches("src/a.py")
    assert not matches("src/a.md")
    assert matches("src/README.md")
    assert not matches("a.py")


def test_only_negated_globs_match_all_but_those() -> None:
    matches = path_matcher(("!tests/", "!*.md"))
    assert matches("a.py")
    assert not matches("a/tests/b.py")
    assert not matches("a.md")


def test_no_glob_matches_all() -> None:
    assert path_matcher(())("a")


@pytest.mark.parametrize("glob", ["", "!", "/", "!/", "\\", "[", "[!]", "[[:nonsense:]]"])
def test_a_glob_that_means_nothing_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match="is not a glob"):
        path_matcher((glob,))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "glob", ["*a" * 40 + "b", "**/" * 60 + "b", "*?" * 100 + "b", "a**" * 50 + "b", "[ab]*" * 60 + "c"]
)
def test_no_glob_takes_for_ever(glob: str) -> None:
    assert not path_matcher((glob,))("a" * 200 + "/" + "a" * 200)


@given(
    st.text(st.sampled_from("ab/*?[]!\\-.ü"), min_size=1, max_size=12), st.text(st.sampled_from("ab/.ü"), min_size=1)
)
def test_any_text_is_a_glob_or_is_refused(glob: str, path: str) -> None:
    try:
        matches = path_matcher((glob,))
    except ValueError:
        return
    assert matches(path) in (True, False)
