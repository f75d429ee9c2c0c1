"""The lexical part of semble, alone: run by a Python that has it installed, as `python semble_lexical.py ROOT`.

Reads a question a line as JSON from its input and prints its results a line. With `alpha` 0 the ranking gives the
vectors no weight and drops what only they found. Its functions want a model all the same: this one is of zeros, so
nothing is downloaded. Imports nothing of this project, which that Python does not have.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DEPTH = 10


class NoModel:
    """A model that says nothing of any text."""

    dim = 1

    def encode(self, texts: list[str], **_options: Any) -> Any:
        """Return a zero for each text."""
        import numpy as np

        return np.zeros((len(texts), self.dim), dtype=np.float32)


def main(root: Path) -> None:
    """Index the code below `root`, then answer until the input ends."""
    from semble.index.create import create_index_from_path
    from semble.search import search

    model = NoModel()
    lexical, vectors, chunks, _ = create_index_from_path(root, model=model, display_root=root)
    for line in sys.stdin:
        found = search(json.loads(line), model, vectors, lexical, chunks, DEPTH, alpha=0.0)
        places = [(one.chunk.file_path, one.chunk.start_line, one.chunk.end_line, one.chunk.content) for one in found]
        print(json.dumps(places), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
