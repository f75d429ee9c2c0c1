"""What a member of the enclosing class, of a module or of a type means: each rule on the smallest project."""

from __future__ import annotations

import pytest

from unit.retrieval.small_projects import NOTHING, Project, meant

# A member of the enclosing class


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
