"""Addresses that the public interface has given away, and that this version does not serve.

Without them the word in the path would be taken for a symbol: somebody who asks for the consensus
must not be told that nobody lists a stock called CONSENSUS.
"""

from functools import partial

from adapters_in.http.problems import refuse
from adapters_in.http.replies import Call, Reply, Route

_HINT = "GET /openapi.json lists what this version serves."
# In small letters, as the addresses are: WS is a share of New York, and stays one.
RESERVED = {
    "consensus": "This version does not serve consensus yet: ask for the bars of one provider "
    "after the other with provider=.",
    "export": "This version does not serve bulk exports yet: follow `next` of "
    "/api/v1/data/ohlcv, with format=csv or format=ndjson.",
    "ws": "This version does not serve the WebSocket yet: ask /api/v1/data/ohlcv again.",
    "assets": "Name the asset, as in /api/v1/data/assets/BTC; /api/v1/data/markets lists them.",
}


def reserved_routes() -> tuple[Route, ...]:
    """One for each word, none of them documented; whatever parameters come are not looked at."""
    return tuple(
        Route(
            method="GET",
            path=f"/api/v1/data/{word}",
            tag="Reserved",
            summary=word,
            handle=partial(_refuse, detail),
            documented=False,
            unread=True,
        )
        for word, detail in RESERVED.items()
    )


async def _refuse(detail: str, call: Call) -> Reply:
    del call
    raise refuse(404, detail, code="not-served", hint=_HINT)
