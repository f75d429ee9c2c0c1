"""Which folders outside the project may be read: those that the person has accepted."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from agent_brain_contract.consent import FOLDER, find_record, save_record
from agent_brain_contract.errors import ContractError
from agent_brain_server.errors import SettingsError

log = logging.getLogger(__name__)


def outside_folder(root: Path, folder: str) -> str:
    """Return the real path of a folder that lies outside the project, empty for one inside."""
    path = Path(os.path.realpath(root / folder))
    return "" if path.is_relative_to(root.resolve()) else path.as_posix()


class FolderConsent:
    """The folders that the person has accepted for the project at `root`, read each time: they may change.

    `named` are the folders of the settings, which were accepted when these were read. A path inside the project counts
    for none outside: a change of the project decides where it leads.
    """

    def __init__(self, root: Path, named: Iterable[str]) -> None:
        self._root = root
        self._accepted = {
            outside
            for folder in named
            if (outside := outside_folder(root, folder)) and not _names_the_inside(root, folder)
        }

    def accepts(self, outside: str) -> bool:
        """Return whether the folder outside the project whose real path is `outside` may be read."""
        if outside in self._accepted:
            return True
        try:
            record = find_record(self._root)
        except ContractError as error:
            log.warning("no folder outside the project is read: %s", error)
            return False
        return record is not None and record.accepts(FOLDER, outside)

    def accept(self, outside: str) -> None:
        """Note that the person wants the folder whose real path is `outside` indexed. Raise SettingsError."""
        try:
            record = find_record(self._root)
            if record is not None and not record.accepts(FOLDER, outside):
                save_record(self._root, record.accepting([(FOLDER, outside)]))
        except ContractError as error:
            raise SettingsError(str(error)) from error
        self._accepted.add(outside)

    def require(self, folders: Iterable[str]) -> None:
        """Raise SettingsError for a folder of the index that lies outside the project and was not accepted."""
        for folder in folders:
            outside = outside_folder(self._root, folder)
            if outside and not self.accepts(outside):
                raise SettingsError(
                    f"the index includes {outside}, outside the project, which you have not accepted."
                    f" Run: agent-brain folders add {shlex.quote(outside)}"
                )


def _names_the_inside(root: Path, folder: str) -> bool:
    return Path(os.path.normpath(root / folder)).is_relative_to(root)
