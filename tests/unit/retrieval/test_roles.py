"""The role of a file follows from its path."""

from __future__ import annotations

import pytest

from agent_brain_server.retrieval.ranking.roles import LONGEST_LINE, role_of, role_of_text

PATHS = {
    "source": """
        src/app.py Makefile src/contest/latest.py attestation.go protest.c Contest.java detest/greatest.rb
        inspector/view.js src/testimony.py lib/samplesize.c src/vendors.py src/builder/plan.ts specialist.py
        src/indexing/changes.py src/router/history.ts cmd/license.go app/news.rb
    """,
    "test": """
        tests/unit/helper.py test_pool.py pool_test.go pool.test.ts pool.spec.js pool_spec.rb src/test/java/Pool.java
        PoolTest.java PoolTests.cs conftest.py tests.py test.c App.Tests/Pool.cs web/__tests__/a.js testdata/pool.json
        spec/README.md core-tests/pool.rs Tests/Pool.swift integration_tests/run.py
    """,
    "example": "examples/pool.py docs/Examples/README.md demo/app.js benchmarks/run.py benches/pool.rs samples/a.c",
    "document": "README.md docs/search.rst guide/index.html man/tool.1 notes.TXT",
    "history": "CHANGELOG.md CHANGES HISTORY.rst docs/release-notes.md LICENSE licence.txt COPYING AUTHORS NEWS.md",
    "generated": """
        web/app.min.js pool_pb2.py pool_pb2_grpc.py pool.pb.go model.g.dart Form1.Designer.cs uv.lock package-lock.json
        dist/app.js api_generated.go
    """,
    "vendored": "vendor/pool.go third_party/pool.c third-party/x.h node_modules/pool/test/index.js a/_vendor/b.py",
    "declaration": "types/index.d.ts pool.pyi lib/pool.d.mts",
}


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PATHS.items() for path in paths.split()])
def test_roles(role: str, path: str) -> None:
    assert role_of(path) == role


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("x" * LONGEST_LINE, False),
        ("x" * (LONGEST_LINE + 1), True),
        ("x" * (LONGEST_LINE + 1) + "\nx", False),
        ("x" * 50 + "\n" + "y" * 1_000, True),
    ],
)
def test_longer_lines_than_anyone_writes_are_of_a_machine(text: str, *, expected: bool) -> None:
    assert (role_of_text("src/app.js", text) == "generated") is expected
    assert role_of_text("README.md", text) == "document", "a paragraph may be one line"
