"""The languages that are cut by their syntax tree."""

from __future__ import annotations

from agent_brain_server.indexing.chunking.grammar import Syntax
from agent_brain_server.indexing.chunking.syntaxes.c_family import CPP, C
from agent_brain_server.indexing.chunking.syntaxes.functional import ELIXIR, HASKELL
from agent_brain_server.indexing.chunking.syntaxes.javascript import JAVASCRIPT, TSX, TYPESCRIPT
from agent_brain_server.indexing.chunking.syntaxes.managed import CSHARP, JAVA, KOTLIN, SCALA, SWIFT
from agent_brain_server.indexing.chunking.syntaxes.scripting import BASH, LUA, PHP, PYTHON, RUBY
from agent_brain_server.indexing.chunking.syntaxes.systems import GO, RUST, ZIG

__all__ = ["JAVASCRIPT", "SYNTAXES", "TYPESCRIPT", "syntax_for"]

SYNTAXES: dict[str, Syntax] = {
    "bash": BASH,
    "c": C,
    "cpp": CPP,
    "csharp": CSHARP,
    "elixir": ELIXIR,
    "go": GO,
    "haskell": HASKELL,
    "java": JAVA,
    "javascript": JAVASCRIPT,
    "kotlin": KOTLIN,
    "lua": LUA,
    "php": PHP,
    "python": PYTHON,
    "ruby": RUBY,
    "rust": RUST,
    "scala": SCALA,
    "swift": SWIFT,
    "tsx": TSX,
    "typescript": TYPESCRIPT,
    "zig": ZIG,
}


def syntax_for(path: str, language: str) -> Syntax | None:
    """Return the syntax of a file, None where its language has none. `.tsx` is TypeScript with another grammar."""
    if language == "typescript" and path.lower().endswith(".tsx"):
        return TSX
    return SYNTAXES.get(language)
