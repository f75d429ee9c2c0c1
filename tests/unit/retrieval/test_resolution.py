"""What a reference means: each rule on a project as small as it can be.

A project is written as its files and what they declare: `run()` is a function, or a method where it stands in a type,
`Pool` a type, `=POOL` a constant. An import is `module:name>alias`, a base `Heir<Base`, a place `file:scope`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from agent_brain_server.domain.graph import Definition, LocatedDefinition, LocatedReference, Reference, ReferenceKind
from agent_brain_server.retrieval.resolution import asked_names, family, resolve, surroundings

LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "c": "c",
    "h": "c",
    "cpp": "cpp",
    "java": "java",
    "kt": "kotlin",
    "rs": "rust",
    "go": "go",
    "rb": "ruby",
    "php": "php",
    "md": "markdown",
}
NOTHING = "nothing"
Project = Mapping[str, str]


def language(path: str) -> str:
    return LANGUAGES[path.rpartition(".")[2]]


def declared(project: Project) -> Iterator[LocatedDefinition]:
    for path, symbols in project.items():
        for word in symbols.split():
            symbol = word.strip("=").removesuffix("()")
            owner = symbol.rpartition(".")[0]
            in_type = bool(owner) and f"{owner}()" not in symbols.split()
            kind = "constant" if word[0] == "=" else "class" if word == symbol else "method" if in_type else "function"
            yield LocatedDefinition(path, language(path), Definition(symbol, kind, 1, 2, ""))


def around(imports: str, bases: str) -> Iterable[Reference]:
    for word in imports.split():
        module, _, named = word.rpartition(":")
        name, _, alias = named.partition(">")
        yield Reference("import", name, module, alias, "", 1)
    for word in bases.split():
        heir, _, base = word.partition("<")
        yield Reference("inherit", base, "", "", heir, 1)


def meant(
    project: Project, place: str, written: str, imports: str = "", bases: str = "", kind: ReferenceKind = "call"
) -> str:
    """How sure, then the places of what is meant."""
    path, _, scope = place.partition(":")
    qualifier, _, name = written.rpartition("." if kind != "import" else ":")
    known = surroundings(around(imports, bases))
    reference = Reference(kind, name, qualifier, "", scope, 1)
    names = asked_names(reference, known)
    candidates = [one for one in declared(project) if one.definition.name in names]
    resolved = resolve(LocatedReference(path, language(path), reference), known, candidates)
    places = [f"{one.path}:{one.definition.symbol}" for one in resolved.definitions]
    return " ".join([resolved.certainty, *sorted(places)]) if places else NOTHING


# A bare name


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


# A member of the class around


OWN = {"a.py": "A A.run() A.run.inner() A.go() B B.go()", "b.py": "Base Base.go() Base.stop()", "c.py": "C C.halt()"}


@pytest.mark.parametrize(
    ("place", "written", "bases", "expected"),
    [
        ("a.py:A.run", "self.go", "", "sure a.py:A.go"),
        ("a.py:A.run.inner", "self.go", "", "sure a.py:A.go"),
        ("a.py:A.run", "cls.go", "A<Base", "sure a.py:A.go"),
        ("a.py:A.run", "self.stop", "A<Base", "sure b.py:Base.stop"),
        ("a.py:A.go", "super().go", "A<Base", "sure b.py:Base.go"),
        ("a.py:A.run", "self.missing", "A<Base", NOTHING),
    ],
)
def test_self_is_the_class_around_and_what_it_inherits_from(
    place: str, written: str, bases: str, expected: str
) -> None:
    assert meant(OWN, place, written, bases=bases) == expected


@pytest.mark.parametrize(
    ("suffix", "self_"),
    [("java", "this"), ("rs", "self"), ("rs", "Self"), ("php", "$this"), ("php", "static"), ("rb", "self")],
)
def test_self_has_a_word_in_every_language(suffix: str, self_: str) -> None:
    project = {f"a.{suffix}": "A A.run() A.go()", f"b.{suffix}": "B B.go()"}
    assert meant(project, f"a.{suffix}:A.run", f"{self_}.go") == f"sure a.{suffix}:A.go"


def test_a_class_may_go_on_in_another_file() -> None:
    project = {"src/a.rs": "Pool.run()", "src/b.rs": "Pool.go()", "src/c.rs": "Queue.go()"}
    assert meant(project, "src/a.rs:Pool.run", "self.go") == "sure src/b.rs:Pool.go"


@pytest.mark.parametrize("bases", ["", "A<Outside"])
def test_super_is_never_the_class_itself(bases: str) -> None:
    assert meant({"a.py": "A A.setup()"}, "a.py:A.setup", "super().setup", bases=bases) == NOTHING


def test_what_an_outside_base_may_have_is_not_taken_from_an_unrelated_class() -> None:
    project = {"a.py": "A A.run()", "b.py": "Registry Registry.get()"}
    assert not meant(project, "a.py:A.run", "self.get", bases="A<dict").startswith(("sure", "likely"))


# A member of a module


@pytest.mark.parametrize(
    ("project", "place", "imports", "written", "expected"),
    [
        ({"m.py": "f()", "n.py": "f()"}, "a.py", ":m", "m.f", "sure m.py:f"),
        ({"m.py": "f()", "n.py": "f()"}, "a.py", ":m>x", "x.f", "sure m.py:f"),
        ({"src/m/__init__.py": "f()", "n.py": "f()"}, "tests/test_a.py", ":m", "m.f", "sure src/m/__init__.py:f"),
        ({"p/m.py": "f()", "n.py": "f()"}, "a.py", "p:m", "m.f", "sure p/m.py:f"),
        ({"p/q/m.py": "f()", "p/n.py": "f()"}, "p/q/a.py", "..q:m", "m.f", "sure p/q/m.py:f"),
        ({"p/q/m.py": "f()", "p/m.py": "f()"}, "p/q/a.py", ".:m", "m.f", "sure p/q/m.py:f"),
        ({"p/q/m.py": "f()", "p/m.py": "f()"}, "p/q/a.py", "..:m", "m.f", "sure p/m.py:f"),
        ({"p/q/m.py": "f()", "n.py": "f()"}, "a.py", "p.q:m", "p.q.m.f", "sure p/q/m.py:f"),
        ({"src/m.ts": "f()", "n.ts": "f()"}, "src/a.ts", "./m:*>ns", "ns.f", "sure src/m.ts:f"),
        ({"lib/m.js": "f()", "m.js": "f()"}, "lib/a.js", "./m:*>m", "m.f", "sure lib/m.js:f"),
        ({"mid/m.go": "F()", "n/n.go": "F()"}, "a.go", "github.com/x/y/v2/mid:*", "mid.F", "sure mid/m.go:F"),
        ({"mid/m.go": "F()", "n/n.go": "F()"}, "a.go", "github.com/x/y/mid:*>z", "z.F", "sure mid/m.go:F"),
        ({"src/net/m.rs": "f()", "src/n.rs": "f()"}, "src/a.rs", "crate.net:m", "m.f", "sure src/net/m.rs:f"),
        ({"m.py": "Pool Pool.f() f()"}, "a.py", ":m", "m.f", "sure m.py:f"),
    ],
)
def test_a_module_that_was_imported(project: Project, place: str, imports: str, written: str, expected: str) -> None:
    assert meant(project, place, written, imports) == expected


@pytest.mark.parametrize(
    ("place", "imports", "written"),
    [
        ("a.go", "fmt:*", "fmt.Printing"),
        ("a.js", "node:fs:*>fs", "fs.Printing"),
        ("a.py", "lib:Client", "Client.Printing"),
        ("a.py", ":subprocess", "subprocess.Printing"),
        ("a.py", ":numpy>np", "np.Printing"),
    ],
)
def test_what_is_imported_from_outside_means_nothing_here(place: str, imports: str, written: str) -> None:
    suffix = place.rpartition(".")[2]
    assert meant({f"log.{suffix}": "Log Log.Printing()"}, place, written, imports) == NOTHING


def test_an_object_that_was_imported_is_guessed_at() -> None:
    project = {"app/__init__.py": "=db", "b.py": "Database Database.migrate()"}
    assert meant(project, "a.py", "db.migrate", "app:db") == "likely b.py:Database.migrate"


# A member of a type


@pytest.mark.parametrize(
    ("project", "place", "imports", "written", "expected"),
    [
        ({"m.py": "Pool Pool.make()"}, "a.py", "", "Pool.make", "sure m.py:Pool.make"),
        ({"m.py": "Pool Pool.make()"}, "a.py", "m:Pool", "Pool.make", "sure m.py:Pool.make"),
        ({"m.py": "Pool Pool.make()"}, "a.py", "m:Pool>P", "P.make", "sure m.py:Pool.make"),
        ({"m.py": "Pool Pool.make()"}, "a.py", ":m", "m.Pool.make", "sure m.py:Pool.make"),
        ({"m.py": "Pool Pool.make()"}, "a.py", "", "Pool().make", "sure m.py:Pool.make"),
        ({"a.py": "Pool Pool.make()", "n.py": "Pool Pool.make()"}, "a.py", "", "Pool.make", "sure a.py:Pool.make"),
        (
            {"m.py": "Pool Pool.make()", "n.py": "Pool Pool.make()"},
            "a.py",
            "m:Pool",
            "Pool.make",
            "sure m.py:Pool.make",
        ),
        ({"src/m.rs": "P P.new()", "src/n.rs": "P P.new()"}, "src/a.rs", "crate.m:P", "P.new", "sure src/m.rs:P.new"),
        ({"x/P.java": "P P.of()", "y/P.java": "P P.of()"}, "A.java", "x:P", "P.of", "sure x/P.java:P.of"),
        ({"a.cpp": "N.Base N.Base.run() N.A N.A.run()"}, "a.cpp:N.A.run", "", "Base.run", "sure a.cpp:N.Base.run"),
    ],
)
def test_a_type_by_its_name(project: Project, place: str, imports: str, written: str, expected: str) -> None:
    assert meant(project, place, written, imports) == expected


TWO = {"p.py": "RetryPolicy RetryPolicy.delay()", "q.py": "Queue Queue.delay()"}


@pytest.mark.parametrize("receiver", ["retry_policy", "self.retry_policy", "self._policy", "rp", "make.policy()"])
def test_a_receiver_that_is_called_like_its_type(receiver: str) -> None:
    assert meant(TWO, "a.py:A.run", f"{receiver}.delay") == "likely p.py:RetryPolicy.delay"


def test_a_receiver_that_tells_nothing() -> None:
    assert meant(TWO, "a.py", "x.delay") == "possible p.py:RetryPolicy.delay q.py:Queue.delay"
    assert meant({"p.py": TWO["p.py"]}, "a.py", "x.delay") == "likely p.py:RetryPolicy.delay"


def test_a_name_that_everything_has_is_only_possible() -> None:
    project = {"r.py": "Registry Registry.get()"}
    assert meant(project, "a.py", "x.get") == "possible r.py:Registry.get"
    assert meant(project, "a.py", "registry.get") == "likely r.py:Registry.get"


@pytest.mark.parametrize("literal", ["''", '""', "`", "5"])
def test_a_member_of_a_literal_is_nothing_of_the_project(literal: str) -> None:
    assert meant(TWO, "a.py", f"{literal}.delay") == NOTHING


def test_a_function_is_no_member() -> None:
    assert meant({"p.py": "delay()"}, "a.py", "x.delay") == NOTHING


def test_what_tests_declare_is_not_meant_by_the_source() -> None:
    project = {"tests/test_p.py": "Fake Fake.delay()"}
    assert meant(project, "src/a.py", "x.delay") == NOTHING
    assert meant(project, "tests/test_a.py", "x.delay") == "likely tests/test_p.py:Fake.delay"


def test_a_receiver_in_go_is_an_abbreviation_of_its_type() -> None:
    project = {"p/a.go": "Pool Pool.Run()", "p/b.go": "Pool.Go()", "q/c.go": "Plan Plan.Go()"}
    assert meant(project, "p/a.go:Pool.Run", "p.Go") == "sure p/b.go:Pool.Go"


# An import


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
    assert resolve(reference, surroundings([]), [section]).definitions == ()


def test_nothing_is_meant_where_nothing_is_declared() -> None:
    assert {meant({}, "a.py:A.run", written) for written in ("f", "x.f", "self.f", "super().f")} == {NOTHING}


# What is known of a file


def test_surroundings_are_imports_in_order_and_bases_by_class() -> None:
    known = surroundings([*around("b:x a:y", "A<B A<C D<B"), Reference("call", "f", "", "", "", 1)])
    assert [found.name for found in known.imports] == ["x", "y"]
    assert known.bases == {"A": {"B", "C"}, "D": {"B"}}


@pytest.mark.parametrize(
    ("imports", "expected"), [("", {"g"}), ("m:f>g", {"g", "f"}), ("m:f", {"g"}), ("m:*>g", {"g"}), ("m:g>f", {"g"})]
)
def test_a_renamed_import_is_asked_for_under_both_names(imports: str, expected: set[str]) -> None:
    assert asked_names(Reference("call", "g", "", "", "", 1), surroundings(around(imports, ""))) == expected
