"""What is known of an asset as a whole: its capitalisation, rank, supply and description."""

from collections.abc import Mapping

from msgspec import Struct, field


class AssetSnapshot(Struct, frozen=True, kw_only=True):
    """One asset as one provider saw it at ``ts`` (Unix s); ``None`` means "not sent".

    ``asset`` is our code (``BTC``), ``id`` the provider's own. Amounts of money are in
    ``currency``, supplies in units of the asset, ``change_24h_pct`` in percent.
    """

    asset: str
    id: str
    provider: str
    ts: int
    name: str | None = None
    currency: str = "USD"
    rank: int | None = None
    price: float | None = None
    market_cap: float | None = None
    fully_diluted_market_cap: float | None = None
    volume_24h: float | None = None
    change_24h_pct: float | None = None
    circulating_supply: float | None = None
    total_supply: float | None = None
    max_supply: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class KnownAsset(Struct, frozen=True, kw_only=True):
    """A snapshot that is remembered, and since when it is known (Unix µs)."""

    snapshot: AssetSnapshot
    known_at: int
