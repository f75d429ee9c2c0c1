"""An import names a file by the last parts of its path."""

from __future__ import annotations

import pytest

from agent_brain_server.retrieval.code_graph.modules import local_name, names_file

NAMED = {
    "python": [
        ("app.search", "tests/test_a.py", "server/app/search.py"),
        ("app.search", "a.py", "app/search/__init__.py"),
        ("app", "a.py", "src/app/__init__.py"),
        (".search", "app/a.py", "app/search.py"),
        ("..search", "app/sub/a.py", "app/search.py"),
        ("..sub.search", "app/other/a.py", "app/sub/search.py"),
        (".", "app/a.py", "app/__init__.py"),
        (".search", "a.py", "search.py"),
    ],
    "javascript": [
        ("./search", "src/a.ts", "src/search.ts"),
        ("./search.js", "src/a.ts", "src/search.ts"),
        ("./search", "src/a.js", "src/search/index.jsx"),
        ("../search", "src/sub/a.js", "src/search.js"),
        ("./sub/search", "src/a.js", "src/sub/search.vue"),
        ("./search", "a.js", "search.js"),
        (".", "src/a.js", "src/index.js"),
        ("..", "src/sub/a.js", "src/index.js"),
    ],
    "c": [
        ("util.h", "src/a.c", "src/util.h"),
        ("util.h", "src/a.c", "lib/util.c"),
        ("net/sock.h", "src/a.c", "include/net/sock.h"),
        ("../net/sock.h", "src/a.c", "net/sock.h"),
    ],
    "java": [
        ("com.acme.Pool", "A.java", "src/main/java/com/acme/Pool.java"),
        ("com.acme", "A.java", "src/main/java/com/acme/Pool.java"),
        ("com.acme.pool", "A.kt", "src/main/kotlin/com/acme/pool/Take.kt"),
    ],
    "rust": [
        ("crate.net.sock", "src/a.rs", "src/net/sock.rs"),
        ("crate.net", "src/a.rs", "src/net/mod.rs"),
        ("crate", "src/net/sock.rs", "src/lib.rs"),
        ("super.sock", "src/net/a.rs", "src/net/sock.rs"),
        ("self.sock", "src/net/mod.rs", "src/net/sock.rs"),
    ],
    "go": [
        ("github.com/acme/echo/v4/middleware", "a.go", "middleware/log.go"),
        ("github.com/acme/echo/internal/pool", "cmd/a.go", "internal/pool/take.go"),
        ("github.com/acme/pool/v2", "a.go", "pool/take.go"),
    ],
    "ruby": [
        ("sidekiq/api", "a.rb", "lib/sidekiq/api.rb"),
        ("../lib/pool", "test/a.rb", "lib/pool.rb"),
        ("pool", "lib/a.rb", "lib/pool.rb"),
    ],
    "lua": [
        ("net.pool", "a.lua", "lua/net/pool.lua"),
        ("net/pool", "a.lua", "net/pool.lua"),
        ("net.pool", "a.lua", "lua/net/pool/init.lua"),
    ],
    "php": [
        ("App.Pool.Taker", "a.php", "app/Pool/Taker.php"),
        ("lib/x.php", "a.php", "lib/x.php"),
    ],
    "others": [
        ("./lib/x.sh", "a.sh", "lib/x.sh"),
        ("x.zig", "src/a.zig", "src/x.zig"),
        ("Data.Pool", "A.hs", "src/Data/Pool.hs"),
    ],
}
NOT_NAMED = [
    ("app.search", "a.py", "app/research.py"),
    ("app.search", "a.py", "other/search.py"),
    ("app.search", "a.py", "app/index.py"),
    (".search", "app/a.py", "lib/search.py"),
    ("..search", "app/sub/a.py", "app/sub/search.py"),
    ("./search", "src/a.js", "lib/search.js"),
    ("./search", "a.js", "lib/search.js"),
    ("./search", "src/a.js", "search.js"),
    ("util.h", "a.c", "lib/h.c"),
    ("com.acme.Pool", "A.java", "com/other/Pool.java"),
    ("crate.net", "src/a.rs", "src/inet.rs"),
    ("github.com/acme/echo/v4", "a.go", "middleware/log.go"),
    ("", "a.py", "a.py"),
    ("::", "a.rs", "a.rs"),
]


@pytest.mark.parametrize(
    ("module", "importer", "path"),
    [pytest.param(*case, id=f"{language}-{case[0]}-{case[2]}") for language, cases in NAMED.items() for case in cases],
)
def test_a_module_names_its_file(module: str, importer: str, path: str) -> None:
    assert names_file(module, importer, path)


@pytest.mark.parametrize(("module", "importer", "path"), NOT_NAMED)
def test_a_module_does_not_name_others(module: str, importer: str, path: str) -> None:
    assert not names_file(module, importer, path)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("fmt", "fmt"),
        ("net/http", "http"),
        ("github.com/acme/echo/v4", "echo"),
        ("gopkg.in/yaml.v3", "yaml"),
        ("app.search", "search"),
        ("sidekiq/api", "api"),
        ("", ""),
        ("/", ""),
    ],
)
def test_a_module_is_called_by_its_last_part(module: str, name: str) -> None:
    assert local_name(module) == name
