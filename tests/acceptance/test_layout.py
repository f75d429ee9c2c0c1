"""What the server reads, writes and says: nothing undeclared, nothing in the wrong place, no secret anywhere."""

from __future__ import annotations

import ast
import json
import re
import shutil
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.brain import TOKEN, ServerProcess, configure, write_files
from support.cli import clean_environment, free_port
from support.embedding_endpoint import EmbeddingEndpoint

REPOSITORY = Path(__file__).parents[2]
PACKAGES = {
    "agent_brain_server": REPOSITORY / "server",
    "agent_brain_client": REPOSITORY / "server_client",
    "agent_brain_contract": REPOSITORY / "server_client",
    "agent_brain_wizard": REPOSITORY / "wizard",
}
API_KEY = "sk-test-0123456789-secret"
RETRY = "def schedule_retry(delay):\n    return delay * 2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    configure(project)
    write_files(project, {"retry.py": RETRY})
    return project


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return clean_environment(home)


def state_of(root: Path) -> Path:
    return root / ".claude" / "agent-brain"


def set_config(root: Path, **config: object) -> None:
    (state_of(root) / "config.yaml").write_text(json.dumps(config), "utf-8")


def run_server(root: Path, environment: Mapping[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is to refuse, to its end."""
    command = [sys.executable, "-m", "agent_brain_server", "--project", str(root), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=dict(environment))


def imported(directory: Path) -> Iterator[tuple[str, Path]]:
    """The top-level names that the sources import, wherever in the file."""
    for path in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0], path


def declared() -> set[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[\s<>=!~\[;]", one)[0].lower().replace("_", "-") for one in project["dependencies"]}


def test_every_import_is_declared() -> None:
    known = declared()
    distributions = packages_distributions()
    missing = {}
    for package, directory in PACKAGES.items():
        for name, path in imported(directory / package):
            if name in sys.stdlib_module_names or name in PACKAGES:
                continue
            providers = {one.lower().replace("_", "-") for one in distributions.get(name, [name])}
            if not providers & known:
                missing[name] = str(path.relative_to(REPOSITORY))
    assert missing == {}


def test_every_grammar_that_is_loaded_by_name_is_declared() -> None:
    chunking = REPOSITORY / "server" / "agent_brain_server" / "indexing" / "chunking"
    named = set(re.findall(r'"(tree_sitter_[a-z_]+)"', "".join(path.read_text() for path in chunking.rglob("*.py"))))
    grammars = {name for name in declared() if name.startswith("tree-sitter-")}
    assert {name.replace("_", "-") for name in named} <= grammars


def test_the_working_directory_is_left_alone(
    root: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = {path.relative_to(root) for path in root.rglob("*")}
    with ServerProcess(root, environment) as server:
        server.index()
        assert server.http.post("/query", json={"query": "retry"}).json()["results"]
    written = {path.relative_to(root).as_posix() for path in root.rglob("*")} - {path.as_posix() for path in before}
    assert list(elsewhere.iterdir()) == []
    assert list(Path(environment["HOME"]).iterdir()) == []
    assert all(name.startswith(".claude/agent-brain/") for name in written), written
    assert "server.json" not in {Path(name).name for name in written}


def test_a_users_folder_of_our_name_is_not_imported(
    root: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = "raise SystemExit('imported from the project')\n"
    write_files(root, {f"{name}/__init__.py": trap for name in ("server", "wizard", "indexing", "storage", "settings")})
    monkeypatch.chdir(root)
    with ServerProcess(root, environment) as server:
        assert server.index()["progress"]["files_done"] == 6


def test_what_the_server_writes_is_for_its_owner(root: Path, environment: dict[str, str]) -> None:
    shutil.rmtree(state_of(root))
    environment |= {"AGENT_BRAIN_PORT": "0", "AGENT_BRAIN_INDEX_WATCH": "false", "AGENT_BRAIN_TOKEN": TOKEN}
    state_of(root).mkdir(mode=0o700)
    server = ServerProcess(root, environment, prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    with server:
        server.index()
        assert server.http.post("/query", json={"query": "retry", "mode": "vector"}).status_code == 200
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in state_of(root).rglob("*")
            if path.is_file() and path.name != "test.log"
        }
    assert {"index.db", "index.db-wal", "index.vectors", "server.json"} <= set(modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_a_state_directory_that_the_server_makes_is_for_its_owner(root: Path, environment: dict[str, str]) -> None:
    shutil.rmtree(state_of(root))
    command = ["sh", "-c", 'umask 000; exec "$@"', "sh", sys.executable, "-m", "agent_brain_server"]
    environment |= {"AGENT_BRAIN_PORT": "0", "AGENT_BRAIN_STORAGE_URL": "nothing", "AGENT_BRAIN_TOKEN": TOKEN}
    done = subprocess.run([*command, "--project", str(root)], env=environment, capture_output=True, timeout=30)
    assert done.returncode == 2
    assert stat.S_IMODE(state_of(root).stat().st_mode) == 0o700


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint(dimensions=8) as running:
        yield running


def test_secrets_are_nowhere(root: Path, environment: dict[str, str], endpoint: EmbeddingEndpoint) -> None:
    provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "test"}
    configure(root, embedding=provider, log_level="debug")
    (root / ".env.agent-brain").write_text(f"AGENT_BRAIN_TOKEN={TOKEN}\nAGENT_BRAIN_EMBEDDING_API_KEY={API_KEY}\n")
    write_files(root, {".env": f"OTHER_KEY={API_KEY}\n", "config/id_rsa": TOKEN})
    with ServerProcess(root, environment) as server:
        endpoint.fail("status", status=500, message=f"the key {API_KEY} was not accepted")
        server.index()
        said = [server.http.get(path).text for path in ("/metrics", "/health", "/health/status", "/index/jobs")]
        said += [server.http.post("/query", json={"query": query, "top_k": 200}).text for query in ("key", TOKEN)]
        endpoint.fail("status", status=401)
        said.append(server.http.post("/query", json={"query": "refused"}).text)
        said.append(server.http.get("/nothing", headers={"Authorization": "Bearer wrong"}).text)
        said.append(server.server_file.read_text())
        said += psutil.Process(server.process.pid).cmdline()
    assert f"Bearer {API_KEY}" in endpoint.keys, "the key is used"
    held = [path.read_bytes() for path in state_of(root).rglob("*") if path.is_file()]
    for secret in (API_KEY, TOKEN):
        assert not [text for text in said if secret in text]
        assert not [content for content in held if secret.encode() in content]


LAYERS = ("flag", "environment", ".env.agent-brain", ".env", "config.yaml")


@pytest.mark.parametrize("strongest", [*LAYERS, "default"])
def test_the_nearer_setting_wins(root: Path, environment: dict[str, str], strongest: str) -> None:
    """Each place asks for a port of its own; those nearer than `strongest` say nothing."""
    given = LAYERS[LAYERS.index(strongest) :] if strongest in LAYERS else ()
    ports = {layer: free_port() for layer in given}
    line = "AGENT_BRAIN_PORT={}\n".format
    set_config(root, index={"watch": False}, **({"port": ports["config.yaml"]} if "config.yaml" in ports else {}))
    (root / ".env").write_text(line(ports[".env"]) if ".env" in ports else "UNRELATED=1\n")
    own = line(ports[".env.agent-brain"]) if ".env.agent-brain" in ports else ""
    (root / ".env.agent-brain").write_text(f"AGENT_BRAIN_TOKEN={TOKEN}\n{own}")
    if "environment" in ports:
        environment["AGENT_BRAIN_PORT"] = str(ports["environment"])
    flags = ["--port", str(ports["flag"])] if "flag" in ports else []
    expected = ports.get(strongest, 8317)
    assert port_of(root, environment, flags) == expected


def port_of(root: Path, environment: dict[str, str], flags: list[str]) -> int:
    """The port that the server takes, or says that it would have taken."""
    command = [sys.executable, "-m", "agent_brain_server", "--project", str(root), *flags]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True)
    try:
        while not (state_of(root) / "server.json").exists():
            if process.poll() is not None:
                assert process.stderr is not None
                return int(re.findall(r"port (\d+) is taken", process.stderr.read())[0])
            time.sleep(0.01)
        url = json.loads((state_of(root) / "server.json").read_text())["url"]
        return int(url.rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate(timeout=15)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"stroage": {"url": "x"}}, "stroage in .claude/agent-brain/config.yaml is not a setting."),
        ({"index": {"watcher": True}}, "index.watcher in .claude/agent-brain/config.yaml is not a setting."),
        (
            {"embedding": {"provider": "magic"}},
            "the setting embedding.provider must be 'built-in', 'openai-compatible' or 'none', not 'magic'.",
        ),
        ({"port": "many"}, "the setting port must be a whole number, not 'many'."),
    ],
)
def test_a_setting_that_is_not_understood_is_named(
    root: Path, environment: dict[str, str], config: dict[str, Any], sentence: str
) -> None:
    set_config(root, **config)
    done = run_server(root, environment)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_another_model_is_refused_until_it_is_asked_for(
    root: Path, environment: dict[str, str], endpoint: EmbeddingEndpoint
) -> None:
    with ServerProcess(root, environment) as server:
        server.index()
    provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "other"}
    configure(root, embedding=provider)
    done = run_server(root, environment)
    assert done.returncode == 2
    assert "agent-brain start --reindex" in done.stderr
    assert "built-in" in done.stderr
    assert "other (8" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1

    with ServerProcess(root, environment, flags=["--reindex"]) as server:
        assert server.http.get("/health/status").json()["embedding"]["name"] == "other"
        assert server.wait(1)["progress"]["texts_embedded"] == 1  # the job that the flag queues
        found = server.http.post("/query", json={"query": "anything", "mode": "vector"}).json()["results"]
        assert [result["path"] for result in found] == ["retry.py"]
    with ServerProcess(root, environment) as server:
        assert server.index()["progress"]["texts_embedded"] == 0


def test_keyword_search_works_without_embedding_and_vectors_come_by_reindex(
    root: Path, environment: dict[str, str]
) -> None:
    configure(root, embedding={"provider": "none"})
    with ServerProcess(root, environment) as server:
        server.index()
        assert server.http.post("/query", json={"query": "retry"}).json()["mode"] == "bm25"
    configure(root)
    assert "agent-brain start --reindex" in run_server(root, environment).stderr
    with ServerProcess(root, environment, flags=["--reindex"]) as server:
        server.index()
        assert server.http.post("/query", json={"query": "retry", "mode": "vector"}).json()["results"]


def test_an_idle_server_ends_and_takes_its_file_along(root: Path, environment: dict[str, str]) -> None:
    configure(root, idle_stop_minutes=0.05)
    server = ServerProcess(root, environment)
    server.start()
    server.index()
    try:
        for _ in range(20):
            server.http.get("/health")
            time.sleep(0.05)
        assert server.process.wait(15) == 0, "health checks keep no server awake"
    finally:
        server.stop()
    assert not server.server_file.exists()
    assert "stopping: no request for the idle time" in (state_of(root) / "test.log").read_text()


def test_a_server_that_is_asked_does_not_idle(root: Path, environment: dict[str, str]) -> None:
    configure(root, idle_stop_minutes=0.05)
    with ServerProcess(root, environment) as server:
        for _ in range(10):
            time.sleep(0.5)
            assert server.http.get("/health/status").status_code == 200
        assert server.process.poll() is None


def test_a_second_server_of_the_same_project_is_refused(root: Path, environment: dict[str, str]) -> None:
    with ServerProcess(root, environment) as server:
        done = run_server(root, environment)
        assert done.returncode == 3
        assert "agent-brain status" in done.stderr
        assert server.http.get("/health").json()["pid"] == server.process.pid
        assert json.loads(server.server_file.read_text())["pid"] == server.process.pid


def test_a_server_without_a_token_does_not_start(root: Path, environment: dict[str, str]) -> None:
    (root / ".env.agent-brain").unlink()
    done = run_server(root, environment)
    assert done.returncode == 2
    assert "agent-brain setup --yes" in done.stderr
