"""The plugin in the real Claude Code client: checked, installed, loaded, typed, updated and taken out again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.claude import ROOT, VERSIONS, Client, plugin_tree, require_client
from support.cli import CliProject, cli_project

COMMANDS = {
    f"agent-brain:{verb}" for verb in ("search", "setup", "status", "index", "start", "stop", "doctor", "uninstall")
}
HOSTILE = """"; touch pwned; ' $(touch pwned) `touch pwned` !`touch pwned` --project /etc"""
NOT_LOGGED_IN = "Not logged in"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin as it would be cloned, in a folder with a space in its name."""
    return plugin_tree(tmp_path_factory.mktemp("clone") / "agent brain")


@pytest.fixture(scope="module", autouse=True)
def own_home_unchanged() -> Iterator[None]:
    """No test leaves a trace in the settings of whoever runs them."""
    before = settings_hashes()
    yield
    assert settings_hashes() == before


def settings_hashes() -> dict[str, str]:
    own = Path.home() / ".claude"
    names = ("settings.json", "plugins/installed_plugins.json", "plugins/known_marketplaces.json")
    return {name: hashlib.sha256((own / name).read_bytes()).hexdigest() for name in names if (own / name).exists()}


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return make_client(request.param, tmp_path)


@pytest.fixture
def newest(tmp_path: Path) -> Client:
    return make_client(VERSIONS[0], tmp_path)


def make_client(version: str, place: Path) -> Client:
    require_client(version)
    project = place / "my project"
    (project / ".git").mkdir(parents=True)
    return Client(version, place / "client home", project, {"AGENT_BRAIN_PYTHON": sys.executable})


def assert_loaded(client: Client, *flags: str | Path) -> None:
    """All of the plugin is there, and its hook ended well."""
    session = client.handshake(*flags)
    assert session.commands() == COMMANDS
    server = session.mcp_server()
    assert server["status"] == "connected", server
    assert {tool["name"] for tool in server["tools"]} == {"search", "read", "status"}
    answers = session.hook_answers()
    assert [(answer["exit_code"], answer["stderr"]) for answer in answers] == [(0, "")]
    listed = json.loads(client.ok(*flags, "plugin", "list", "--json"))
    assert [plugin.get("errors") for plugin in listed] == [None]


def test_it_is_valid(client: Client, tree: Path) -> None:
    client.ok("plugin", "validate", tree, "--strict")


def test_the_plugin_directory_would_take_it(newest: Client, tree: Path) -> None:
    assert "nothing to report" in newest.ok("plugin", "validate", tree, "--strict", "--profile", "directory")


def test_a_session_loads_exactly_what_is_ours(client: Client, tree: Path) -> None:
    assert_loaded(client, "--plugin-dir", tree)


def test_a_zip_loads_too(newest: Client, tree: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "agent-brain"), "zip", tree)
    session = newest.handshake("--plugin-dir", archive)
    assert session.commands() == COMMANDS
    assert session.mcp_server()["status"] == "connected"


def test_installed_from_a_repository_updated_and_removed(client: Client, tmp_path: Path) -> None:
    clone = repository(tmp_path / "one", tmp_path / "served" / "agent-brain" / "agent-brain")
    (client.home / ".claude").mkdir(parents=True)
    served = (tmp_path / "served").as_uri()
    (client.home / ".gitconfig").write_text(
        f'[url "{served}/"]\n\tinsteadOf = https://github.com/\n[protocol "file"]\n\tallow = always\n'
    )
    client.ok("plugin", "marketplace", "add", "agent-brain/agent-brain")
    client.ok("plugin", "install", "agent-brain@agent-brain")
    assert_loaded(client)

    (data,) = (client.home / ".claude" / "plugins" / "data").glob("agent-brain*")
    (data / "kept").write_text("by an update")
    bump(clone, "9.9.9")
    client.ok("plugin", "marketplace", "update", "agent-brain")
    client.ok("plugin", "update", "agent-brain@agent-brain")
    assert "9.9.9" in client.ok("plugin", "list")
    assert_loaded(client)
    assert (data / "kept").exists()

    client.ok("plugin", "uninstall", "agent-brain@agent-brain", "--keep-data")
    assert (data / "kept").exists()
    client.ok("plugin", "install", "agent-brain@agent-brain")
    client.ok("plugin", "uninstall", "agent-brain@agent-brain")
    assert not (data / "kept").exists()


def repository(work: Path, served: Path) -> Path:
    """A repository with the plugin in it and a bare clone to serve it from."""
    plugin_tree(work)
    git(work, "init", "-q", "-b", "main", ".")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "The plugin")
    served.parent.mkdir(parents=True)
    git(work, "clone", "-q", "--bare", str(work), str(served))
    served.with_suffix(".git").symlink_to(served)  # the client may ask for either
    git(work, "remote", "add", "served", str(served))
    return work


def bump(work: Path, version: str) -> None:
    manifest = work / ".claude-plugin" / "plugin.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
    git(work, "commit", "-q", "-a", "-m", "Newer")
    git(work, "push", "-q", "served", "main")


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


def test_installed_from_a_folder_it_costs_few_tokens(newest: Client, tree: Path) -> None:
    newest.ok("plugin", "marketplace", "add", tree)
    answer = json.loads(newest.ok("plugin", "install", "agent-brain@agent-brain", "--json"))
    assert answer["outcome"] == "ok"
    found = re.search(r"Always-on:\s+~(\d+) tok", newest.ok("plugin", "details", "agent-brain"))
    assert found is not None
    assert int(found[1]) <= 400
    assert_loaded(newest)


@pytest.mark.parametrize(
    ("version", "verb"),
    [*((VERSIONS[0], command.partition(":")[2]) for command in sorted(COMMANDS)), (VERSIONS[1], "status")],
)
def test_hostile_words_end_at_the_login(version: str, verb: str, tree: Path, tmp_path: Path) -> None:
    client = make_client(version, tmp_path)
    said = client.type_command(f"/agent-brain:{verb} {HOSTILE}", "--plugin-dir", tree)
    assert said.startswith(NOT_LOGGED_IN), said
    assert [path.name for path in client.project.iterdir()] == [".git"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": "def next_delay(attempt):\n    return 2.0**attempt\n"})
        made.set_up()
        yield made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_set_up_project_connects_with_and_without_its_server(version: str, tree: Path, project: CliProject) -> None:
    require_client(version)
    home = project.root.parent / "client home"
    client = Client(version, home, project.root, {"AGENT_BRAIN_PYTHON": sys.executable})
    assert_loaded(client, "--plugin-dir", tree)
    project.ok("start")
    server = client.handshake("--plugin-dir", tree, network=True).mcp_server()
    assert (server["status"], len(server["tools"])) == ("connected", 3)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_typed_command_really_runs(version: str, tree: Path, project: CliProject) -> None:
    require_client(version)
    home = project.root.parent / "client home"
    seen = home.parent / "seen"
    python = home.parent / "recording-python"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$CLAUDE_PLUGIN_DATA" "$@" >{seen}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    client = Client(version, home, project.root, {"AGENT_BRAIN_PYTHON": str(python)})
    try:
        said = client.run("-p", "--plugin-dir", tree, text="/agent-brain:start", network=True)
        assert said.stdout.startswith(NOT_LOGGED_IN)
        assert project.json("status")["running"]
    finally:
        project.run("stop")
    lines = seen.read_text().splitlines()
    assert lines[-1] == "start"
    assert Path(lines[0]) == home / ".claude" / "plugins" / "data" / "agent-brain-inline"


def test_the_clients_own_copy_is_all_it_needs(tree: Path) -> None:
    """What `./` installs is the whole repository, so the launcher finds the packages and the templates there."""
    for name in ("server", "server_client", "wizard", "templates", "uv.lock", "plugin/requirements.txt"):
        assert (tree / name).exists()
    assert (ROOT / "plugin.json").readlink() == Path(".claude-plugin/plugin.json")
