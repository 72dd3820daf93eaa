"""The bodies about assets as a whole. Times are Unix seconds; null was not sent."""

from msgspec import Struct


class AssetRow(Struct, frozen=True, kw_only=True):
    """One asset as a provider saw it at ``ts``, ``age_s`` seconds before the answer.

    ``symbol`` is our code, ``id`` the provider's own name. Money is in ``currency``, supplies are
    in units of the asset, ``change_24h_pct`` is in percent.
    """

    symbol: str
    id: str
    name: str | None
    rank: int | None
    currency: str
    price: float | None
    market_cap: float | None
    fully_diluted_market_cap: float | None
    volume_24h: float | None
    change_24h_pct: float | None
    circulating_supply: float | None
    total_supply: float | None
    max_supply: float | None
    provider: str
    ts: int
    age_s: int


class Markets(Struct, frozen=True, kw_only=True):
    """Assets by rank; ``cached`` and ``stale`` are null in answers as of a moment."""

    data: tuple[AssetRow, ...]
    provider: str
    limit: int
    offset: int
    cached: bool | None
    stale: bool | None
    substituted: bool
    as_of: float | None
    demo: bool


class AssetBody(AssetRow, frozen=True, kw_only=True):
    """One asset and what it is; ``cached`` and ``stale`` are null in answers as of a moment."""

    metadata: dict[str, str]
    cached: bool | None
    stale: bool | None
    substituted: bool
    as_of: float | None
    demo: bool
