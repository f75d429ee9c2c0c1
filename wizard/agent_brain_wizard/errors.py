"""What the wizard refuses."""

from __future__ import annotations

from agent_brain_client.errors import UsageError


class SetupError(UsageError):
    """Setup cannot go on; nothing was written."""


class EditedFileError(SetupError):
    """An answer belongs into a file that was edited by hand and is kept as it is."""


class MissingAnswerError(SetupError):
    """An answer is needed that was not given and that has no default."""
