"""Every fault of every provider, against the running service."""

import math
import re
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from adapters_in.simulator.faults import FaultKind
from domain.circuit import RECENT, WRITE_EVERY_S
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import crowd, target
from tests.acceptance.service.exchange import COINS
from tests.acceptance.service.moments import DAY, HOUR, calm
from tests.acceptance.service.stage import Service, Stage
from tests.servers import wait_until

_DEADLINE_S = 3.0
_LATEST_S = _DEADLINE_S + 0.5
_GROWTH_MIB = 96
_RECOVERY_S = 30.0
_STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600}
_KNOWN: dict[str, Any] = {"start": DAY, "end": DAY + HOUR}

_WIRE: list[tuple[FaultKind, dict[str, object]]] = [
    (FaultKind.STATUS, {"status": 500}),
    (FaultKind.STATUS, {"status": 429, "retry_after_s": 1.0}),
    (FaultKind.STATUS, {"status": 451}),
    (FaultKind.RATE_LIMIT, {"limit": 0.5}),
    (FaultKind.REDIRECT, {}),
    (FaultKind.HTML, {}),
    (FaultKind.RESET, {}),
    (FaultKind.HALF_BODY, {}),
    (FaultKind.WRONG_LENGTH, {}),
    (FaultKind.TRUNCATED_JSON, {}),
    (FaultKind.EMPTY_BODY, {}),
    (FaultKind.WRONG_CONTENT_TYPE, {}),
    (FaultKind.DEEP_NESTING, {}),
]
_SLOW_AND_BIG: list[tuple[FaultKind, dict[str, object]]] = [
    (FaultKind.DELAY, {"seconds": 6.0}),
    (FaultKind.HANG, {}),
    (FaultKind.DRIP, {}),
    (FaultKind.GZIP_BOMB, {}),
    (FaultKind.HUGE_BODY, {}),
]
_CONTENT: list[tuple[FaultKind, dict[str, object]]] = [
    (FaultKind.NAN, {"rows": 3}),
    (FaultKind.INFINITY, {"rows": 3}),
    (FaultKind.NULL, {"rows": 3}),
    (FaultKind.DUPLICATES, {"rows": 5}),
    (FaultKind.DISORDER, {}),
    (FaultKind.MISALIGNED, {"rows": 3}),
    (FaultKind.IMPOSSIBLE, {"rows": 3}),
    (FaultKind.NEGATIVE_VOLUME, {"rows": 3}),
    (FaultKind.MISSING, {"rows": 7}),
    (FaultKind.OUTLIER, {"rows": 2}),
    (FaultKind.FOREIGN_NEXT_URL, {}),
    (FaultKind.IGNORED_PAGING, {}),
]
_GROUPS = {"wire": _WIRE, "slow": _SLOW_AND_BIG, "content": _CONTENT}
# After these a provider is not at fault: its answer is right, or at least readable.
_HARMLESS = {
    *(FaultKind.DUPLICATES, FaultKind.DISORDER, FaultKind.FOREIGN_NEXT_URL),
    *(FaultKind.WRONG_CONTENT_TYPE, FaultKind.IGNORED_PAGING),
}
_BENT = {kind for kind, _ in _CONTENT} - _HARMLESS


def test_no_fault_is_left_out() -> None:
    """Every kind of fault is in one of the groups."""
    assert {kind for group in _GROUPS.values() for kind, _ in group} == set(FaultKind)


def _series() -> Iterator[tuple[str, str]]:
    """Symbols and intervals that nobody has asked for yet, of both providers."""
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT", "LTCUSDT")
    return ((symbol, interval) for interval, symbol in product(_STEPS, symbols))


def _rows_are_sound(answer: Answer, interval: str, asked_at: float) -> None:
    step, now = _STEPS[interval], time.time()
    stamps = [row["ts"] for row in answer.data]
    assert stamps == sorted(set(stamps))
    for row in answer.data:
        assert row["ts"] % step == 0, row
        prices = [row[name] for name in ("open", "high", "low", "close")]
        assert all(isinstance(p, float) and math.isfinite(p) and p > 0 for p in prices), row
        assert row["high"] == max(prices), row
        assert row["low"] == min(prices), row
        assert row["volume"] is None or 0 <= row["volume"] < math.inf, row
        closes = row["ts"] + step
        assert closes <= now if row["final"] else closes > asked_at, row


def _is_told(body: dict[str, Any]) -> bool:
    """Whether the answer owns up to what was wrong with its bars."""
    return bool(body["gaps"] or body["quality"]["issues"] or body["substituted"])


def _is_acceptable(answer: Answer, kind: FaultKind, interval: str, asked_at: float) -> None:
    assert answer.status in {200, 503, 504}, answer
    assert answer.took < _LATEST_S, answer
    body = answer.json()
    if answer.status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["status"] == answer.status
        assert body["detail"]
        return
    _rows_are_sound(answer, interval, asked_at)
    assert body["substituted"] is (body["provider"] != "binance")
    assert kind not in _BENT or _is_told(body), body


