"""Keys, passwords and tokens: files that are left out, and places that are masked in the others.

The patterns of masking take a tenth of a second to compile, which no start of a server waits for: they are imported
when the first text is masked.
"""

from agent_brain_server.indexing.secrets.masked import Masked, kinds_note, masked_kinds
from agent_brain_server.indexing.secrets.names import is_secret_directory, is_secret_name, is_secret_path
from agent_brain_server.indexing.secrets.stores import secret_bytes

__all__ = [
    "Masked",
    "is_secret_directory",
    "is_secret_name",
    "is_secret_path",
    "kinds_note",
    "mask_file",
    "mask_text",
    "masked_kinds",
    "secret_bytes",
]


def mask_file(path: str, language: str, text: str) -> Masked:
    """Return the text of the file at `path` without its secrets."""
    from agent_brain_server.indexing.secrets import masking

    return masking.mask_file(path, language, text)


def mask_text(text: str) -> Masked:
    """Return a text that was made of a file (a page, a cell, a name) without its secrets."""
    from agent_brain_server.indexing.secrets import masking

    return masking.mask_text(text)
