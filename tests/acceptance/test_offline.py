"""With no network but this machine's own: everything that a user does, through the command."""

from __future__ import annotations

import json
import shlex
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from support.cli import COMMAND, clean_environment

FILES = {
    "net/backoff.py": 'def next_delay(attempt):\n    """Seconds to wait before a request is sent again."""\n'
    "    return min(2.0**attempt, 60.0)\n",
    "docs/guide.md": "# Guide\n\n## Colours\n\nHow a theme picks its colours.\n",
    "web/theme.ts": "export function pickColour(name: string): string {\n  return name;\n}\n",
}
WITHOUT_NETWORK = ["unshare", "--net", "--map-root-user"]


def require_a_network_namespace() -> None:
    done = subprocess.run([*WITHOUT_NETWORK, "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this system lets no user make a network of its own: {done.stderr.strip()}")


def run_offline(root: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in the project where only the loopback device is up; what it starts sees no more."""
    home = root.parent / "home"
    home.mkdir()
    shell = f"ip link set lo up\nbrain={shlex.quote(COMMAND)}\n{textwrap.dedent(script)}"
    return subprocess.run(
        [*WITHOUT_NETWORK, "bash", "-eu", "-o", "pipefail", "-c", shell],
        cwd=root,
        env=clean_environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_set_up_index_and_search_without_a_network(tmp_path: Path) -> None:
    require_a_network_namespace()
    root = tmp_path / "ein Projekt"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    done = run_offline(
        root,
        """
        trap '"$brain" stop >&2' EXIT
        ! timeout 2 bash -c 'exec 3<>/dev/tcp/1.1.1.1/53' 2>/dev/null
        "$brain" setup --yes >&2
        "$brain" start >&2
        "$brain" index --wait >&2
        for mode in bm25 vector hybrid; do
            "$brain" search --json --mode "$mode" "seconds to wait before a request is sent again" | tr -d '\\n'
            echo
        done
        "$brain" status --json | tr -d '\\n'
        """,
    )
    assert done.returncode == 0, done.stderr
    *answers, status = map(json.loads, done.stdout.strip().splitlines())
    assert [answer["mode"] for answer in answers] == ["bm25", "vector", "hybrid"]
    assert [first_path(answer) for answer in answers] == ["net/backoff.py"] * 3
    shown = json.dumps(status)
    assert "built-in" in shown, shown


def first_path(answer: Any) -> str:
    """Where the best passage is."""
    return str(answer["results"][0]["path"])
