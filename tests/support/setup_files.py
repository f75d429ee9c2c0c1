"""What `agent-brain setup` leaves in a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.cli import COMMAND, CliProject

WRITTEN = (
    ".claude/agent-brain/config.yaml",
    ".env.agent-brain",
    ".claude/agent-brain/project.json",
    ".gitignore",
    ".claude/agent-brain/manifest.json",
)


def snapshot(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """Each file's bytes, time of change and inode."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in root.rglob("*")
        if path.is_file()
    }


def with_answers(project: CliProject, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Setup with a file of answers on its standard input."""
    command = [COMMAND, "setup", "--answers", "-", *flags]
    return subprocess.run(
        command, cwd=project.root, env=project.environment, input=text, capture_output=True, text=True, timeout=60
    )
