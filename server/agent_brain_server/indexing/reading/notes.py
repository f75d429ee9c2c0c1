"""What the note of an indexed file says: what was odd, what of it is not indexed, what is masked, with `; ` between."""

from __future__ import annotations

import re

from agent_brain_server.indexing.secrets.masked import NOTE

# Of a file that is indexed as a whole: how its bytes were read, and what a parser could do without.
_WHOLE = re.compile(r"decoded as [\w-]+|\d+ NULs? removed|invalid [\w-]+ replaced|syntax errors: \d+")


def missing_parts(note: str) -> str:
    """Return why the file is not indexed as a whole, or not as what it is; empty if it is."""
    parts = [part for part in note.split("; ") if part and not part.startswith(NOTE) and not _WHOLE.fullmatch(part)]
    return "; ".join(parts)
