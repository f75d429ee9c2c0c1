"""What the parts of the contract have in common: a store that is open, and a way to open it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Protocol

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER


class MakeStore(Protocol):
    """Makes a store that is not open yet, each time over the same place."""

    def __call__(
        self, model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False
    ) -> Store: ...


class ContractSetting:
    """The base of the contract's parts."""

    persistent: ClassVar[bool]

    @pytest.fixture
    async def store(self, make_store: MakeStore) -> AsyncIterator[Store]:
        opened = make_store()
        await opened.open()
        yield opened
        await opened.close()

    def need_persistence(self) -> None:
        """Skip what makes no sense for a store that forgets."""
        if not self.persistent:
            pytest.skip("this backend keeps nothing")
