"""What all answers of KuCoin have in common: the envelope, and the symbols."""

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.provider import ListingsEndpoint, ListingsPart
from domain.errors import NotListed
from domain.instrument import Instrument, Listing

NAME = "kucoin"
# A coin that was renamed keeps its symbol.
_THEIRS = {"BSV": "BCHSV"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


def symbol_of(instrument: Instrument) -> str:
    """Base and quote, such as BTC-USDT."""
    return "-".join(_THEIRS.get(code, code) for code in (instrument.base, instrument.quote))


class Answer(Struct):
    """Every body, data or not; the empty default makes missing data unreadable."""

    code: str
    msg: str = ""
    data: Raw = Raw()


ANSWER = msgspec.json.Decoder(Answer)


def data_of(reply: Reply) -> Raw:
    """What the envelope holds; a body without any is unreadable."""
    return msgspec.json.decode(reply.body, type=Answer).data


def not_listed(instrument: Instrument) -> NotListed:
    """What no data means that comes with the code of success."""
    return NotListed(f"{NAME} does not list {symbol_of(instrument)}.", provider=NAME)


class _Symbol(Struct):
    """Its ``name`` may be another after a renaming: the symbol is the key."""

    symbol: str
    trades: bool = msgspec.field(name="enableTrading", default=True)

    def listing(self) -> Listing:
        """As ours: the symbol, with today's code of a renamed coin in the instrument."""
        codes = (_OURS.get(code, code) for code in self.symbol.split("-"))
        return Listing(NAME, self.symbol, Instrument.pair(*codes), self.trades)


def _read_listings(reply: Reply) -> ListingsPart:
    symbols = msgspec.json.decode(data_of(reply), type=list[_Symbol])
    return ListingsPart([s.listing() for s in symbols if s.symbol.count("-") == 1])


LISTINGS = ListingsEndpoint(
    ask=lambda: Call("/api/v2/symbols", weight=4, max_bytes=8 * MIB), read=_read_listings
)
