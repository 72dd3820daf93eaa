"""What a paper exchange tells of assets."""

from abc import abstractmethod
from collections.abc import Sequence

from domain.assets import AssetSnapshot
from domain.errors import MarketDataError, NotListed
from ports.assets import AssetSource
from ports.clock import Clock
from ports.market_data import CallContext

COINS = ("BTC", "ETH", "SOL", *(f"COIN{k}" for k in range(4, 451)))


class PaperSurvey(AssetSource):
    """450 coins, the first at a price of 1,000; the second without a supply.

    ``surveyed`` counts calls; ``fault`` makes them fail, ``blind`` only those about assets.
    """

    fault: MarketDataError | None

    def __init__(self, clock: Clock) -> None:
        self._wall = clock
        self.surveyed = 0
        self.blind: MarketDataError | None = None
        self.price_of_all = 1000.0

    @property
    @abstractmethod
    def name(self) -> str:
        """As in the API."""

    async def markets(
        self, limit: int, offset: int, context: CallContext
    ) -> Sequence[AssetSnapshot]:
        del context
        self._survey()
        return [self._snapshot(k) for k in range(len(COINS))[offset : offset + limit]]

    async def asset(self, code: str, context: CallContext) -> AssetSnapshot:
        del context
        self._survey()
        if code not in COINS:
            message = f"{self.name} does not list {code}."
            raise NotListed(message, provider=self.name)
        return self._snapshot(COINS.index(code), {"website": f"https://{code.lower()}.example"})

    def _survey(self) -> None:
        self.surveyed += 1
        fault = self.blind or self.fault
        if fault is not None:
            raise fault

    def _snapshot(self, place: int, metadata: dict[str, str] | None = None) -> AssetSnapshot:
        supply = None if place == 1 else 1e6
        return AssetSnapshot(
            asset=COINS[place],
            id=f"id-{place}",
            provider=self.name,
            ts=int(self._wall.now()) - 7,
            name=f"Coin {place}",
            rank=place + 1,
            price=self.price_of_all / (place + 1),
            market_cap=None if supply is None else supply * self.price_of_all / (place + 1),
            volume_24h=0.0,
            circulating_supply=supply,
            metadata=metadata or {},
        )
