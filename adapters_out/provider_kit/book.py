"""From the two sides of a book, as sent, to a quote."""

from adapters_out.provider_kit.cells import side_of_book
from domain.ticks import Quote, Stamp

Cell = str | float | int | None


def top_of_book(
    bid: tuple[Cell, Cell],
    ask: tuple[Cell, Cell],
    ts_ns: int,
    stamp: Stamp = Stamp.VENUE,
) -> Quote:
    """The best bid and ask, price and size each; a side whose price is 0 or null is empty."""
    bid_price, bid_size = side_of_book(*bid)
    ask_price, ask_size = side_of_book(*ask)
    return Quote(
        ts_ns=ts_ns,
        stamp=stamp,
        bid_price=bid_price,
        bid_size=bid_size,
        ask_price=ask_price,
        ask_size=ask_size,
    )
