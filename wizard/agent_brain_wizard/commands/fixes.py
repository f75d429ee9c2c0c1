"""What `doctor --fix` may do: nothing is started, nothing of the user's is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from agent_brain_client.discovery import find_server, require_safe, state_directory
from agent_brain_wizard.checks.files import has_block, loose_modes
from agent_brain_wizard.checks.server import stale_server_file
from agent_brain_wizard.checks.vector_cache import is_damaged
from agent_brain_wizard.facts.probe import GITIGNORE, MANIFEST, probe_project, sha256
from agent_brain_wizard.plan.apply import apply_plan
from agent_brain_wizard.plan.plan import SHARED, FileWrite, Plan
from agent_brain_wizard.plan.render import render_gitignore
from agent_brain_wizard.plan.textfiles import with_block


def fix_modes(root: Path) -> list[str]:
    """Close what is open to other users."""
    done = []
    for loose in loose_modes(root):
        (root / loose.path).chmod(loose.wanted)
        done.append(f"{loose.path} has mode {loose.wanted:04o} now (was {loose.mode:04o})")
    return done


def fix_server_file(root: Path) -> list[str]:
    """Remove what an ended server has left. Raise ConsentNeededError where the state is not safe to use."""
    require_safe(root)
    path = stale_server_file(root)
    if path is None:
        return []
    path.unlink(missing_ok=True)
    return ["removed server.json, which a server that has ended left"]


def fix_gitignore(root: Path) -> list[str]:
    """Put setup's lines into .gitignore, and note it for uninstall."""
    facts = probe_project(root)
    if has_block(facts) or MANIFEST not in facts.files:
        return []
    block, found = render_gitignore(), facts.files.get(GITIGNORE)
    content = with_block(found.content if found else b"", block)
    created = sorted({*facts.created, *([] if found else [GITIGNORE])})
    hashes = {**facts.manifest, GITIGNORE: sha256(b"\n".join(block.splitlines()))}
    tree = {"version": 1, "files": hashes, "created": created}
    manifest = (json.dumps(tree, indent=2, sort_keys=True) + "\n").encode()
    writes = (
        FileWrite(GITIGNORE, content, found.mode if found else SHARED, "added"),
        FileWrite(MANIFEST, manifest, facts.files[MANIFEST].mode, "changed"),
    )
    apply_plan(root, Plan(writes))
    return [f"{len(block.splitlines())} lines added to {GITIGNORE}"]


def fix_vectors(root: Path) -> list[str]:
    """Remove the vectors that are not as they were written, unless a server uses them. The next makes them again."""
    require_safe(root)
    path = state_directory(root) / "index.vectors"
    if find_server(root) is not None or not is_damaged(path):
        return []
    path.unlink(missing_ok=True)
    return [f"removed {path.name}; the server makes it again from the index"]


# By the findings that they fix. Each says in sentences what it did.
FIXES: dict[str, Callable[[Path], list[str]]] = {
    "modes": fix_modes,
    "server": fix_server_file,
    "gitignore": fix_gitignore,
    "vectors": fix_vectors,
}
