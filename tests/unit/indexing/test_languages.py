"""The language of a file."""

from __future__ import annotations

import pytest

from agent_brain_server.indexing.reading.languages import detect_language


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/a.py", "python"),
        ("a.PY", "python"),
        ("types.pyi", "python"),
        ("a.js", "javascript"),
        ("a.jsx", "javascript"),
        ("a.mjs", "javascript"),
        ("a.ts", "typescript"),
        ("a.tsx", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.go", "go"),
        ("a.rs", "rust"),
        ("a.java", "java"),
        ("a.kt", "kotlin"),
        ("build.gradle.kts", "kotlin"),
        ("a.scala", "scala"),
        ("a.c", "c"),
        ("a.h", "c"),
        ("a.hpp", "cpp"),
        ("a.cc", "cpp"),
        ("a.cs", "csharp"),
        ("a.rb", "ruby"),
        ("Rakefile", "ruby"),
        ("a.php", "php"),
        ("a.swift", "swift"),
        ("a.lua", "lua"),
        ("a.exs", "elixir"),
        ("a.hs", "haskell"),
        ("a.zig", "zig"),
        ("a.sh", "bash"),
        (".bashrc", "bash"),
        ("a.sql", "sql"),
        ("README.md", "markdown"),
        ("docs/index.rst", "rst"),
        ("a.ipynb", "notebook"),
        ("a.html", "html"),
        ("a.vue", "vue"),
        ("a.scss", "css"),
        ("a.yml", "yaml"),
        ("pyproject.toml", "toml"),
        ("Cargo.lock", "toml"),
        ("package.json", "json"),
        ("a.pdf", "pdf"),
        ("a.txt", "text"),
        ("CMakeLists.txt", "cmake"),
        ("deep/er/Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("Makefile", "make"),
        ("main.tf", "terraform"),
        ("LICENSE", "text"),
        (".gitignore", "text"),
        ("a.unknown", "text"),
        ("dir.py/file", "text"),
        ("a\\b\\c.py", "python"),
        ("", "text"),
    ],
)
def test_by_name(path: str, language: str) -> None:
    assert detect_language(path) == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/bin/sh\n", "bash"),
        (b"#!/usr/bin/env python3\n", "python"),
        (b"#!/usr/bin/python3.11 -u\n", "python"),
        (b"#! /usr/bin/env -S node --flag\n", "javascript"),
        (b"#!/usr/bin/env FOO=1 ruby\n", "ruby"),
        (b"\xef\xbb\xbf#!/bin/bash\n", "bash"),
        (b"#!/usr/bin/env unknown\n", "text"),
        (b"#!", "text"),
        (b"# no shebang\n", "text"),
        (b"\xff\xfe\x00", "text"),
        (b"", "text"),
    ],
)
def test_by_first_line(head: bytes, language: str) -> None:
    assert detect_language("bin/tool", head) == language


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        ("a.h", b"#pragma once\nint f(void);\n", "c"),
        ("a.h", b"#pragma once\nnamespace a {\n", "cpp"),
        ("a.h", b"template <typename T>\nT f();\n", "cpp"),
        ("a.h", b"#import <Foundation/Foundation.h>\n@interface A\n", "objc"),
        ("a.m", b'#import "A.h"\n@implementation A\n', "objc"),
        ("a.m", b"function y = f(x)\n", "matlab"),
        ("a.py", b"#!/bin/sh\n", "python"),
    ],
)
def test_a_closer_look(path: str, head: bytes, language: str) -> None:
    assert detect_language(path, head) == language
