"""`agent-brain uninstall` takes out of a project what setup and the server put there, and nothing else."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from agent_brain_client.processes import live_process
from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project
from support.docker import ComposedDatabase, require_docker, run

Tree = dict[str, tuple[int, bytes]]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        made.write({"retry.py": RETRY_SOURCE})
        yield made


def tree(root: Path) -> Tree:
    """Every path with its mode and content."""
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.lstat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in root.rglob("*")
    }


def bare(_: CliProject) -> None:
    """Nothing but the sources."""


def ignoring(content: bytes, mode: int = 0o644) -> Callable[[CliProject], None]:
    def prepare(project: CliProject) -> None:
        path = project.root / ".gitignore"
        path.write_bytes(content)
        path.chmod(mode)

    return prepare


def with_claude(project: CliProject) -> None:
    project.write({".claude/settings.json": "{}\n", ".claude/agents/one.md": "# One\n"})
    (project.root / ".claude").chmod(0o750)


def with_empty_directories(project: CliProject) -> None:
    (project.root / ".claude" / "agent-brain").mkdir(parents=True)


def without_git(project: CliProject) -> None:
    (project.root / ".git").rmdir()


SHAPES = {
    "bare": bare,
    "empty .gitignore": ignoring(b""),
    ".gitignore": ignoring(b"dist\nbuild\n"),
    ".gitignore without a last line end": ignoring(b"dist"),
    ".gitignore with CRLF": ignoring(b"dist\r\nbuild\r\n"),
    ".gitignore with CRLF without a last line end": ignoring(b"dist\r\nbuild"),
    ".gitignore with empty lines": ignoring(b"dist\n\n\n"),
    ".gitignore for the owner": ignoring(b"dist\n", 0o600),
    ".gitignore for the group": ignoring(b"dist\n", 0o664),
    ".claude is there": with_claude,
    "empty directories are there": with_empty_directories,
    "outside of git": without_git,
}


@pytest.mark.parametrize("prepare", SHAPES.values(), ids=SHAPES)
def test_the_tree_is_as_before_setup(project: CliProject, prepare: Callable[[CliProject], None]) -> None:
    prepare(project)
    before = tree(project.root)
    project.set_up()
    assert tree(project.root) != before
    project.ok("uninstall", "--yes")
    assert tree(project.root) == before


def test_the_tree_is_as_before_after_all_that_a_server_does(project: CliProject) -> None:
    ignoring(b"dist")(project)
    before = tree(project.root)
    project.set_up()
    project.ok("setup", "--yes", "--watch", "--embedding", "built-in")
    project.ok("index", "--wait")
    project.ok("search", "retry")
    project.ok("stop")
    project.ok("uninstall", "--yes")
    assert tree(project.root) == before


def test_a_running_server_is_stopped(project: CliProject) -> None:
    before = tree(project.root)
    project.set_up()
    pid = project.json("start")["pid"]
    project.ok("index", "--wait")
    report = project.json("uninstall", "--yes")
    assert tree(project.root) == before
    assert ".claude/agent-brain/index.db" in report["removed"]
    assert report["kept"] == {}
    assert live_process(pid) is None


def test_lines_that_were_written_after_ours_stay(project: CliProject) -> None:
    ignoring(b"dist\n")(project)
    project.set_up()
    gitignore = project.root / ".gitignore"
    gitignore.write_bytes(gitignore.read_bytes() + b"mine\n")
    project.ok("uninstall", "--yes")
    assert gitignore.read_bytes() == b"dist\nmine\n"


def test_a_dry_run_removes_nothing(project: CliProject) -> None:
    project.set_up()
    before = tree(project.root)
    report = project.json("uninstall", "--dry-run")
    assert tree(project.root) == before
    assert report["dry_run"]
    project.ok("uninstall", "--yes")
    assert {path for path in report["removed"] if not (project.root / path).exists()} == set(report["removed"])


def test_without_a_terminal_it_never_waits(project: CliProject) -> None:
    project.set_up()
    before = tree(project.root)
    for flags in ([], ["--purge"]):
        done = project.run("uninstall", *flags)
        assert done.returncode == 2
        assert "--yes" in done.stderr
        assert tree(project.root) == before


def test_a_second_time_there_is_nothing_to_remove(project: CliProject) -> None:
    assert project.ok("uninstall", "--yes") == "Nothing to remove.\n"
    project.set_up()
    project.ok("uninstall", "--yes")
    assert project.ok("uninstall") == "Nothing to remove.\n"


def test_what_was_edited_by_hand_is_kept_and_said(project: CliProject) -> None:
    before = tree(project.root)
    project.set_up()
    secret, config = project.root / ".env.agent-brain", project.state / "config.yaml"
    secret.write_text(secret.read_text() + "AGENT_BRAIN_EMBEDDING_API_KEY=k\n")
    config.write_text(config.read_text() + "log_level: debug\n")
    project.write({".claude/agent-brain/mine/notes.txt": "mine\n"})
    report = project.json("uninstall", "--yes")
    kept = {".env.agent-brain", ".claude/agent-brain/config.yaml", ".claude/agent-brain/mine/notes.txt"}
    # Without its line in .gitignore the file with the secrets would be added to version control by the next commit.
    assert set(report["kept"]) == {*kept, ".gitignore", ".claude/agent-brain/manifest.json"}
    assert kept <= set(tree(project.root))

    project.ok("uninstall", "--purge", "--yes")
    assert tree(project.root) == before


def test_secrets_that_were_there_before_stay(project: CliProject) -> None:
    secret = project.root / ".env.agent-brain"
    secret.write_text("# mine\nAGENT_BRAIN_EMBEDDING_API_KEY=k\n")
    project.set_up()
    kept = project.json("uninstall", "--yes")["kept"]
    assert kept[".env.agent-brain"].startswith("was there before setup")
    assert secret.read_text().startswith("# mine\nAGENT_BRAIN_EMBEDDING_API_KEY=k\n")


def test_an_edited_block_is_kept(project: CliProject) -> None:
    project.set_up()
    gitignore = project.root / ".gitignore"
    gitignore.write_text(gitignore.read_text().replace(".env.agent-brain", ".env.agent-brain\nlogs/"))
    edited = gitignore.read_bytes()
    assert "edited by hand" in project.json("uninstall", "--yes")["kept"][".gitignore"]
    assert gitignore.read_bytes() == edited


def test_an_index_elsewhere_in_the_project_goes_too(project: CliProject, tmp_path: Path) -> None:
    before = tree(project.root)
    project.set_up("--storage-url", "sqlite:///var index.db".replace(" ", "%20"))
    project.ok("index", "--wait")
    project.ok("stop")
    assert (project.root / "var index.db").is_file()
    project.ok("uninstall", "--yes")
    assert tree(project.root) == before


def test_a_file_with_the_name_of_the_vector_cache_stays(project: CliProject) -> None:
    project.set_up("--storage-url", "sqlite:///data/shop.db", "--embedding", "none")
    project.ok("index", "--wait")
    project.ok("stop")
    project.write({"data/shop.vectors": "M 0 0 L 10 10\n"})
    kept = project.json("uninstall", "--yes")["kept"]
    assert kept["data/shop.vectors"] == "not written by Agent Brain"
    assert (project.root / "data" / "shop.vectors").is_file()
    assert not (project.root / "data" / "shop.db").exists()


def test_a_file_that_is_no_index_stays(project: CliProject, tmp_path: Path) -> None:
    outside = tmp_path / "home" / "index.db"
    outside.write_bytes(b"")
    project.set_up("--storage-url", f"sqlite:///{outside}")
    assert str(outside) in project.json("uninstall", "--yes")["kept"]
    assert outside.is_file()


def test_a_manifest_names_no_other_files(project: CliProject) -> None:
    from hashlib import sha256

    project.set_up()
    path = project.state / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["retry.py"] = sha256(RETRY_SOURCE.encode()).hexdigest()
    manifest["created"] += ["retry.py", "../home", "."]
    path.write_text(json.dumps(manifest))
    project.ok("uninstall", "--yes")
    assert (project.root / "retry.py").read_text() == RETRY_SOURCE
    assert (project.root.parent / "home").is_dir()


def test_without_a_manifest_everything_is_kept_but_for_what_the_server_made(project: CliProject) -> None:
    before = tree(project.root)
    project.set_up()
    (project.state / "manifest.json").unlink()
    kept = project.json("uninstall", "--yes")["kept"]
    assert {".env.agent-brain", ".claude/agent-brain/config.yaml", ".gitignore"} <= set(kept)
    project.ok("uninstall", "--yes", "--purge")
    assert tree(project.root) == before


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_in_a_terminal_it_asks(project: CliProject, answer: str) -> None:
    before = tree(project.root)
    project.set_up()
    between = tree(project.root)
    child = pexpect.spawn(
        COMMAND, ["uninstall"], cwd=str(project.root), env=project.environment, encoding="utf-8", timeout=20
    )
    try:
        child.expect(r"\(y/N\) ")
        assert "config.yaml" in (child.before or "")
        child.sendline(answer)
        child.expect(pexpect.EOF)
    finally:
        child.close()
    assert child.exitstatus == (0 if answer == "y" else 1)
    assert tree(project.root) == (before if answer == "y" else between)


def test_the_container_is_named(project: CliProject) -> None:
    project.ok("setup", "--yes", "--no-verify", "--storage", "postgres-docker")
    notes = " ".join(project.json("uninstall", "--dry-run")["notes"])
    assert "agent-brain uninstall --purge" in notes


def test_a_container_goes_with_purge(project: CliProject) -> None:
    require_docker()
    before = tree(project.root)
    project.ok("setup", "--yes", "--storage", "postgres-docker")
    database = ComposedDatabase(project.root)
    assert database.compose("create").returncode == 0
    name = database.inspect()["Config"]["Labels"]["com.docker.compose.project"]
    try:
        project.ok("uninstall", "--yes", "--purge")
        assert tree(project.root) == before
        left = run(["docker", "volume", "ls", "--quiet", "--filter", f"name={name}"], project.root)
        assert (left.returncode, left.stdout) == (0, "")
    finally:
        run(["docker", "compose", "--project-name", name, "down", "--volumes"], project.root)


def test_the_container_that_stays_can_be_removed_later(project: CliProject) -> None:
    require_docker()
    project.ok("setup", "--yes", "--storage", "postgres-docker")
    assert ComposedDatabase(project.root).compose("create").returncode == 0
    (note,) = [one for one in project.json("uninstall", "--yes")["notes"] if "container" in one]
    command = note.partition("To delete them: ")[2].split()
    assert run(command, project.root).returncode == 0
    left = run(["docker", "volume", "ls", "--quiet", "--filter", f"name={command[3]}"], project.root)
    assert (left.returncode, left.stdout) == (0, "")


def test_a_link_is_not_followed(project: CliProject, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs.txt").write_text("theirs\n")
    project.set_up()
    (project.state / "elsewhere").symlink_to(outside)
    project.ok("uninstall", "--yes", "--purge")
    assert (outside / "theirs.txt").read_text() == "theirs\n"
    assert not project.state.exists()