def _wait_well(service: Service) -> None:
    """Until every circuit is closed and nobody is frozen."""

    def unwell() -> list[object]:
        providers = service.get("/api/v1/data/providers").json()["providers"]
        return [
            (p["name"], p["health"], p["budget"])
            for p in providers
            if p["health"]["state"] != "closed" or p["budget"]["banned_until"] is not None
        ]

    try:
        wait_until(lambda: not unwell(), "The recovery", _RECOVERY_S)
    except TimeoutError:
        pytest.fail(f"not recovered within 30 s: {unwell()}")


class Trial:
    """One service that meets one fault after the other; ``whom`` empty means every provider."""

    def __init__(self, stage: Stage, whom: str) -> None:
        self._stage, self._whom, self._series = stage, whom, _series()
        self.service = stage.serve(FKS_REQUEST_DEADLINE_S=f"{_DEADLINE_S:g}")
        self._known = self.service.bars(**_KNOWN)
        assert self._known.status == 200
        warm = self.service.bars("BTC/USD", limit=700, provider="kraken")
        assert warm.status == 200

    def meet(self, kind: FaultKind, parameters: dict[str, object]) -> None:
        """Set the fault, ask for something new and for something stored, lift it, ask again."""
        calm()
        symbol, interval = next(self._series)
        elsewhere = f"http://127.0.0.1:{self._stage.exchange.port}/binance/elsewhere"
        more: dict[str, Any] = parameters | {"location": elsewhere}
        number = self._stage.exchange.fault(kind, self._whom, **more)
        asked: dict[str, Any] = {"interval": interval, "limit": 650}
        for partial in (False, True):
            asked_at = time.time()
            answer = self.service.bars(symbol, **asked, include_partial=partial)
            _is_acceptable(answer, kind, interval, asked_at)
            assert answer.status == 200 or not self._whom, answer
        still = self.service.bars(**_KNOWN)
        assert still.data_bytes == self._known.data_bytes
        assert still.took < 0.5
        assert self._stage.exchange.struck()[number] > 0, "nobody met the fault"
        self._stage.exchange.heal()
        _wait_well(self.service)
        for k in range(RECENT):  # so that the first choice is the first again
            time.sleep(WRITE_EVERY_S * (k == RECENT - 1))
            healed = self.service.bars(symbol, **asked, use_cache=False, provider="binance")
            assert (healed.status, len(healed.data)) == (200, 650), healed
            assert healed.json()["gaps"] == []


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["", "binance"], ids=["everybody", "the first"])
@pytest.mark.parametrize("group", _GROUPS)
def test_faults_are_survived_and_told(database_stage: Stage, group: str, whom: str) -> None:
    """No unsound bar, no 500, nothing late, little memory; stored bars stay; all recovers."""
    trial = Trial(database_stage, whom)
    service, before = trial.service, trial.service.rss_mib
    for kind, parameters in _GROUPS[group]:
        trial.meet(kind, parameters)
    kept = {reason for (reason,) in database_stage.sql("SELECT DISTINCT reason FROM quarantine")}
    assert (len(kept) >= 3) is (group == "content"), kept
    assert service.peak_mib - before < _GROWTH_MIB
    assert database_stage.exchange.arrivals(path="/elsewhere") == []
    assert "Traceback" not in service.err
    served = service.get("/metrics").body.decode()
    assert not re.search(r'status="500"', served)


@pytest.mark.slow
def test_floods_of_everybody_cost_little_memory(database_stage: Stage) -> None:
    """However many callers want something new at once: it grows by half of that at most."""
    service = database_stage.serve(FKS_REQUEST_DEADLINE_S=f"{_DEADLINE_S:g}")
    before = service.rss_mib
    # Below and above what is read at most; three MiB are refused as a page, not as a list.
    for kind, mib in product((FaultKind.GZIP_BOMB, FaultKind.HUGE_BODY), (3, None)):
        number = database_stage.exchange.fault(kind, mib=mib)
        asks = [(service.port, target(symbol=s, interval=i, limit=650)) for s, i in _series()]
        answers = crowd(asks)
        assert {answer.status for answer in answers} <= {200, 503, 504}, answers
        assert database_stage.exchange.struck()[number] > 0, "nobody met the fault"
        database_stage.exchange.heal()
        _wait_well(service)
    assert service.peak_mib - before < _GROWTH_MIB / 2


def test_a_firewall_s_page_is_a_ban(database_stage: Stage) -> None:
    """403 with a page is met by silence: 503 with a reason each, and no further call is sent."""
    stage = database_stage
    service = stage.serve()
    stage.exchange.fault(FaultKind.STATUS, status=403)
    first = service.bars(limit=10)
    assert first.status == 503, first
    assert {a["provider"] for a in first.json()["attempts"]} == COINS
    assert int(first.headers["retry-after"]) > 10
    stage.exchange.forget()
    assert service.bars("ETHUSDT", limit=10).status == 503
    assert stage.exchange.arrivals() == []
