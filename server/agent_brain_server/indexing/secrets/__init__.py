"""Keys, passwords and tokens: files that are left out, and places that are masked in the others."""

from agent_brain_server.indexing.secrets.masking import Masked, kinds_note, mask_file, mask_text, masked_kinds
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
