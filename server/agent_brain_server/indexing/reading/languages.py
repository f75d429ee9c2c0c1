"""The language of a file, by its name, else by its first line."""

from __future__ import annotations

import re
from posixpath import basename

_EXTENSIONS = {
    "python": "py pyi pyw pyx pxd py3 wsgi",
    "javascript": "js mjs cjs jsx es6",
    "typescript": "ts tsx mts cts",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc sbt",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hh hpp hxx h++ ipp inl tpp cu cuh ino",
    "csharp": "cs csx",
    "ruby": "rb rake gemspec ru",
    "php": "php php3 php4 php5 phtml",
    "swift": "swift",
    "lua": "lua",
    "elixir": "ex exs",
    "haskell": "hs lhs",
    "zig": "zig zon",
    "bash": "sh bash zsh ksh bats",
    "sql": "sql ddl psql pgsql",
    "markdown": "md markdown mdx mkd mdown rmd qmd",
    "rst": "rst rest",
    "notebook": "ipynb",
    "html": "html htm xhtml",
    "vue": "vue",
    "svelte": "svelte",
    "css": "css scss sass less",
    "yaml": "yml yaml",
    "toml": "toml",
    "json": "json jsonc json5 webmanifest geojson",
    "jsonl": "jsonl ndjson",
    "xml": "xml xsd xsl xslt svg plist csproj props targets wsdl",
    "pdf": "pdf",
    "ini": "ini cfg conf properties editorconfig",
    "csv": "csv tsv",
    "terraform": "tf tfvars hcl",
    "protobuf": "proto",
    "graphql": "graphql gql",
    "dockerfile": "dockerfile",
    "make": "mk mak",
    "cmake": "cmake",
    "gradle": "gradle",
    "groovy": "groovy",
    "perl": "pl pm",
    "r": "r",
    "julia": "jl",
    "dart": "dart",
    "clojure": "clj cljs cljc edn",
    "erlang": "erl hrl",
    "ocaml": "ml mli",
    "fsharp": "fs fsi fsx",
    "lisp": "lisp el scm rkt",
    "objc": "m mm",
    "powershell": "ps1 psm1 psd1",
    "batch": "bat cmd",
    "nix": "nix",
    "solidity": "sol",
    "fish": "fish",
    "vim": "vim",
    "tex": "tex bib sty",
    "asciidoc": "adoc asciidoc",
    "org": "org",
    "jinja": "j2 jinja jinja2",
    "assembly": "s asm",
    "fortran": "f f90 f95 for",
    "pascal": "pas",
    "diff": "diff patch",
    "text": "txt text log",
}
_NAMES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gnumakefile": "make",
    "cmakelists.txt": "cmake",
    "rakefile": "ruby",
    "gemfile": "ruby",
    "podfile": "ruby",
    "vagrantfile": "ruby",
    "brewfile": "ruby",
    "jenkinsfile": "groovy",
    "sconstruct": "python",
    "sconscript": "python",
    "build.bazel": "python",
    ".bashrc": "bash",
    ".bash_profile": "bash",
    ".profile": "bash",
    ".zshrc": "bash",
    ".envrc": "bash",
    "pipfile": "toml",
    "cargo.lock": "toml",
    "poetry.lock": "toml",
    "uv.lock": "toml",
    "composer.lock": "json",
    "pipfile.lock": "json",
    ".babelrc": "json",
    ".eslintrc": "json",
    ".prettierrc": "json",
    ".clang-format": "yaml",
    ".gitconfig": "ini",
}
_INTERPRETERS = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "nodejs": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "ts-node": "typescript",
    "ruby": "ruby",
    "php": "php",
    "lua": "lua",
    "luajit": "lua",
    "elixir": "elixir",
    "runhaskell": "haskell",
    "runghc": "haskell",
    "scala": "scala",
    "kotlin": "kotlin",
    "swift": "swift",
    "sh": "bash",
    "bash": "bash",
    "dash": "bash",
    "ash": "bash",
    "zsh": "bash",
    "ksh": "bash",
    "fish": "fish",
    "perl": "perl",
    "rscript": "r",
    "julia": "julia",
    "make": "make",
    "pwsh": "powershell",
    "groovy": "groovy",
}
_BY_EXTENSION = {extension: language for language, all_ in _EXTENSIONS.items() for extension in all_.split()}
_SHEBANG = re.compile(rb"#!\s*(?:\S*/)?env(?:\s+-\S+|\s+\w+=\S*)*\s+(?:\S*/)?([\w-]+)|#!\s*(?:\S*/)?([\w-]+)")
_CPP_HEADER = re.compile(
    rb"^[ \t]*(?:class\s+\w|namespace\b|template\s*<|using\s+\w|(?:public|private|protected)\s*:)", re.MULTILINE
)
_OBJC = re.compile(rb"^[ \t]*(?:@interface|@implementation|@protocol|@import|#import)\b", re.MULTILINE)


def detect_language(path: str, head: bytes = b"") -> str:
    """Return the language of a file, `text` where nothing says more. `head` is the start of its content, if known."""
    name = basename(path.replace("\\", "/")).lower()
    if (language := _by_name(name)) is not None:
        return _look_closer(language, name, head)
    return _by_shebang(head) or "text"


def _by_name(name: str) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    if name.startswith("makefile."):
        return "make"
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return None
    return _BY_EXTENSION.get(extension)


def _look_closer(language: str, name: str, head: bytes) -> str:
    """Decide by the start of the file where two languages share an extension."""
    if language == "c" and name.endswith(".h"):
        if _OBJC.search(head):
            return "objc"
        return "cpp" if _CPP_HEADER.search(head) else "c"
    if language == "objc" and head and name.endswith(".m") and not _OBJC.search(head):
        return "matlab"
    return language


def _by_shebang(head: bytes) -> str | None:
    match = _SHEBANG.match(head.removeprefix(b"\xef\xbb\xbf")[:200].partition(b"\n")[0])
    if match is None:
        return None
    interpreter = (match.group(1) or match.group(2)).decode("ascii").lower()
    return _INTERPRETERS.get(interpreter) or _INTERPRETERS.get(interpreter.rstrip("0123456789.-"))
