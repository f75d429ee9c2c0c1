"""Questions made of sources: places as people and programs write them, and messages as programs print them."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from benchmarks.retrieval.clones import Project
from benchmarks.retrieval.frames import frame
from benchmarks.retrieval.messages import messages_questions
from benchmarks.retrieval.placeholders import filled, words_of
from benchmarks.retrieval.places import NUMBERS, places_questions
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.source_files import is_source, source_files
from benchmarks.retrieval.spellings import cased, folded, mistyped, qualified
from benchmarks.retrieval.syntax_trees import Defined, definitions, parsed_files

PROJECT = Project("name", "test", "owner/name", "python", "", "")
PYTHON = """
class RequestParser:
    def parse_header_line(self, line):
        if not line:
            raise ValueError("the header line %r is empty or missing" % line)
        log.warning(f"header {line} was folded over several lines")
        return "nothing is printed or raised with this text"

    def parse_body(self, body, length):
        if length < 0:
            raise ValueError("cannot read a body of " + str(length) + " bytes")
        print("too short")
        return body
"""
OTHERS = {
    "src/a.go": "package a\n\nfunc (s *Server) ListenAndAnswer() error {\n"
    '\treturn fmt.Errorf("the address %s is already in use", s.address)\n}\n',
    "src/b.rs": "struct WorkQueue;\nimpl WorkQueue {\n    fn take_next() {\n"
    '        panic!("no worker took the job {} in time", 1);\n    }\n}\n',
    "src/C.java": "class Clock {\n  void startTicking() {\n"
    '    throw new Bad("this clock " + x + " does not tick");\n  }\n}\n',
    "src/d.ts": "export class Drawer {\n  openSlowly() {\n"
    "    throw new Error(`the drawer ${this.name} is locked from inside`)\n  }\n}\n",
    "lib/e.ex": "defmodule Area.Square do\n  def side_length(x) do\n"
    '    raise "no square has an area of #{x}"\n  end\nend\n',
    "src/f.c": 'static int *find_free_slot(void) {\n    die("all of the slots are taken: %d\\n", 3);\n}\n',
    "tests/test_g.py": 'def test_nothing():\n    raise ValueError("tests are never asked about here")\n',
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in {"src/reading/parser.py": PYTHON, **OTHERS}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def of_kind(questions: list[Question], kind: str) -> dict[str, tuple[Span, ...]]:
    return {question.text: question.answers for question in questions if question.kind == kind}


def test_what_is_source() -> None:
    assert all(map(is_source, ("a.py", "src/latest/b.go", "lib/Contest.java", "src/testify.rs", "kernel/f.c")))
    others = "tests/a.py a_test.go src/FooTests.cs b.spec.ts docs/conf.py vendor/x.go types.d.ts x.min.js jvmTest/A.kt"
    assert not any(map(is_source, others.split()))


def test_definitions_in_many_languages(root: Path) -> None:
    found = {".".join(one.names): one for file in parsed_files(root) for one in definitions(file)}
    assert list(found) == [
        "Area.Square", "Area.Square.side_length", "Clock", "Clock.startTicking", "ListenAndAnswer", "WorkQueue",
        "take_next", "Drawer", "Drawer.openSlowly", "find_free_slot", "RequestParser",
        "RequestParser.parse_header_line", "RequestParser.parse_body",
    ]  # fmt: skip
    assert found["RequestParser.parse_header_line"] == Defined(
        "src/reading/parser.py", "python", ("RequestParser", "parse_header_line"), 3, 7
    )


def test_messages_are_printed_as_a_program_would(root: Path) -> None:
    answers = {span: question.text for question in messages_questions(PROJECT, root) for span in question.answers}
    assert sorted((span.path, span.first) for span in answers) == [
        ("lib/e.ex", 3), ("src/C.java", 3), ("src/a.go", 4), ("src/b.rs", 4), ("src/d.ts", 3), ("src/f.c", 2),
        ("src/reading/parser.py", 5), ("src/reading/parser.py", 6), ("src/reading/parser.py", 11),
    ]  # fmt: skip
    assert not [text for text in answers.values() if any(mark in text for mark in ("{", "}", "%", '"', "\\n"))]
    body = answers[Span("src/reading/parser.py", 11, 11)]
    assert "cannot read a body of " in body
    assert body.endswith(" bytes")


def test_places_lead_to_their_lines(root: Path) -> None:
    questions = places_questions(PROJECT, root)
    texts = dict(source_files(root))
    for text, (span,) in of_kind(questions, "path:line").items():
        assert span.path.rpartition("/")[2] in text
        assert str(span.first) in text
        assert texts[span.path].split("\n")[span.first - 1].strip()
    functions = {(one.path, one.first) for file in parsed_files(root) for one in definitions(file) if one.is_function}
    assert ("src/reading/parser.py", 2) not in functions
    for text, (span,) in of_kind(questions, "frame").items():
        assert str(span.first) in text
    for kind in ("typo", "case"):
        for text, answers in of_kind(questions, kind).items():
            assert text.split()[-1] not in "".join(texts.values())
            assert answers
    assert {question.kind for question in questions} == set(NUMBERS)


def test_the_same_sources_give_the_same_questions(root: Path) -> None:
    assert places_questions(PROJECT, root) == places_questions(PROJECT, root)
    assert messages_questions(PROJECT, root) == messages_questions(PROJECT, root)


def test_frames() -> None:
    def of(path: str, language: str, *names: str, surrounded: bool = False) -> str:
        return frame(Defined(path, language, names, 1, 9), 5, surrounded=surrounded)

    assert of("pkg/a.py", "python", "A", "f") == '  File "/srv/app/pkg/a.py", line 5, in f'
    assert of("x/src/main/java/org/acme/A.java", "java", "A", "f") == "\tat org.acme.A.f(A.java:5)"
    assert of("src/a.tsx", "tsx", "App") == "    at App (/srv/app/src/a.tsx:5:17)"
    surrounded = of("pkg/a.py", "python", "f", surrounded=True).split("\n")
    assert surrounded[1] == '  File "/srv/app/pkg/a.py", line 5, in f'
    assert surrounded[-1].startswith("ValueError")


def test_spellings() -> None:
    random = Random(1)
    assert folded("parseHTTPHeader") == folded("parse_http_header") == "parsehttpheader"
    assert cased("parse_header", random) in {"parse-header", "ParseHeader", "parseHeader", "parseheader"}
    typos = {mistyped("parse_header", random) for _ in range(50)}
    assert len(typos) > 20
    assert {abs(len(typo) - len("parse_header")) for typo in typos} == {0, 1}
    names = {
        ("src/pkg/a.py", "python"): "pkg.a.A.f",
        ("src/main/java/org/acme/A.java", "java"): "org.acme.A.f",
        ("src/Acme/A.php", "php"): "Acme\\A::f",
        ("net/pool.rs", "rust"): "net::pool::A::f",
    }
    assert {key: qualified(Defined(*key, ("A", "f"), 1, 9)) for key in names} == names


@pytest.mark.parametrize(
    ("literal", "printed"),
    [
        ("100%% of %d files", r"100% of \d+ files"),
        ("no key %(name)s, %r or %-5.2f", r"no key \S+, '\S+' or \d+"),
        (r"{} of {total:>5} in #{place} and ${x.y} and \\(z)", r"\S+ of \S+ in \S+ and \S+ and \S+"),
        (r"first\nsecond", "first"),
        ("a {{brace}}", "a {brace}"),
        (r"\x1b[0m red", None),
        ("open ${x", None),
    ],
)
def test_placeholders_are_filled(literal: str, printed: str | None) -> None:
    text = filled(literal.replace("\\\\(", "\\("), Random(1))
    if printed is None:
        assert text is None
    else:
        assert text
        assert re.fullmatch(printed, text)


def test_words_are_counted_without_placeholders() -> None:
    assert words_of("no %s of {name} is $left here") == 4
    assert words_of("./a-path/of-several/words") == 1
