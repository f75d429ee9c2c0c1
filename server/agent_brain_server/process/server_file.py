"""`server.json`: where the server that runs is to be found. It goes when that server ends, and no other's goes."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from agent_brain_client.answers import ServerFile
from agent_brain_client.wire import VERSION, location_id
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.process.presence import code_directories
from agent_brain_server.settings.model import Settings

HOST = "127.0.0.1"
_MOST_BYTES = 65_536


def write_server_file(settings: Settings, port: int) -> None:
    """Write the file, all at once."""
    content = ServerFile(
        url=f"http://{HOST}:{port}",
        pid=os.getpid(),
        project_id=location_id(settings.project_root),
        version=VERSION,
        started_at=time.time(),
        code=str(code_directories()[0]),
    )
    target = _path(settings)
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    temporary.replace(target)


def restore_server_file(settings: Settings, port: int) -> None:
    """Write the file again where it has gone or says something else: without it no command finds the server."""
    if not _is_own(_path(settings), f"http://{HOST}:{port}"):
        with suppress(OSError):
            write_server_file(settings, port)


def remove_server_file(settings: Settings) -> None:
    """Remove the file if this process wrote it."""
    path = _path(settings)
    if _is_own(path):
        with suppress(OSError):
            path.unlink()


def _is_own(path: Path, url: str = "") -> bool:
    try:
        claim = json.loads(read_regular_file(path, _MOST_BYTES))
        named = claim["url"] == url if url else claim["url"]
        return bool(claim["pid"] == os.getpid() and claim["project_id"] and named)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _path(settings: Settings) -> Path:
    return settings.state_directory / "server.json"
