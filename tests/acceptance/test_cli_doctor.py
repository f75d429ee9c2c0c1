"""`agent-brain doctor`: each finding has a stable id, a state and a fix."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_brain_client.wire import VERSION
from agent_brain_wizard.checks.sqlite_file import TABLES
from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def findings(project: CliProject, expect: int, **more: str) -> dict[str, dict[str, Any]]:
    done = project.run("doctor", "--json", **more)
    assert done.returncode == expect, done.stdout + done.stderr
    listed = json.loads(done.stdout)["findings"]
    assert all(set(finding) == {"id", "state", "detail", "fix"} for finding in listed)
    assert all(bool(finding["fix"]) == (finding["state"] != "ok") for finding in listed)
    return {finding["id"]: finding for finding in listed}


def test_a_bare_project(project: CliProject) -> None:
    found = findings(project, expect=1)
    assert found["setup"]["state"] == "fail"
    assert found["setup"]["fix"] == "agent-brain setup --yes"
    assert list(project.root.iterdir()) == [project.root / ".git"]


def test_a_project_in_order(project: CliProject) -> None:
    project.write({"retry.py": RETRY_SOURCE})
    project.set_up()
    stopped = findings(project, expect=0)
    assert list(stopped) == [
        "python", "packages", "modes", "setup", "environment", "config", "consent", "gitignore", "state", "disk",
        "server", "port", "database",
    ]  # fmt: skip
    project.ok("index", "--wait")
    running = findings(project, expect=0)
    assert {name: finding["state"] for name, finding in running.items()} == dict.fromkeys(
        [*stopped, "index", "folders", "embedding", "watcher"], "ok"
    )
    assert "ok    " in project.ok("doctor")


def test_every_setting_that_is_not_the_default_is_named_with_its_source(project: CliProject) -> None:
    project.set_up("--port", str(port := free_port()))
    detail = findings(project, expect=0, AGENT_BRAIN_LOG_LEVEL="debug")["config"]["detail"]
    assert f"port {port} from .env.agent-brain" in detail
    assert "embedding.provider none, index.watch false from config.yaml" in detail
    assert "log_level debug from environment" in detail
    assert "idle_stop" not in detail


def test_variables_that_go_before_the_files_are_named(project: CliProject) -> None:
    project.set_up()
    found = findings(project, expect=0, AGENT_BRAIN_TOKEN="another", AGENT_BRAIN_LOG_LEVEL_="info")["environment"]
    assert found["state"] == "warn"
    assert "AGENT_BRAIN_TOKEN overrides .env.agent-brain" in found["detail"]
    assert "did you mean AGENT_BRAIN_LOG_LEVEL?" in found["detail"]
    assert found["fix"] == "unset AGENT_BRAIN_TOKEN AGENT_BRAIN_LOG_LEVEL_"


def test_every_setting_that_cannot_be_used_is_named(project: CliProject) -> None:
    project.set_up()
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "log_level: loud\nindx: {}\n")
    found = findings(project, expect=1, AGENT_BRAIN_INDEX_WACTH="false")["config"]
    assert found["fix"] == "correct .claude/agent-brain/config.yaml, AGENT_BRAIN_INDEX_WACTH"  # one command cannot
    assert "index.wacth in environment is not a setting (did you mean index.watch?)" in found["detail"]
    assert (
        "log_level in .claude/agent-brain/config.yaml must be 'debug', 'info', 'warning' or 'error'" in found["detail"]
    )
    assert "indx in .claude/agent-brain/config.yaml is not a setting" in found["detail"]
    config.write_text("storage: [")
    assert findings(project, expect=1)["config"]["state"] == "fail"


def test_it_fixes_what_it_safely_can_and_says_so(project: CliProject) -> None:
    project.set_up()
    secret, gitignore = project.root / ".env.agent-brain", project.root / ".gitignore"
    before, ignored = secret.read_bytes(), gitignore.read_bytes()
    secret.chmod(0o640)
    project.state.chmod(0o775)
    gitignore.write_text("mine\n")
    project.server_file.write_text("{}")
    broken = findings(project, expect=1)
    assert {name for name, one in broken.items() if one["fix"] == "agent-brain doctor --fix"} == {
        "modes", "gitignore", "server"
    }  # fmt: skip
    project.state.chmod(0o777)  # where anyone may write, nothing else is looked at before

    report = json.loads(project.ok("doctor", "--fix", "--json"))
    left = {finding["id"]: finding["fix"] for finding in report["findings"] if finding["state"] != "ok"}
    assert left == {"database": "agent-brain index --wait"}  # nothing is indexed yet
    assert any("0640" in sentence for sentence in report["fixed"])
    assert secret.read_bytes() == before
    assert gitignore.read_bytes() == b"mine\n\n" + ignored
    assert not project.server_file.exists()
    assert project.ok("setup", "--yes") == "Nothing to change.\n"
    assert json.loads(project.ok("doctor", "--fix", "--json"))["fixed"] == []


def test_secrets_under_version_control_are_found(project: CliProject) -> None:
    (project.root / ".git").rmdir()
    subprocess.run(["git", "init", "--quiet"], cwd=project.root, check=True)
    project.set_up()
    assert findings(project, expect=0)["gitignore"]["state"] == "ok"
    subprocess.run(["git", "add", "--force", ".env.agent-brain"], cwd=project.root, check=True)
    found = findings(project, expect=1)["setup"]
    assert "git tracks .env.agent-brain" in found["detail"]
    assert "rm -q -r -f --cached .env.agent-brain" in found["fix"]


def test_a_server_with_older_settings_is_reported(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    assert "AGENT_BRAIN_TOKEN" in findings(project, expect=1, AGENT_BRAIN_TOKEN="another")["server"]["detail"]
    project.ok("setup", "--yes", "--embedding", "built-in")
    found = findings(project, expect=0)
    assert "config.yaml changed after the server was started" in found["server"]["detail"]
    assert "the settings say built-in" in found["embedding"]["detail"]


def test_why_the_last_start_failed(project: CliProject) -> None:
    project.set_up()
    index = project.state / "index.db"
    index.write_bytes(b"not an index, and long enough to be read as one" * 100)
    assert project.run("start").returncode == 3
    found = findings(project, expect=1)
    assert "is not a SQLite database" in found["database"]["detail"]
    assert "is damaged or not an Agent Brain index" in found["server"]["detail"]
    index.unlink()
    project.ok("start")
    project.ok("stop")
    assert findings(project, expect=0)["server"]["state"] == "ok"


def test_an_index_that_was_damaged_is_not_fixed_by_a_restart(project: CliProject) -> None:
    project.set_up()
    project.write({f"part{number}.py": f"value_{number} = {'1 + ' * 500}1\n" * 3 for number in range(60)})
    project.ok("index", "--wait")
    project.ok("stop")
    index = project.state / "index.db"
    data = index.read_bytes()
    with sqlite3.connect(index) as connection:  # what `status` counts; the tables are known from the first page
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'files'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    index.write_bytes(data[: (page - 1) * size] + b"\x55" * size + data[page * size :])
    assert project.run("start").returncode == 3
    found = findings(project, expect=1)
    for name in ("database", "server"):
        assert "is damaged or not an Agent Brain index" in found[name]["detail"]
        assert found[name]["fix"] == "agent-brain start --reindex"


@pytest.mark.parametrize("name", ["index.db", "index.db-wal", "index.vectors"])
def test_a_link_in_the_place_of_the_index_is_named(project: CliProject, name: str) -> None:
    project.set_up()
    (project.state / name).symlink_to(project.root.parent / "elsewhere")
    found = findings(project, expect=1)["setup"]
    assert f"{name} is a link" in found["detail"]
    assert project.run("start").returncode == 2
    subprocess.run(found["fix"], shell=True, check=True)
    project.ok("start")
    assert not (project.root.parent / "elsewhere").exists()


def test_the_tables_of_an_index_are_those_of_the_server(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    project.ok("stop")
    with sqlite3.connect(project.state / "index.db") as connection:
        held = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert held - {"sqlite_sequence", "term_frequencies"} == set(TABLES)


def test_a_database_that_does_not_answer(project: CliProject) -> None:
    project.set_up("--no-verify", "--storage-url", f"postgresql://user:hidden@127.0.0.1:{free_port()}/x")
    done = project.run("doctor", "--json")
    assert "hidden" not in done.stdout + done.stderr
    found = findings(project, expect=1)
    assert found["database"]["state"] == "fail"
    assert found["drivers"]["state"] == "ok"
    assert "storage.url from .env.agent-brain" in found["config"]["detail"]


def test_an_endpoint_is_shown_without_its_password(project: CliProject) -> None:
    url = f"http://user:hidden@127.0.0.1:{free_port()}/v1?key=hidden"
    project.set_up("--no-verify", "--embedding", "openai-compatible", "--embedding-model", "m", "--embedding-url", url)
    done = project.run("doctor", "--json")
    assert "hidden" not in done.stdout + done.stderr
    config = findings(project, expect=0)["config"]
    assert "embedding.base_url" in config["detail"]
    assert "hidden" not in project.ok("setup", "--yes", "--dry-run")


def test_a_running_server_on_postgresql(project: CliProject, postgres_url: str) -> None:
    project.set_up("--storage-url", postgres_url)
    project.ok("index", "--wait")
    found = findings(project, expect=0)
    assert re.match(r"PostgreSQL \d+.*, pgvector \d+.* connections in use", found["database"]["detail"])
    assert found["drivers"]["state"] == "ok"


def test_a_container_where_there_is_no_docker(project: CliProject) -> None:
    project.ok("setup", "--yes", "--no-verify", "--storage", "postgres-docker", "--postgres-port", str(free_port()))
    found = findings(project, expect=1, PATH="/nonexistent")
    assert found["docker"]["state"] == "fail"
    assert found["docker"]["fix"].startswith("install Docker")
    assert found["database"]["fix"] == "agent-brain db up"


def test_no_secret_is_printed(project: CliProject) -> None:
    project.set_up()
    secret = project.root / ".env.agent-brain"
    token = secret.read_text().partition("AGENT_BRAIN_TOKEN=")[2].split()[0]
    secret.write_text(secret.read_text() + "AGENT_BRAIN_EMBEDDING_API_KEY=sk-hidden\n")
    for flags in (["--json"], []):
        done = project.run("doctor", *flags, AGENT_BRAIN_STORAGE_POSTGRES='{"password": "pg-hidden"}')
        assert not [one for one in (token, "sk-hidden", "pg-hidden") if one in done.stdout + done.stderr]


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        ([{"scope": "user", "installPath": "{home}", "version": VERSION}], "ok"),
        ([{"scope": "user", "installPath": "{home}/gone", "version": VERSION}], "warn"),
        ({"installPath": "{home}", "version": "0.0.1"}, "warn"),
    ],
)
def test_the_plugin_in_claude_code(project: CliProject, entry: object, state: str) -> None:
    home = Path(project.environment["HOME"])
    listed = json.dumps({"version": 2, "plugins": {"agent-brain@agent-brain": entry}}).replace("{home}", str(home))
    project.write({str(home / ".claude" / "plugins" / "installed_plugins.json"): listed})
    assert findings(project, expect=1)["plugin"]["state"] == state


def test_a_taken_port_names_its_holder(project: CliProject) -> None:
    port = free_port()
    project.set_up("--port", str(port))
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        found = findings(project, expect=1)["port"]
        assert f"pid {os.getpid()}" in found["detail"]
        assert found["fix"] == "agent-brain start --port auto"
        project.ok(*found["fix"].split()[1:])
        taken = findings(project, expect=0)["port"]
        assert taken["state"] == "ok"
        assert f"this project's server uses {project.json('status')['server']['port']}" in taken["detail"]


@pytest.mark.slow
def test_a_server_that_hangs(project: CliProject) -> None:
    project.set_up()
    pid = project.json("start")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert findings(project, expect=1)["server"]["state"] == "fail"
    finally:
        os.kill(pid, signal.SIGCONT)


def test_every_finding_is_documented() -> None:
    root = Path(__file__).parents[2]
    sources = [path.read_text("utf-8") for path in (root / "wizard" / "agent_brain_wizard" / "checks").glob("*.py")]
    ids = {name for source in sources for name in re.findall(r'Finding\(\s*"([a-z-]+)"', source)}
    assert len(ids) > 15
    documented = re.findall(r"^\| `([a-z-]+)` \|", (root / "docs" / "doctor.md").read_text("utf-8"), re.MULTILINE)
    assert set(documented) == ids
