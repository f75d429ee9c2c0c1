"""What a bare name means: each rule on a project as small as it can be."""

from __future__ import annotations

import pytest

from unit.retrieval.small_projects import NOTHING, Project, meant

SCOPES = {"a.py": "go() run() run.go() run.go.go() stay() stay.stop()"}


@pytest.mark.parametrize(
    ("place", "written", "expected"),
    [
        ("a.py", "go", "sure a.py:go"),
        ("a.py:stay", "go", "sure a.py:go"),
        ("a.py:run", "go", "sure a.py:run.go"),
        ("a.py:run.go", "go", "sure a.py:run.go.go"),
        ("a.py:stay.stop", "stay", "sure a.py:stay"),
    ],
)
def test_a_bare_name_is_that_of_the_nearest_scope(place: str, written: str, expected: str) -> None:
    assert meant(SCOPES, place, written) == expected


@pytest.mark.parametrize(
    ("project", "imports", "written", "expected"),
    [
        ({"m.py": "f()", "n.py": "f()"}, "m:f", "f", "sure m.py:f"),
        ({"m.py": "f()", "n.py": "f()"}, "m:f>g", "g", "sure m.py:f"),
        ({"m.py": "f()", "n.py": "f() g()"}, "m:f>g", "g", "sure m.py:f"),
        ({"m.py": "f()", "a.py": "f()"}, "m:f>_f", "_f", "sure m.py:f"),
        ({"m.py": "f()", "n.py": "f()"}, "m:*", "f", "sure m.py:f"),
        ({"m.py": "Pool Pool.f()", "n.py": "Pool"}, "m:Pool", "Pool", "sure m.py:Pool"),
        ({"m.py": "f()", "a.py": "run() run.f()"}, "m:f", "f", "sure m.py:f"),
        ({"m.py": "Config", "a.py": "Model Model.Config"}, "m:Config", "Config", "sure m.py:Config"),
        ({"n.py": "f()"}, "lib.x:f", "f", NOTHING),
        ({"n.py": "g()"}, "lib.x:f>g", "g", NOTHING),
    ],
)
def test_a_bare_name_is_what_was_imported(project: Project, imports: str, written: str, expected: str) -> None:
    assert meant(project, "a.py:go", written, imports) == expected


@pytest.mark.parametrize(
    ("project", "place", "imports", "expected"),
    [
        ({"src/m.ts": "f()", "n.ts": "f()"}, "src/a.ts", "./m:f", "sure src/m.ts:f"),
        ({"src/m.js": "f()", "n.js": "f()"}, "src/a.ts", "./m:default>f", "sure src/m.js:f"),
        ({"m.js": "f()", "a.js": "=f"}, "a.js", "./m:*>f", "sure m.js:f"),
        ({"src/m.rs": "f()", "src/n.rs": "f()"}, "src/a.rs", "crate.m:f", "sure src/m.rs:f"),
        ({"src/m.rs": "f()", "src/n.rs": "f()"}, "src/a.rs", "crate.m:*", "sure src/m.rs:f"),
        ({"com/m/F.kt": "f()", "com/n/F.kt": "f()"}, "com/x/A.kt", "com.m:f", "sure com/m/F.kt:f"),
        ({"lib/m.c": "f()", "other/n.c": "f()"}, "src/a.c", "m.h:*", "sure lib/m.c:f"),
        ({"lib/m.c": "f()", "other/n.c": "f()"}, "src/a.c", "lib/m.h:*", "sure lib/m.c:f"),
    ],
)
def test_imports_of_other_languages(project: Project, place: str, imports: str, expected: str) -> None:
    assert meant(project, place, "f", imports) == expected


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [("go", "sure p/b.go:f"), ("java", "sure p/b.java:f"), ("c", "sure p/b.c:f"), ("rb", "sure p/b.rb:f")],
)
def test_files_of_a_folder_see_each_other_where_the_language_says_so(suffix: str, expected: str) -> None:
    project = {f"p/b.{suffix}": "f()", f"q/c.{suffix}": "f()"}
    assert meant(project, f"p/a.{suffix}", "f") == expected


def test_elsewhere_a_bare_name_without_an_import_is_a_guess() -> None:
    assert meant({"p/b.rs": "shorten()"}, "p/a.rs", "shorten") == "likely p/b.rs:shorten"
    assert meant({"p/b.py": "shorten()"}, "p/a.py", "shorten") == "possible p/b.py:shorten", "it would need an import"
    two = {"p/b.py": "shorten()", "q/c.py": "shorten()"}
    assert meant(two, "p/a.py", "shorten") == "possible p/b.py:shorten q/c.py:shorten"


@pytest.mark.parametrize("name", ["open", "print", "format", "next"])
def test_a_bare_name_that_everything_has_is_never_likely(name: str) -> None:
    assert not meant({"p/b.py": f"{name}()"}, "q/a.py", name).startswith(("sure", "likely"))


@pytest.mark.parametrize(
    ("project", "bases", "expected"),
    [
        ({"A.java": "A A.run() A.go()"}, "", "sure A.java:A.go"),
        ({"p/A.java": "A A.run()", "p/B.java": "B B.go()"}, "A<B", "sure p/B.java:B.go"),
        ({"p/A.java": "A A.run()", "q/B.java": "B B.go()"}, "A<B", "likely q/B.java:B.go"),
        ({"p/A.java": "A A.run()", "p/B.java": "B B.go()"}, "", NOTHING),
        ({"p/a.py": "A A.run() A.go()"}, "", NOTHING),
    ],
)
def test_a_method_is_called_by_its_bare_name_only_in_its_class_and_its_heirs(
    project: Project, bases: str, expected: str
) -> None:
    assert meant(project, f"{next(iter(project))}:A.run", "go", bases=bases) == expected
