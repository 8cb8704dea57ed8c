"""What tests of metadata share."""

from __future__ import annotations

import pytest

from gateway.contract.typeinfo import Contract, describe
from gateway.dtos.catalog import catalog
from gateway.services import load_services

BASE_URL = "http://localhost:8000"

# Tests are made for each operation of the catalog, so it is filled before they are collected.
load_services()


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The product's contract."""
    return describe(catalog)
