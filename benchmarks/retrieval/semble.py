"""semble from PyPI as a rival, its lexical part alone, run by another Python than ours."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from agent_brain_server.retrieval.packing.pack import count_tokens
from benchmarks.retrieval.questions import Span
from benchmarks.retrieval.scoring import Passage

_SCRIPT = Path(__file__).with_name("semble_lexical.py")
_NO_NETWORK = {"HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}


class Semble:
    """One process that has indexed the code below `root`. `python` is an interpreter that has semble installed."""

    def __init__(self, python: Path, root: Path) -> None:
        command = [str(python), "-P", "-s", str(_SCRIPT), str(root)]
        environment = {**os.environ, **_NO_NETWORK}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, question: str) -> list[Passage]:
        """Return its first ten results; raise RuntimeError where the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"semble ended with {self._process.wait()}; its last lines are above")
        return [Passage(Span(path, first, last), count_tokens(text)) for path, first, last, text in json.loads(line)]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
