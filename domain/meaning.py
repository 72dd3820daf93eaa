"""What a spelling means, by the lists of the providers."""

from collections.abc import Iterable

from domain.instrument import Instrument, Listing

_LONGEST_TICKER = 5


def meant(
    listings: Iterable[Listing], text: str, at: float, provider: str | None = None
) -> Instrument | None:
    """The instrument that ``text`` meant at ``at`` (Unix s), of listings spelled like it.

    - a named provider's own spelling comes first, then what was valid at that time, then what is
      named exactly so by us, then what is still traded;
    - ids (``1027``, ``bitcoin``) are no symbols that people use: they count if their provider
      is named, or if they were written exactly and are too long for a ticker.
    """
    symbol = text.upper()
    able = [each for each in listings if _is_said(each, text, provider)]

    def doubt(listing: Listing) -> tuple[bool, bool, bool, bool]:
        return (
            provider is not None and listing.provider != provider,
            not listing.is_valid(at),
            listing.instrument.id != symbol,
            not listing.active,
        )

    return min(able, key=doubt).instrument if able else None


def _is_said(listing: Listing, text: str, provider: str | None) -> bool:
    """Whether a person who writes ``text`` may mean this listing."""
    own = listing.symbol
    is_id = own.isdigit() or own != own.upper()
    if not is_id or provider == listing.provider or listing.instrument.id == text.upper():
        return True
    return own == text and not own.isdigit() and len(own) > _LONGEST_TICKER
