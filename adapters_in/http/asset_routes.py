"""Assets as a whole: capitalisation, rank, supply and description."""

from dataclasses import dataclass
from typing import Any

from adapters_in.http.bodies_assets import AssetBody, AssetRow, Markets
from adapters_in.http.encoding import seconds_of
from adapters_in.http.kinds import Whole
from adapters_in.http.parameters import Parameter, as_of, limit, provider, symbol
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.get_asset import AssetAnswer, AssetQuery
from application.list_markets import MarketsAnswer, MarketsQuery
from domain.assets import AssetSnapshot
from domain.instrument import AssetClass, clean_symbol
from domain.moment import MICROS

_STATUSES = (400, 404, 422, 503, 504)
_MOST = 1000
_FURTHEST = 20_000
_FIELDS = tuple(set(AssetRow.__struct_fields__) - {"symbol", "age_s"})


@dataclass(frozen=True, slots=True)
class AssetRoutes:
    """Routes that ask about assets."""

    services: Services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        behind = "So many assets rank before the first one."
        whom = (provider(self.services.providers), as_of())
        listed = (
            limit(100, _MOST, "assets"),
            Parameter("offset", Whole(0, _FURTHEST), behind, default=0),
        )
        return (
            Route(
                method="GET",
                path="/api/v1/data/markets",
                tag="Assets",
                summary="Assets by capitalisation",
                handle=self.markets,
                parameters=(*listed, *whom),
                reply=Markets,
                statuses=_STATUSES,
            ),
            Route(
                method="GET",
                path="/api/v1/data/assets/{symbol}",
                tag="Assets",
                summary="Capitalisation, rank, supply and description of an asset",
                handle=self.asset,
                parameters=(symbol(place="path"), *whom),
                reply=AssetBody,
                statuses=_STATUSES,
            ),
        )

    async def markets(self, call: Call) -> Reply:
        """By rank."""
        values = call.values
        query = MarketsQuery(
            limit=values["limit"],
            offset=values["offset"],
            provider=values["provider"],
            as_of=values["as_of"],
        )
        answer = await self.services.list_markets(query, call.context)
        now = self._now(answer.as_of)
        return json_reply(
            Markets(
                data=tuple(AssetRow(**_row(asset, now)) for asset in answer.assets),
                provider=answer.provider,
                limit=query.limit,
                offset=query.offset,
                **self._origin(answer),
            )
        )

    async def asset(self, call: Call) -> Reply:
        """One."""
        values = call.values
        code = await self._code(values["symbol"])
        query = AssetQuery(code=code, provider=values["provider"], as_of=values["as_of"])
        answer = await self.services.get_asset(query, call.context)
        row = _row(answer.asset, self._now(answer.as_of))
        metadata = dict(answer.asset.metadata)
        return json_reply(AssetBody(metadata=metadata, **row, **self._origin(answer)))

    async def _code(self, spelled: str) -> str:
        """The asset that is meant: the first of a pair, else the word itself."""
        instrument = await self.services.resolve_symbol(spelled)
        is_pair = instrument.asset_class is AssetClass.CRYPTO
        return instrument.base if is_pair else clean_symbol(spelled)

    def _now(self, moment: int | None) -> float:
        return self.services.clock.now() if moment is None else moment / MICROS

    def _origin(self, answer: MarketsAnswer | AssetAnswer) -> dict[str, Any]:
        then = answer.as_of
        return {
            "cached": answer.cached if then is None else None,
            "stale": answer.stale if then is None else None,
            "substituted": answer.substituted,
            "as_of": None if then is None else seconds_of(then),
            "demo": self.services.demo,
        }


def _row(asset: AssetSnapshot, now: float) -> dict[str, Any]:
    fields = {name: getattr(asset, name) for name in _FIELDS}
    return {**fields, "symbol": asset.asset, "age_s": max(0, int(now - asset.ts))}
