"""What all answers of Kraken have in common: the envelope, and the names of pairs."""

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.provider import ListingsEndpoint, ListingsPart
from domain.instrument import Instrument, Listing

NAME = "kraken"
_THEIRS = {"BTC": "XBT", "DOGE": "XDG"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


def pair_of(instrument: Instrument) -> str:
    """The ``altname``, such as XBTUSDT: no look-up is needed."""
    return "".join(_THEIRS.get(code, code) for code in (instrument.base, instrument.quote))


class Answer(Struct):
    """The values of ``result`` are keyed by Kraken's own names, not by what was asked."""

    error: list[str]
    result: dict[str, Raw] = msgspec.field(default_factory=dict)


def result_of(reply: Reply) -> dict[str, Raw]:
    """What the envelope holds."""
    return msgspec.json.decode(reply.body, type=Answer).result


class _AssetPair(Struct):
    """``wsname`` is ``XBT/USDT``: the only name that tells base from quote."""

    altname: str
    wsname: str = ""
    status: str = "online"


def _read_listings(reply: Reply) -> ListingsPart:
    result = result_of(reply)
    pairs = [msgspec.json.decode(raw, type=_AssetPair) for raw in result.values()]
    return ListingsPart([_listing(pair) for pair in pairs if pair.wsname.count("/") == 1])


def _listing(pair: _AssetPair) -> Listing:
    base, quote = (_OURS.get(code, code) for code in pair.wsname.split("/"))
    return Listing(NAME, pair.altname, Instrument.pair(base, quote), pair.status == "online")


LISTINGS = ListingsEndpoint(
    ask=lambda: Call("/0/public/AssetPairs", max_bytes=8 * MIB), read=_read_listings
)
