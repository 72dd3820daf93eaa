"""Corporate actions of the synthetic world."""

import numpy as np

from adapters_in.simulator.actions import ACTIONS, unsplit
from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.market import SyntheticMarket
from domain.actions import ActionKind, in_order
from domain.interval import Interval

APPLE = ASSETS["AAPL"]
SPLIT = 1_598_832_000  # 2020-08-31


def test_prices_before_a_split_were_higher_and_volumes_smaller() -> None:
    """Four to one: what changes is the scale, not what was paid, and nothing from then on."""
    edges = Grid.of(Interval.D1).edges(SPLIT - 7 * 86_400, 14)
    adjusted = SyntheticMarket(3).bars(APPLE, edges, 2e9)
    raw = unsplit(APPLE, adjusted)
    before = adjusted.ts < SPLIT
    assert 0 < before.sum() < len(before)
    for name in ("open", "high", "low", "close"):
        ratio = getattr(raw, name) / getattr(adjusted, name)
        assert np.array_equal(ratio, np.where(before, 4.0, 1.0))
    assert np.array_equal(raw.volume * np.where(before, 4.0, 1.0), adjusted.volume)
    assert np.array_equal(raw.turnover, adjusted.turnover)


def test_who_never_split_is_as_it_is() -> None:
    """Most stocks have no action at all."""
    edges = Grid.of(Interval.D1).edges(SPLIT, 14)
    rows = SyntheticMarket(3).bars(ASSETS["MSFT"], edges, 2e9)
    assert unsplit(ASSETS["MSFT"], rows) is rows


def test_actions_are_in_order_and_whole() -> None:
    """A split has a ratio, a dividend an amount with its currency."""
    for actions in ACTIONS.values():
        assert actions == in_order(actions)
        for action in actions:
            is_split = action.kind is ActionKind.SPLIT
            assert (action.ratio > 0, action.amount > 0) == (is_split, not is_split)
            assert action.currency == ("" if is_split else "USD")
            assert action.ex_date % 86_400 == 0
