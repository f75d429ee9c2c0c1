"""What Docker on this machine says, asked through its command."""

from __future__ import annotations

import subprocess

TIMEOUT_SECONDS = 5.0


def publishes(project: str, port: int) -> bool | None:
    """Whether a running container of the Compose project publishes `port`; None where Docker does not answer."""
    filters = (f"label=com.docker.compose.project={project}", f"publish={port}")
    command = ["docker", "ps", "--quiet", *(word for one in filters for word in ("--filter", one))]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(done.stdout.strip())
