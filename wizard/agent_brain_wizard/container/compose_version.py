"""Which Docker Compose the `docker` command has."""

from __future__ import annotations

import subprocess

from agent_brain_client.isolation import DIRECTORY


def ask_compose() -> subprocess.Popen[str] | None:
    """Ask for the version, to be read by `answer_of_compose`; None where there is no `docker` command."""
    try:
        return subprocess.Popen(
            ["docker", "compose", "version", "--short"],
            cwd=DIRECTORY,  # Compose reads the .env of the directory that it runs in
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        return None


def answer_of_compose(asked: subprocess.Popen[str] | None, seconds: float) -> str | None:
    """Return the version of Compose, empty where it takes too long to say; None where there is none."""
    if asked is None:
        return None
    try:
        answer, _ = asked.communicate(timeout=max(seconds, 0.05))
    except subprocess.TimeoutExpired:
        asked.kill()
        asked.wait()
        if asked.stdout:
            asked.stdout.close()  # a child of its own may have it open for long
        return ""
    return answer.strip().removeprefix("v") if asked.returncode == 0 else None
