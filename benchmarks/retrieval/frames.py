"""A line of a stack trace as each language's runtime prints it, alone or between frames of its standard library."""

from __future__ import annotations

from pathlib import PurePosixPath

from benchmarks.retrieval.syntax_trees import Defined

_PREFIX = "/srv/app"
_BY_LANGUAGE = {
    "python": '  File "{file}", line {line}, in {name}',
    "javascript": "    at {dotted} ({file}:{line}:17)",
    "go": "main.{dotted}(0xc000102000)\n\t{file}:{line} +0x1d",
    "rust": "  12: app::{colons}\n             at {file}:{line}:9",
    "java": "\tat {package}.{dotted}({base}:{line})",
    "csharp": "   at App.{dotted}() in {file}:line {line}",
    "ruby": "{file}:{line}:in '{name}'",
    "php": "#0 {file}({line}): {arrow}()",
    "c": "#3  0x00005583a1b2 in {colons} () at {file}:{line}",
    "swift": "2   App  0x0000000104c1 {dotted} + 132 at {file}:{line}",
    "lua": "\t{file}:{line}: in function '{name}'",
    "elixir": "    (app 1.0.0) {path}:{line}: {dotted}/1",
    "haskell": "CallStack (from HasCallStack):\n  error, called at {path}:{line}:12 in app",
    "zig": "{file}:{line}:9: 0x10a4f2 in {name} (app)",
    "bash": "{file}: line {line}: {name}: command not found",
}
_LIKE = {"typescript": "javascript", "tsx": "javascript", "kotlin": "java", "scala": "java", "cpp": "c"}
_SURROUNDED = {
    "python": (
        "Traceback (most recent call last):\n{frame}\n"
        '  File "/usr/lib/python3.12/json/decoder.py", line 355, in raw_decode\n'
        "ValueError: Expecting value: line 1 column 1 (char 0)"
    ),
    "javascript": (
        "TypeError: Cannot read properties of undefined\n    at Array.map (<anonymous>)\n{frame}\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"
    ),
    "go": (
        "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\n{frame}\n"
        "runtime.main()\n\t/usr/local/go/src/runtime/proc.go:271 +0x29d"
    ),
    "java": (
        "java.lang.NullPointerException\n\tat java.base/java.util.Objects.requireNonNull(Objects.java:233)\n{frame}\n"
        "\tat java.base/java.lang.Thread.run(Thread.java:1583)"
    ),
    "ruby": "{frame}: undefined method for nil (NoMethodError)\n\tfrom /usr/lib/ruby/3.2.0/set.rb:501:in 'each'",
}


def frame(defined: Defined, line: int, *, surrounded: bool) -> str:
    """Return the frame of a line in a definition; `surrounded` by others where the language's traces have some here."""
    language = _LIKE.get(defined.language, defined.language)
    path = PurePosixPath(defined.path)
    text = _BY_LANGUAGE[language].format(
        file=f"{_PREFIX}/{defined.path}",
        path=defined.path,
        base=path.name,
        line=line,
        name=defined.name,
        dotted=".".join(defined.names),
        colons="::".join(defined.names),
        arrow="->".join(defined.names[-2:]),
        package=package_of(defined.path) or "app",
    )
    return _SURROUNDED[language].replace("{frame}", text) if surrounded and language in _SURROUNDED else text


def package_of(path: str) -> str:
    """Return the package that the folders of a file name, as the JVM's languages have it."""
    folders = PurePosixPath(path).parent.parts
    roots = ("java", "kotlin", "scala", "src", "main")
    start = max((number + 1 for number, folder in enumerate(folders) if folder.split("-")[-1] in roots), default=0)
    return ".".join(folders[start:])
