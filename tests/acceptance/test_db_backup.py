"""`agent-brain db backup` and `restore`, on a real engine."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from support.cli import CliProject, cli_project
from support.consent import accept, accept_changes
from support.contained import answers, contained_shop_on_an_engine, in_a_terminal, refused
from support.docker import ComposedDatabase


@pytest.fixture
def running(tmp_path: Path) -> Iterator[CliProject]:
    with contained_shop_on_an_engine(tmp_path / "mein Laden") as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_setup_to_a_restored_index(running: CliProject, tmp_path: Path) -> None:
    project = running
    done = project.run("db", "up")
    assert done.returncode == 0, done.stderr
    assert "PostgreSQL is healthy on 127.0.0.1:" in done.stdout
    assert "Starting postgres" in done.stderr
    project.ok("index", "--wait")
    before = answers(project)
    assert before["hybrid"][0][0] == "net/retry.py"
    chunks = project.json("status")["index"]["chunks"]

    file = tmp_path / "shop.backup"
    done = project.run("db", "backup", str(file), prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"PGDMP")
    assert project.json("db", "backup", str(file))["bytes"] == file.stat().st_size, "a backup is replaced"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "mein Laden", "shop.backup"]

    assert "agent-brain stop" in refused(project, "db", "restore", str(file), "--yes")
    assert "--yes" in refused(project, "db", "down", "--purge", code=2)
    project.ok("stop")
    assert project.ok("db", "down", "--purge", "--yes") == "Stopped, and the index is deleted.\n"
    assert project.run("db", "status").returncode == 3
    assert "agent-brain db up" in refused(project, "db", "restore", str(file))

    project.ok("db", "up")
    assert project.json("db", "restore", str(file)) == {"file": str(file), "chunks": chunks, "replaced": 0}
    assert answers(project) == before
    assert len(project.json("jobs")["jobs"]) == 1, "nothing was indexed again"
    assert_restored_again_after_a_yes(project, file, chunks)
    assert_refused_files_change_nothing(project, tmp_path, file)
    assert answers(project) == before


def assert_restored_again_after_a_yes(project: CliProject, file: Path, chunks: int) -> None:
    project.ok("stop")
    assert f"Replace the present index ({chunks} chunks)?" in refused(project, "db", "restore", str(file), code=2)
    asked = in_a_terminal(project, "db", "restore", str(file))
    asked.expect_exact("(y/N)")
    asked.sendline("y")
    asked.expect_exact(f"Restored {chunks} chunks")
    asked.expect(pexpect.EOF)
    asked.close()
    assert asked.exitstatus == 0


def assert_refused_files_change_nothing(project: CliProject, tmp_path: Path, file: Path) -> None:
    whole = file.read_bytes()
    other = tmp_path / "other"
    other.write_bytes(b"-- my notes\n")
    assert "not a backup" in refused(project, "db", "restore", str(other), "--yes", code=2)
    assert "not a backup" in refused(project, "db", "backup", str(other), code=2)
    assert other.read_bytes() == b"-- my notes\n"
    assert "cannot be read" in refused(project, "db", "restore", str(tmp_path / "none"), "--yes", code=2)
    other.write_bytes(whole[: len(whole) * 3 // 4])
    assert "cut off" in refused(project, "db", "restore", str(other), "--yes")
    project.ok("db", "psql", "-c", "UPDATE agent_brain.meta SET schema_version = schema_version + 1")
    project.ok("db", "backup", str(other))
    project.ok("db", "psql", "-c", "UPDATE agent_brain.meta SET schema_version = schema_version - 1")
    assert "newer Agent Brain" in refused(project, "db", "restore", str(other), "--yes")
    with cli_project(tmp_path / "elsewhere" / "shop") as stranger:
        stranger.write({".claude/agent-brain/config.yaml": "", ".env.agent-brain": ""})
        for name in (".env.agent-brain", ".claude/agent-brain/docker-compose.yml"):
            shutil.copy(project.root / name, stranger.root / name)
        accept(stranger.root)
        accept_changes(stranger.root)
        assert "another project" in refused(stranger, "db", "restore", str(file), "--yes")
    assert_plain_sql_is_restored_too(project, other)


def assert_plain_sql_is_restored_too(project: CliProject, file: Path) -> None:
    dump = ("pg_dump", "--schema=agent_brain", "--no-owner", "--username=agent_brain", "agent_brain")
    dumped = ComposedDatabase(project.root).compose("exec", "-T", "postgres", *dump).stdout
    file.write_text(dumped)
    restored = project.json("db", "restore", str(file), "--yes")
    assert restored["chunks"] == restored["replaced"] > 0
    file.write_text(dumped[: len(dumped) // 2])
    assert "cut off" in refused(project, "db", "restore", str(file), "--yes")
    file.write_text(dumped.replace("Dumped from database version ", "Dumped from database version 9", 1))
    assert "--postgres-image pgvector/pgvector:pg9" in refused(project, "db", "restore", str(file), "--yes")
