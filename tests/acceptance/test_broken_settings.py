"""Settings files broken at random: each command answers soon, rightly or with one sentence, and is never a defect."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project

CONFIG, ENV = ".claude/agent-brain/config.yaml", ".env.agent-brain"
SECONDS = 30
COMMANDS = (("status",), ("start",), ("search", "delay"), ("index",), ("doctor",), ("settings",))
FEW = 8
MANY = int(os.environ.get("AGENT_BRAIN_TESTS_MUTATIONS", "300"))
FIRST = int(os.environ.get("AGENT_BRAIN_TESTS_SEED", "1000"))
HUGE = "9" * 5000
YAML = (
    "port: {}", "idle_stop_minutes: {}", "log_level: {}", "token: {}", "index: {}", "index:\n  folders: {}",
    "index:\n  workers: {}", "storage: {}", "storage:\n  url: {}", "storage:\n  postgres: {}", "embedding: {}",
    "embedding:\n  dimensions: {}", "{}: 1", "{}",
)  # fmt: skip
ALIASES = "[&a0 [x], " + ", ".join(f"&a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 10)) + "]"
VALUES = (
    "[" * 900 + "]" * 900, "[" * 100_000, "{a: " * 900 + "}" * 900, ALIASES,
    "-1", "0", "65536", HUGE, f"-{HUGE}", "1e999", ".nan", ".inf", "0x1p3", "null", "true", "[]", "{}", "''",
    "'\\0'", '"\\0"', '"\\ud800"', "!!python/object:os.system x", "!!binary x", "!!int x", "!!timestamp x", "*none",
    "[" * 300 + "]" * 300, "{a: " * 100 + "}" * 100, "- - - -", "? ", "|", "&a [*a]", "\t1", "a" * 100_000,
    "é\u202e\x85", "2024-02-30",
    "sqlite:///", "sqlite:////dev/full", "sqlite:///../../x.db", "postgresql://", "postgresql://[", "mysql://x",
    "postgresql://u:p@127.0.0.1:1/x", "postgresql://u:p@127.0.0.1:99999/x", "memory://", "file:///etc/passwd",
)  # fmt: skip
NAMES = (
    "AGENT_BRAIN_PORT", "AGENT_BRAIN_TOKEN", "AGENT_BRAIN_STORAGE_URL", "AGENT_BRAIN_STORAGE_POSTGRES", "DATABASE_URL",
    "AGENT_BRAIN_INDEX_FOLDERS", "AGENT_BRAIN_EMBEDDING", "AGENT_BRAIN_NONE", "AGENT_BRAIN_", "X",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def flipped(source: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(source.randint(1, 4)):
        changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def shortened(source: random.Random, content: bytes) -> bytes:
    start = source.randrange(len(content))
    return content[:start] + content[start + source.randint(1, 40) :]


def doubled(source: random.Random, content: bytes) -> bytes:
    start = source.randrange(len(content))
    return content[:start] + content[start : start + 60] * source.choice((2, 50)) + content[start:]


def stuffed(source: random.Random, content: bytes) -> bytes:
    strange = (
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\r\n",
        b"\r",
        b"\t",
        b"\x1b[2J",
        b" " * 100_000,
        b"\xed\xa0\x80",
        b"#",
        b"'",
    )
    start = source.randrange(len(content) + 1)
    return content[:start] + source.choice(strange) + content[start:]


def reencoded(source: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    return source.choice(
        (text.encode("utf-16"), text.encode("utf-32"), content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content, b"")
    )


def yaml_value(source: random.Random, content: bytes) -> bytes:
    return source.choice(YAML).replace("{}", source.choice(VALUES)).encode("utf-8", "surrogatepass") + b"\n"


def env_value(source: random.Random, content: bytes) -> bytes:
    value = source.choice((*VALUES, '"', "'", "${HOME}", "${" * 5000, "x" + " " * 100_000 + "y", "a\\", "[" * 100_000))
    return content + f"{source.choice(NAMES)}={value}\n".encode("utf-8", "surrogatepass")


MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    CONFIG: (flipped, shortened, doubled, stuffed, reencoded, yaml_value, yaml_value, yaml_value),
    ENV: (flipped, shortened, doubled, stuffed, reencoded, env_value, env_value),
}


def broken(root: Path, source: random.Random) -> str:
    """Break one of the two files; what was done."""
    name = source.choice((CONFIG, ENV))
    path = root / name
    content = path.read_bytes()
    kind = source.choice(("link", "directory", "pipe", "unreadable", "gone", *["content"] * 25))
    if kind == "content":
        mutation = source.choice(MUTATIONS[name])
        path.write_bytes(mutation(source, content))
        return f"{name}: {mutation.__name__}"
    path.unlink()
    if kind == "link":
        path.symlink_to(source.choice(("/dev/zero", "/dev/full", path.name, "nowhere", "/")))
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "unreadable":
        path.write_bytes(content)
        path.chmod(0)
    return f"{name}: {kind}"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("settings") / "healthy") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        yield made


def command(project: CliProject, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run it to its end; `settings` is what doctor asks the server's program."""
    program = [str(Path(sys.executable).parent / "agent-brain"), *arguments]
    if arguments == ("settings",):
        program = [sys.executable, "-m", "agent_brain_server", "settings", "--project", str(project.root)]
    return subprocess.run(
        program,
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
    )


def judge(arguments: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    assert "bug in Agent Brain" not in done.stderr + done.stdout, done.stderr[-2000:] + done.stdout[-2000:]
    assert done.returncode in (0, 1, 2, 3), done.returncode
    if arguments == ("settings",):
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
    elif arguments[0] not in ("doctor", "status") and done.returncode:
        assert re.match(r"agent-brain: .+", done.stderr), done.stderr
        said = [line for line in done.stderr.splitlines() if line.startswith("agent-brain: ")]
        assert len(said) == 1, done.stderr


def answers(healthy: CliProject, root: Path, number: int) -> float:
    """Break a copy of the project's settings and run all commands; the longest one's seconds."""
    shutil.copytree(healthy.root, root, symlinks=True)
    project = CliProject(root, healthy.environment)
    done = broken(root, random.Random(number))
    longest = 0.0
    try:
        for arguments in COMMANDS:
            began = time.monotonic()
            try:
                judge(arguments, command(project, arguments))
            except (AssertionError, subprocess.TimeoutExpired) as error:
                raise AssertionError(f"mutation {number} ({done}), {' '.join(arguments)}: {error}") from error
            longest = max(longest, time.monotonic() - began)
    finally:
        project.run("stop")
        shutil.rmtree(root, ignore_errors=True)
    return longest


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FEW))
def test_broken_settings_are_answered_in_a_sentence(healthy: CliProject, tmp_path: Path, number: int) -> None:
    answers(healthy, tmp_path / "project", number)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_three_hundred_broken_settings(healthy: CliProject, tmp_path: Path) -> None:
    faults, longest = [], 0.0
    for number in range(FIRST, FIRST + MANY):
        try:
            longest = max(longest, answers(healthy, tmp_path / "project", number))
        except AssertionError as error:
            faults.append(str(error)[:1500])
    print(f"{MANY} mutations, the longest command {longest:.1f} s")
    assert not faults, f"{len(faults)} faults\n" + "\n\n".join(faults)
