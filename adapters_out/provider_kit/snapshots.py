"""From what a provider tells of an asset to an :class:`domain.assets.AssetSnapshot`."""

from msgspec.structs import replace

from adapters_out.provider_kit.cells import nonzero_number, optional_number
from domain.assets import AssetSnapshot

Cell = float | str | None
# Where nothing was traded or nothing moved, 0 is a fact.
_MAY_BE_ZERO = frozenset({"volume_24h", "change_24h_pct"})


def snapshot_of(
    provider: str,
    asset: str,
    own_id: str,
    ts: int,
    *,
    name: str | None,
    rank: int | None,
    **amounts: Cell,
) -> AssetSnapshot:
    """In dollars; ``amounts`` are the numbers of a snapshot by their names, as they were sent.

    A price, capitalisation or supply of 0 stands for one that is not known.

    Raises:
        Unreadable: an amount is no number.
    """
    numbers = {
        each: (optional_number if each in _MAY_BE_ZERO else nonzero_number)(cell)
        for each, cell in amounts.items()
    }
    known = AssetSnapshot(
        asset=asset.upper(), id=own_id, provider=provider, ts=ts, name=name, rank=rank
    )
    return replace(known, **numbers)
