"""What an import means, which languages and kinds are never meant, and what is known of a file."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.code_graph import Definition, LocatedDefinition, LocatedReference, Reference
from agent_brain_server.retrieval.code_graph.resolution import asked_names, family, file_imports, resolve
from unit.retrieval.small_projects import NOTHING, imports_and_bases, language, meant


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("m:f", "sure m.py:f"),
        ("m:Pool", "sure m.py:Pool"),
        (".m:f", "sure m.py:f"),
        ("lib.x:f", NOTHING),
        ("m:take", NOTHING),
        ("m:*", NOTHING),
    ],
)
def test_an_import_means_what_its_module_declares(written: str, expected: str) -> None:
    project = {"m.py": "f() Pool Pool.take()", "n.py": "f() Pool"}
    assert meant(project, "a.py", written, kind="import") == expected


# Languages and kinds


@pytest.mark.parametrize("written", ["shorten", "x.shorten", "self.shorten"])
def test_another_language_is_never_meant(written: str) -> None:
    assert meant({"b.go": "A A.shorten() shorten()"}, "a.py:A.run", written) == NOTHING


@pytest.mark.parametrize(("one", "other"), [("js", "ts"), ("java", "kt"), ("c", "cpp")])
def test_some_languages_call_each_other(one: str, other: str) -> None:
    assert meant({f"b.{other}": "shorten()"}, f"q/a.{one}", "shorten").endswith(f"b.{other}:shorten")
    assert family(language(f".{one}")) == family(language(f".{other}"))


@pytest.mark.parametrize("kind", ["section", "key", "block"])
def test_what_is_no_code_is_not_meant(kind: str) -> None:
    section = LocatedDefinition("a.py", "python", Definition("shorten", kind, 1, 2, ""))
    reference = LocatedReference("a.py", "python", Reference("call", "shorten", "", "", "", 1))
    assert resolve(reference, file_imports([]), [section]).definitions == ()


def test_nothing_is_meant_where_nothing_is_declared() -> None:
    assert {meant({}, "a.py:A.run", written) for written in ("f", "x.f", "self.f", "super().f")} == {NOTHING}


# What is known of a file


def test_file_imports_are_imports_in_order_and_bases_by_class() -> None:
    known = file_imports([*imports_and_bases("b:x a:y", "A<B A<C D<B"), Reference("call", "f", "", "", "", 1)])
    assert [found.name for found in known.imports] == ["x", "y"]
    assert known.bases == {"A": {"B", "C"}, "D": {"B"}}


@pytest.mark.parametrize(
    ("imports", "expected"), [("", {"g"}), ("m:f>g", {"g", "f"}), ("m:f", {"g"}), ("m:*>g", {"g"}), ("m:g>f", {"g"})]
)
def test_a_renamed_import_is_asked_for_under_both_names(imports: str, expected: set[str]) -> None:
    assert asked_names(Reference("call", "g", "", "", "", 1), file_imports(imports_and_bases(imports, ""))) == expected
