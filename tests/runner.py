"""The type of the `run` fixture."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine on the test's own event loop; every call of one test shares the loop."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T:
        """The coroutine's result, or its exception."""
