"""The error tree: what it says to people and to the machinery."""

import re

import pytest

from domain import errors
from domain.errors import (
    Attempt,
    MarketDataError,
    NoProviderAvailable,
    ProviderError,
    ProviderUnavailable,
)


def tree(root: type[MarketDataError]) -> list[type[MarketDataError]]:
    """The class and everything below it in the module (an adapter may refine one for itself)."""
    children = [c for c in root.__subclasses__() if c.__module__ == errors.__name__]
    return [root, *(leaf for child in children for leaf in tree(child))]


EVERY = tree(MarketDataError)


def test_codes_and_titles_are_unique() -> None:
    """No two faults share their slug or their title, and every class has its own."""
    assert len({e.code for e in EVERY}) == len(EVERY)
    assert len({e.title for e in EVERY}) == len(EVERY)
    assert all("code" in vars(e) and "title" in vars(e) for e in EVERY)


@pytest.mark.parametrize("fault", EVERY)
def test_codes_are_slugs_and_titles_are_sentences(fault: type[MarketDataError]) -> None:
    """A code is lower-case words with dashes; a title starts with a capital, ends without dot."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", fault.code)
    assert re.fullmatch(r"[A-Z].*[a-z]", fault.title)
    assert fault.__doc__


@pytest.mark.parametrize("fault", EVERY)
def test_every_fault_keeps_its_sentence(fault: type[MarketDataError]) -> None:
    """Any fault can be raised with one sentence and gives it back."""
    error = fault("Something is wrong.")
    assert str(error) == error.message == "Something is wrong."


def test_only_a_broken_provider_is_asked_again_and_loses_health() -> None:
    """Transient faults are retried and hurt health; every provider fault fails over."""
    retried = {e for e in EVERY if e.retry}
    assert retried == {e for e in EVERY if e.hurts_health} == set(tree(ProviderUnavailable))
    assert {e for e in EVERY if e.fail_over} == set(tree(ProviderError))


def test_the_drawing_shows_the_tree() -> None:
    """The picture in the module's docstring names every class, indented as it inherits."""
    drawn = re.findall(r"^\s*([│├└─\s]*)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    depth = {name: len(branch) // 4 for branch, name in drawn if name in vars(errors)}
    assert depth == {e.__name__: len(e.__mro__) - len(MarketDataError.__mro__) for e in EVERY}


def test_providers_are_blamed_by_name() -> None:
    """A provider's fault knows whose it is and when to come back; a summary keeps each reason."""
    error = ProviderUnavailable("It is down.", provider="kraken", retry_at=12.5)
    assert (error.provider, error.retry_at) == ("kraken", 12.5)
    attempt = Attempt("kraken", error.code, error.message, error.retry_at)
    assert NoProviderAvailable("Nobody answered.", (attempt,)).attempts == (attempt,)
