"""Says at a session's start the one thing that the person should know of the index, if there is one.

It starts nothing and waits for nothing: a slow hook holds up the whole session. On any error it is silent.
"""

from __future__ import annotations

import os
import sys

# Isolated (-I), Python looks for modules in its own directories alone; the project that it runs in has none for us.
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import environment
from escaping import one_line
from project import (
    STATE_DIRECTORY,
    NotSetUpError,
    PluginError,
    consent,
    find_root,
    find_token,
    is_alive,
    location_id,
    read_claim,
    require_record,
)

HEALTH_SECONDS = 0.05
STATUS_SECONDS = 0.08
LONGEST = 280


def sentence(variables: Mapping[str, str]) -> str:
    """Return what to say; empty if nothing is worth a line."""
    root = find_root(variables)
    data = environment.data_directory(variables)
    try:
        record = require_record(root, variables)
        find_token(root, variables)
    except NotSetUpError:
        return _invitation(root, data)
    except PluginError as error:
        return str(error)
    if record.checked != consent.files_digest(root):
        return "the settings of this project have changed since they were checked. Look: /agent-brain:doctor"
    claim = read_claim(root)
    if claim is not None and is_alive(claim.pid):
        return _of_running(root)
    if not environment.is_built(data, variables):
        return "the plugin's packages are not installed for this version. Run /agent-brain:setup once."
    if claim is not None:
        log = f"{STATE_DIRECTORY}/logs/server.log"
        return f"the server has ended unexpectedly; the next search starts it again. Its log: {log}"
    return ""


def _invitation(root: Path, data: Path) -> str:
    """Return the invitation to set up a git repository, once; empty after that."""
    mentioned = data / "told" / location_id(root)
    if not (root / ".git").exists() or root == Path.home().resolve() or mentioned.exists():
        return ""
    mentioned.parent.mkdir(parents=True, exist_ok=True)
    mentioned.touch()
    return "this project has no search index yet. To make one: /agent-brain:setup (this is said once)."


def _of_running(root: Path) -> str:
    import connection  # HTTP takes long to load: only where there is somebody to ask

    found = connection.find_server(root, HEALTH_SECONDS)
    if found is None:
        return ""
    status = found.ask("GET", "/health/status", seconds=STATUS_SECONDS)
    job, watcher = status["job"], status["watcher"]
    if job is not None and job["state"] in ("queued", "running"):
        progress = job["progress"]
        behind = max(0, progress["files_total"] - progress["files_done"])
        return f"the index is {behind:,} files behind; refreshing." if behind else "the index is being refreshed."
    if job is not None and job["state"] == "failed":
        return f"the last indexing failed: {job['error']} See: /agent-brain:doctor"
    if not status["index"]["chunks"]:
        return "the index is empty. Fill it: /agent-brain:index"
    return f"files are not watched: {watcher['detail']}" if watcher["state"] == "failed" else ""


def _fitted(text: str) -> str:
    """Return `text`, or what it is about where it is too long for a line of a session: a cut command is none."""
    if len(text) <= LONGEST:
        return text
    subject = text.partition(". ")[0]
    return f"{subject if len(subject) <= LONGEST else subject[:LONGEST] + '…'}. Look: /agent-brain:doctor"


def main() -> None:
    """Print the sentence for the person, as the client wants it, and end well in any case."""
    with suppress(Exception):
        text = _fitted(one_line(sentence(os.environ)))
        if text:
            print(json.dumps({"systemMessage": f"Agent Brain: {text}"}, ensure_ascii=False))
            sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
