"""Every provider passes the kit, and the kit catches what authors of adapters get wrong.

Each seeded bug is a provider file with one mistake; it counts as caught when a check fails or
the service refuses it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from adapters_out.provider_kit.provider import Provider
from domain.errors import MarketDataError
from tests.acceptance.providers.conformance import CHECKS
from tests.acceptance.providers.seeded_bugs import BUGS
from tests.acceptance.providers.stage import DIALECTS, PROVIDERS, Stage

_SOUND = [name for name in PROVIDERS if name in DIALECTS and PROVIDERS[name].bars is not None]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", _SOUND)
def test_every_provider_conforms(name: str, check: str) -> None:
    """Without a mistake no check complains."""
    with _staged(name, None) as stage:
        CHECKS[check](stage)


@contextmanager
def _staged(name: str, provider: Provider | None) -> Iterator[Stage]:
    stage = Stage(name, "scripted", provider)
    try:
        yield stage
    finally:
        stage.close()


def _complaint(stage: Stage, check: Callable[[Stage], None]) -> str | None:
    try:
        check(stage)
    except (AssertionError, MarketDataError, KeyError) as fault:
        return f"{type(fault).__name__}: {fault}"[:100]
    return None


@pytest.mark.parametrize("name", BUGS)
def test_the_kit_catches(name: str) -> None:
    """At least one check complains about a provider with this mistake."""
    bug = BUGS[name]
    spoilt = bug.seed(PROVIDERS[bug.provider])
    for check in CHECKS.values():
        with _staged(bug.provider, spoilt) as stage:
            if _complaint(stage, check) is not None:
                return
    pytest.fail(f"nobody noticed: {name}")


def test_there_are_enough_bugs_to_trust_the_kit() -> None:
    """At least twenty different ones, in more than one provider's file."""
    assert len(BUGS) >= 20
    assert len({bug.provider for bug in BUGS.values()}) >= 4
