"""A secret is never shown."""

import copy
import pickle

import msgspec
import pytest

from domain.secret import Secret


def test_it_is_shown_nowhere() -> None:
    """Not by repr, str, format, in a container, or with an exception."""
    secret = Secret("hush")
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {ValueError(secret)} %s" % secret
    assert "hush" not in shown
    assert secret.reveal() == "hush"


def test_it_is_not_sent_anywhere_by_accident() -> None:
    """Neither pickled nor encoded."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("hush"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hush"))
    with pytest.raises(TypeError):
        msgspec.json.encode({"key": Secret("hush")})


def test_it_compares_by_value() -> None:
    """Two of the same value are one; an empty one is nothing."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"
    assert not Secret("")
