"""A house per test."""

import pytest

from tests.adapters_in.http.house import House
from tests.runner import Run


@pytest.fixture
def house(run: Run) -> House:
    """The service on a clock that stands still."""
    return House(run)
