"""What a project has where nothing else is chosen, and what every part of the product needs."""

from __future__ import annotations

from agent_brain_contract.paths import STATE_DIRECTORY

DEFAULT_PORT = 8317
"""The server's port; setup takes the first free one from here on."""

SQLITE = "sqlite:///"
"""What the storage URL of an embedded index begins with; a path follows, relative to the project or absolute."""

DEFAULT_STORAGE_URL = f"{SQLITE}{STATE_DIRECTORY}/index.db"

OLDEST_SQLITE = (3, 37)
"""The first version with all that the index uses."""
OLDEST_SQLITE_TEXT = ".".join(map(str, OLDEST_SQLITE))

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite adds to the name of a database for the files that belong to it (https://sqlite.org/tempfiles.html)."""
