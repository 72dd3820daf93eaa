"""Say what a person may have meant by a symbol that nobody lists."""

from domain.alike import closest
from domain.errors import StoreUnavailable, UnknownInstrument
from domain.instrument import AssetClass, Instrument, Listing
from ports.instrument_store import InstrumentStore

MOST = 5
_LOOKED_AT = 50


class SuggestSymbols:
    """Near spellings from the stored lists; no provider is asked.

    - one slip away first, then what begins with the text, then other pairs of the same base or
      contracts of the same product;
    - only what is traded, each instrument once, five at most;
    - a store that cannot be asked has no suggestions: the refusal itself is the answer.
    """

    def __init__(self, instruments: InstrumentStore) -> None:
        """Take the lists."""
        self._instruments = instruments

    async def __call__(self, text: str, instrument: Instrument | None = None) -> tuple[str, ...]:
        """Canonical ids, most likely first; ``instrument`` is what the text was taken for."""
        symbol = text.strip().upper()
        try:
            near = closest(symbol, await self._instruments.alike(symbol))
            begun = await self._instruments.search(symbol, _LOOKED_AT)
            kin = await self._kin(instrument)
        except StoreUnavailable:
            return ()
        own = {symbol, None if instrument is None else instrument.id}
        traded = (each.instrument.id for each in (*near, *begun, *kin) if each.active)
        return tuple(dict.fromkeys(name for name in traded if name not in own))[:MOST]

    async def explained(
        self, error: UnknownInstrument, text: str, instrument: Instrument
    ) -> UnknownInstrument:
        """The same refusal with suggestions."""
        if error.did_you_mean:
            return error
        return UnknownInstrument(error.message, await self(text, instrument))

    async def _kin(self, instrument: Instrument | None) -> tuple[Listing, ...]:
        """Other pairs of the same base, other contracts of the same product."""
        if instrument is None or instrument.asset_class is AssetClass.STOCK:
            return ()
        kind, base = instrument.asset_class, instrument.base
        begin = f"{base}-" if kind is AssetClass.CRYPTO else base
        found = await self._instruments.search(begin, _LOOKED_AT)
        return tuple(each for each in found if _is_kin(each.instrument, kind, base))


def _is_kin(found: Instrument, kind: AssetClass, base: str) -> bool:
    return found.asset_class is kind and found.base == base
