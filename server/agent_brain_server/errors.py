"""Every failure the server can name. One root, a stable code, one sentence with the way on."""

from __future__ import annotations

from typing import ClassVar


class AgentBrainError(Exception):
    """A failure with a stable `code`; `str()` is one sentence that says what happened and what fixes it."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


class SettingsError(AgentBrainError):
    """A setting has a value that cannot be used; the server does not start."""

    code = "settings_invalid"


class RequestError(AgentBrainError):
    """The request asks for something that cannot be done as asked."""

    code = "request_invalid"
    status = 422


class NotFoundError(AgentBrainError):
    """The named thing does not exist."""

    code = "not_found"
    status = 404


class ConflictError(AgentBrainError):
    """The thing exists, but not in a state that allows this."""

    code = "conflict"
    status = 409


class WriterElsewhereError(ConflictError):
    """Another process writes this project's index."""

    code = "writer_elsewhere"


class UnsupportedModeError(RequestError):
    """A search mode that this server does not answer."""

    code = "mode_unsupported"


class EmbeddingDisabledError(RequestError):
    """A vector search was asked of an index without vectors."""

    code = "embedding_disabled"


class StorageError(AgentBrainError):
    """The store cannot be opened or written."""

    code = "storage_unavailable"
    status = 503


class StorageLostError(StorageError):
    """The database does not answer for now; what was asked may succeed later."""


class StorageLoginError(StorageLostError):
    """The database refuses the login; it may accept it later, but not by itself."""


class StorageDamagedError(StorageError):
    """The index cannot be read as one: it is damaged, or another program's."""

    code = "storage_damaged"


class StorageFullError(StorageError):
    """There is no room to write in; reading goes on."""

    code = "storage_full"


class StorageReadOnlyError(StorageError):
    """The index may not be written; reading goes on."""

    code = "storage_read_only"


class StorageGoneError(StorageError):
    """The file of the index is gone, or another one is in its place; the server ends."""

    code = "storage_gone"


class SchemaVersionError(StorageError):
    """The index on disk was written by another version of the schema."""

    code = "storage_schema"


class EmbeddingMismatchError(StorageError):
    """The index was embedded by another model than the one in the settings."""

    code = "embedding_mismatch"
    status = 409


class EmbeddingProviderError(AgentBrainError):
    """The embedding endpoint does not answer, or not as agreed."""

    code = "embedding_unavailable"
    status = 503


class WorkersError(AgentBrainError):
    """Worker processes end before they do anything."""

    code = "workers_unavailable"


class CodeGoneError(WorkersError):
    """The code that this process runs was removed or replaced under it; it ends, and its jobs are left to the next."""

    code = "code_gone"


class AlreadyServedError(AgentBrainError):
    """Another server holds this project."""

    code = "already_served"
    status = 409
