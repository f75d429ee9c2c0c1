"""The promises of `storage.protocol`, as tests that every backend inherits."""

from __future__ import annotations

from typing import ClassVar

import pytest

from storage.contract_differences import DifferenceContract
from storage.contract_folders_jobs import FolderContract, JobContract
from storage.contract_graph import GraphContract
from storage.contract_indexing import IndexContract
from storage.contract_lease import LeaseContract
from storage.contract_reading import ReadContract
from storage.contract_searching import SearchContract
from storage.contract_setting import MakeStore


class StoreContract(
    ReadContract,
    SearchContract,
    GraphContract,
    IndexContract,
    DifferenceContract,
    LeaseContract,
    FolderContract,
    JobContract,
):
    """Inherit, override `make_store`; set `persistent` where a closed store can be opened again with what it held."""

    persistent: ClassVar[bool] = True

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """Open the test's store, each time over the same place: `make_store(model=…, tokenizer=…, discard=…)`."""
        raise NotImplementedError
