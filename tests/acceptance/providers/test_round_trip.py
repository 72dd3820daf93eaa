"""``read(render(x)) == x``: whatever a provider's twin renders, its file reads back as it was."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.simulator import discover
from domain.instrument import AssetClass, Listing
from domain.interval import Interval
from domain.provider import Capability
from ports.market_data import CallContext
from tests.acceptance.providers.asking import ask_bars, assert_traded
from tests.acceptance.providers.stage import PROVIDERS, Stage

_SINCE_THE_SPLIT = 48  # months: before it the market tells other prices than were paid
_NAMES = [name for name in PROVIDERS if name in discover() and PROVIDERS[name].bars is not None]


@contextmanager
def _staged(name: str) -> Iterator[Stage]:
    stage = Stage(name, "scripted")
    try:
        yield stage
    finally:
        stage.close()


def _listed(stage: Stage) -> list[Asset]:
    """What the provider lists of the synthetic market."""
    can = stage.provider.capabilities
    kinds = {AssetClass.STOCK} if stage.plays_stocks else can.asset_classes
    ours = [a for a in ASSETS.values() if a.instrument.asset_class in kinds]
    if Capability.INSTRUMENTS not in can.offers or stage.role.listed_in:
        return [a for a in ours if a.instrument.quote in {stage.role.quote, ""}]
    listed = {each.instrument.id for each in stage.run(_listings(stage))}
    return [a for a in ours if a.id in listed]


async def _listings(stage: Stage) -> Sequence[Listing]:
    return await stage.source.listings(CallContext())


@pytest.mark.parametrize("name", _NAMES)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_what_is_rendered_is_read(name: str, data: st.DataObject) -> None:
    """Any instrument, any interval, any recent stretch: the same bars, and none set aside."""
    with _staged(name) as stage:
        asset = data.draw(st.sampled_from(_listed(stage)))
        interval = data.draw(st.sampled_from(stage.provider.capabilities.intervals))
        young = _SINCE_THE_SPLIT if interval is Interval.MO1 else 150
        reach = stage.role.reach.get(interval, young)
        ago = data.draw(st.integers(0, min(60, reach - 1)))
        count = data.draw(st.integers(1, min(90, reach - ago)))
        end = interval.shift(interval.floor(int(stage.now())), -ago)
        start = max(interval.shift(end, -count), interval.ceil(asset.listed))
        assume(start < end)
        answer = ask_bars(stage, asset.id, interval, (start, end))
        assert answer.errors == []
        assert [row for page in answer.pages for row in page.rejected] == []
        assert_traded(stage, answer)


def test_every_interval_is_drawn_from_somewhere() -> None:
    """The property would be empty for a provider without intervals."""
    assert all(PROVIDERS[name].capabilities.intervals for name in _NAMES)
    assert {i for name in _NAMES for i in PROVIDERS[name].capabilities.intervals} == set(Interval)
