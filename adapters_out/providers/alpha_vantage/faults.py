"""Alpha Vantage's complaints: status 200 and words, also where CSV was asked for."""

import re

import msgspec
import numpy as np
from msgspec import Raw

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, KeyRefused, retry_after
from adapters_out.provider_kit.wall_clock import DAY, day_of, unix_of
from adapters_out.providers.alpha_vantage.tables import NEW_YORK
from domain.errors import NotEntitled, NotListed, QuotaExhausted, RateLimited

_NOTHING = "Nothing"
# A "message" stands beside data that are invented.
_KINDS = ("Error Message", "Note", "Information", "message")
_A_DAY = "api rate limit is"
_OUR_KEY = re.compile(r"(?i)(api key as )\S+")


def _complaint(reply: Reply) -> Complaint | None:
    """What it says instead of data, without our key, which one of its sentences spells out.

    An answer in CSV has no complaint; ``{}`` is all that is told of an unknown symbol.
    """
    if reply.body.lstrip()[:1] != b"{":
        return None
    answer = msgspec.json.decode(reply.body, type=dict[str, Raw])
    if not answer:
        return Complaint(_NOTHING)
    kind = next((kind for kind in _KINDS if kind in answer), None)
    if kind is None:
        return None
    return Complaint(kind, _OUR_KEY.sub(r"\1***", msgspec.json.decode(answer[kind], type=str)))


def _retry_at(reply: Reply) -> float | None:
    """After the last call of a day: midnight in New York, the earliest that may help."""
    said = _complaint(reply)
    if said is None or _A_DAY not in said.text.lower():
        return retry_after(reply)
    tomorrow = np.array([day_of(NEW_YORK, reply.received_at) + DAY], dtype=np.int64)
    return float(unix_of(NEW_YORK, tomorrow)[0])


FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(NotEntitled, "offers that to paying users only", text="is a premium endpoint"),
        FaultRule(QuotaExhausted, "says that the calls of a day are used up", text=_A_DAY),
        FaultRule(RateLimited, "limits our rate", text="spreading out", pause_s=2.0),
        FaultRule(RateLimited, "limits our rate", codes=("Note",)),
        FaultRule(KeyRefused, "denies access: check the key", text="apikey"),
        FaultRule(KeyRefused, "denies access: check the key", text="api key is for demo"),
        FaultRule(NotListed, "does not list the symbol", text="invalid api call"),
        FaultRule(NotListed, "does not list the symbol", (200,), codes=(_NOTHING,)),
    ),
)
