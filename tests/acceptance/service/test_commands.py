"""Every command of `fks-data`, as a person or a script meets it."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from adapters_in.simulator.faults import FaultKind
from adapters_in.simulator.simulator import discover
from tests.acceptance.service.calls import call
from tests.acceptance.service.exchange import BY_PREFERENCE
from tests.acceptance.service.moments import DAY, HOUR, instant
from tests.acceptance.service.stage import COMMAND, OHLCV, Ended, Stage
from tests.servers import free_port, wait_until

_SPAN = ("--interval", "1m", "--start", str(DAY), "--end", str(DAY + 2 * HOUR))
_NOWHERE = "postgresql://somebody:hunter2hunter2@127.0.0.1:9/x"


@pytest.fixture
def stage(empty_database_url: str) -> Iterator[Stage]:
    """A database of the test's own, so that no command has to start one."""
    with Stage(database_url=empty_database_url) as opened:
        yield opened


def assert_one_sentence(ended: Ended, code: int, *words: str) -> None:
    """Nothing on stdout, one line on stderr that names everything it should, no traceback."""
    assert (ended.code, ended.out) == (code, ""), ended
    assert ended.err.startswith("fks-data: "), ended
    assert ended.err.endswith("\n"), ended
    assert ended.err.count("\n") == 1, ended
    assert [word for word in words if word not in ended.err] == [], ended


@pytest.mark.slow
def test_the_commands_that_fetch_and_look(stage: Stage) -> None:
    """migrate, backfill, bars, gaps, quality, providers, jobs, doctor: exit 0 and told shapes."""
    migrated = stage.cli("migrate", "--json")
    assert json.loads(migrated.out)["applied"][0].startswith("0001"), migrated
    assert json.loads(stage.cli("migrate", "--json").out) == {"applied": []}
    filled = stage.cli("backfill", "BTCUSDT", *_SPAN, "--json")
    lines = [json.loads(line) for line in filled.out.splitlines()]
    assert (filled.code, filled.err) == (0, ""), filled
    named = {"symbol": "BTCUSDT", "interval": "1m", "provider": "binance"}
    span = {"start": DAY, "end": DAY + 2 * HOUR}
    assert lines[0] == {"event": "committed", **named, **span, "rows": 120}
    assert (lines[-1]["event"], lines[-1]["complete"]) == ("done", True)

    def told(*arguments: str) -> object:
        ended = stage.cli(*arguments)
        assert (ended.code, ended.err) == (0, ""), ended
        return json.loads(ended.out)

    body = told("bars", "BTCUSDT", *_SPAN, "--limit", "3", "--format", "json")
    assert isinstance(body, dict)
    assert [row["ts"] for row in body["data"]] == [DAY, DAY + 60, DAY + 120]
    assert (body["provider"], body["cached"]) == ("binance", True)
    [quality] = _rows(told("quality", "BTCUSDT", "--json"))
    assert (quality["bars"], quality["instrument"]) == (120, "BTC-USDT")
    gaps = _rows(told("gaps", "BTCUSDT", "--interval", "1m", "--json"))
    assert [gap["start"] for gap in gaps] == [DAY + 2 * HOUR]
    assert [p["name"] for p in _rows(told("providers", "--json"))] == list(BY_PREFERENCE)
    assert told("jobs", "--json") == []
    assert all(row["ok"] for row in _rows(told("doctor", "--json")))


def _rows(body: object) -> list[dict[str, object]]:
    assert isinstance(body, list)
    return body


def test_the_terminal_forms(stage: Stage) -> None:
    """Tables name what they show; csv has a header and no column of what was never sent."""
    csv = stage.cli("bars", "BTCUSDT", *_SPAN, "--limit", "2", "--format", "csv")
    header, first, second = csv.out.splitlines()
    assert header == "ts,timestamp,open,high,low,close,volume,final,trades"
    assert (first.split(",")[0], second.split(",")[0]) == (str(DAY), str(DAY + 60))
    table = stage.cli("bars", "BTCUSDT", *_SPAN, "--limit", "2")
    assert "BTC-USDT 1m from binance, quality" in table.out
    assert first.split(",")[5] in table.out
    forms = [("--format", "json"), ("--json",)]
    one, other = (json.loads(stage.cli("bars", "BTCUSDT", *_SPAN, *form).out) for form in forms)
    assert one["data"] == other["data"]
    gaps = stage.cli("gaps", "BTCUSDT")
    assert (gaps.code, "unknown" in gaps.out) == (0, True), gaps
    doctor = stage.cli("doctor")
    assert doctor.code == 0, doctor
    assert "ok   provider polygon: skipped" in doctor.out  # no key is no fault
    assert "-> Set POLYGON_API_KEY" in doctor.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nonsense",), 2, ("nonsense", "serve")),
        (("bars",), 2, ("symbol",)),
        (("bars", "BTCUSDT", "--nope"), 2, ("--nope",)),
        (("bars", "BTCUSDT", "--limit", "0"), 2, ("--limit", "5000")),
        (("bars", "BTCUSDT", "--limit", "nan"), 2, ("--limit",)),
        (("bars", "BTCUSDT", "--interval", "7m"), 2, ("1mo",)),
        (("bars", "BTCUSDT", "--provider", "nobody"), 2, ("nobody", "kraken")),
        (("bars", "BTCUSDT", "--format", "xml"), 2, ("xml", "csv")),
        (("bars", "BTCUSDT", "--adjust", "some"), 2, ("some", "splits")),
        (("bars", "AAPL", "--interval", "1w", "--adjust", "all"), 2, ("adjust=all", "1d")),
        (("bars", "BTCUSDT", "--start", "1717372800000"), 2, ("--start",)),
        (("bars", "NOSUCHUSDT"), 1, ("NOSUCH-USDT",)),
        (("backfill", "BTCUSDT"), 2, ("interval",)),
        (("backfill", "BTCUSDT", "--interval", "1m", "--start", "9", "--end", "8"), 2, ("end",)),
        (("backfill", "QQQ/USDT", *_SPAN), 1, ("QQQ-USDT",)),
        (("jobs", "--state", "weird"), 2, ("queued", "cancelled")),
        (("cancel", "nothing"), 1, ("nothing",)),
        (("worker",), 2, ("REDIS_URL",)),
        (("simulate", "--port", "99999"), 2, ("65535",)),
        (("serve", "--port", "-1"), 2, ("--port",)),
        (("serve", "--host", "0.0.0.0"), 2, ("FKS_AUTH", "0.0.0.0")),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    stage: Stage, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    """A mistake ends with 2, a failure with 1, either with one sentence on stderr."""
    assert_one_sentence(stage.cli(*arguments), code, *words)


def test_a_bad_environment_is_listed_whole(stage: Stage) -> None:
    """One start-up error names every bad variable and no secret."""
    bad: dict[str, Any] = {
        "SERVICE_PORT": "http",
        "DATABASE_URL": "mysql://me:hunter2hunter2@db/x",
        "FKS_PROVIDERS": "binance,nobody",
        "FKS_MAX_LIMIT": "-4",
        "FKS_REQUEST_DEADLINE_S": "inf",
        "FKS_BINANCE_RPS": "nan",
        "FKS_KRAKEN_BASE_URL": "ftp://x",
        "FKS_LOG_LEVEL": "loud",
    }
    for command in (("serve",), ("gaps",)):
        ended = stage.cli(*command, **bad)
        assert_one_sentence(ended, 2, *bad)
        assert "hunter2" not in ended.err


def test_a_port_that_is_taken(stage: Stage) -> None:
    """`serve` and simulate name the port and what to do, and end at once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "simulate"):
            ended = stage.cli(command, "--port", port)
            assert_one_sentence(ended, 2, port, "in use", "--port")


@pytest.mark.parametrize("command", ["serve", "gaps", "migrate", "worker", "scheduler"])
def test_an_unreachable_database(stage: Stage, command: str) -> None:
    """Every command that needs the store says within seconds that it is not there."""
    more: dict[str, Any] = {"REDIS_URL": "redis://127.0.0.1:9/0"} if command == "worker" else {}
    ended = stage.cli(command, timeout=20, DATABASE_URL=_NOWHERE, **more)
    assert_one_sentence(ended, 1, "DATABASE_URL")
    assert "hunter2" not in ended.err


def test_doctor_names_every_fault_with_its_remedy(stage: Stage) -> None:
    """It fails with 1, names host, store and Redis as broken, and each has a remedy."""
    nowhere: dict[str, Any] = {
        "FKS_DATA_HOST": "0.0.0.0",  # which serve refuses without FKS_AUTH
        "DATABASE_URL": _NOWHERE,
        "REDIS_URL": "redis://:hunter2@127.0.0.1:9/0",
    }
    ended = stage.cli("doctor", "--json", **nowhere)
    rows = json.loads(ended.out)
    assert ended.code == 1
    assert {row["name"] for row in rows if not row["ok"]} == {"host", "store", "redis"}
    assert all(row["remedy"] for row in rows if not row["ok"])
    assert "hunter2" not in ended.out + ended.err


def test_the_openapi_document_needs_nothing(stage: Stage) -> None:
    """`openapi` prints the document without a database."""
    ended = stage.cli("openapi", "--json", DATABASE_URL=_NOWHERE)
    document = json.loads(ended.out)
    assert (ended.code, document["openapi"][0]) == (0, "3")
    assert "/api/v1/data/ohlcv" in document["paths"]


def test_a_back_fill_that_cannot_be_completed_exits_with_one(stage: Stage) -> None:
    """A provider that refuses everything ends the back-fill with 1 and a reason per provider."""
    stage.exchange.fault(FaultKind.STATUS, status=451)
    ended = stage.cli("backfill", "BTCUSDT", *_SPAN, "--json")
    assert (ended.code, ended.out) == (1, ""), ended
    assert ended.err.count("\n") == 1
    assert "binance" in ended.err
    assert "kraken" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_a_reader_that_has_seen_enough(stage: Stage, form: str) -> None:
    """`| head -1` ends quietly, whatever is printed."""
    command = f"{COMMAND} bars BTCUSDT --interval 1m --start {DAY} --limit 5000 --format {form}"
    script = f"set -o pipefail; {command} | head -c 20"
    told: dict[str, Any] = {"env": stage.environment, "text": True, "timeout": 60}
    ended = subprocess.run(["bash", "-c", script], check=False, capture_output=True, **told)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert len(ended.stdout) == 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reader", "code", "words"), [("| true", 3, ""), ("> /dev/full", 1, "no space left")]
)
def test_a_back_fill_that_nobody_hears_is_not_done(
    stage: Stage, reader: str, code: int, words: str
) -> None:
    """A lost reader is no success: 0 would say that the range is complete."""
    span = f"--interval 1m --start {DAY} --end {DAY + 100 * HOUR}"
    script = f"set -o pipefail; {COMMAND} backfill BTCUSDT {span} --json {reader}"
    told: dict[str, Any] = {"env": stage.environment, "text": True, "timeout": 60}
    ended = subprocess.run(["bash", "-c", script], check=False, capture_output=True, **told)
    assert (ended.returncode, ended.stderr.count("\n")) == (code, 1 if words else 0), ended
    assert words in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_back_fill_keeps_what_it_acknowledged(
    stage: Stage, number: signal.Signals
) -> None:
    """Ctrl-C ends within two seconds with a sentence; run again, it completes the rest."""
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.4)
    span = ("--interval", "1m", "--start", str(DAY), "--end", str(DAY + 100 * HOUR))
    process = stage.start("backfill", "BTCUSDT", *span, "--json")
    wait_until(lambda: process.out.count("\n") >= 2, "Two batches")
    process.send(number)
    assert process.wait(2) == 128 + number
    assert process.err.count("\n") == 1, process.err
    assert "nterrupted" in process.err or "erminated" in process.err
    acknowledged = [json.loads(line) for line in process.out.splitlines()]
    [[held]] = stage.sql("SELECT count(*) FROM bars")
    assert held >= sum(event["rows"] for event in acknowledged)
    stage.exchange.heal()
    assert stage.cli("backfill", "BTCUSDT", *span, "--json").code == 0
    assert stage.sql("SELECT count(*) FROM bars") == [(6000,)]


_DISTURBED = """
import os, signal, sys

class Disturbing:
    def find_spec(self, name, path=None, target=None):
        if name == "litestar":  # far into the imports of the command
            {how}

sys.meta_path.insert(0, Disturbing())
from bootstrap.main import main
main()
"""


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "Interrupted before it began."),
        ("raise ValueError('hunter2')", 1, "unexpected way (ValueError at "),
    ],
)
def test_a_start_that_is_disturbed(stage: Stage, how: str, code: int, words: str) -> None:
    """Ctrl-C while it is still importing, or a fault of ours: a sentence and no traceback."""
    told: dict[str, Any] = {"env": stage.environment, "text": True, "timeout": 60}
    command = [str(Path(COMMAND).with_name("python")), "-c", _DISTURBED.format(how=how)]
    ended = subprocess.run(command, check=False, capture_output=True, **told)
    assert_one_sentence(Ended(ended.returncode, ended.stdout, ended.stderr, 0.0), code, words)
    assert "hunter2" not in ended.stderr


def test_the_version(stage: Stage) -> None:
    """That of the distribution, as /info says it."""
    assert stage.cli("--version").out.strip() == metadata.version("fks-data")


def test_a_provider_by_its_other_name(stage: Stage) -> None:
    """`cmc` is coinmarketcap, here as in HTTP: it has no key, and is told by its full name."""
    span = ("--interval", "1h", *_SPAN[2:])
    for command in (("bars", "BTCUSDT", *span), ("backfill", "BTCUSDT", *span)):
        ended = stage.cli(*command, "--provider", "cmc")
        assert ended.code == 1, ended
        assert "coinmarketcap" in ended.err


def test_a_misspelt_symbol_is_answered_with_what_was_meant(stage: Stage) -> None:
    """From the lists that are stored, in the same sentence."""
    service = stage.serve()
    assert service.get("/api/v1/data/symbols", q="BTC").status == 200
    assert_one_sentence(stage.cli("bars", "BTCUSTD"), 1, "Did you mean", "BTC-USDT")


@pytest.mark.slow
def test_the_terminal_says_what_http_says(stage: Stage) -> None:
    """`bars --format json` is the body of /ohlcv, now and as of a moment, pages included."""
    service = stage.serve()
    for limit, span in ((2, {"start": DAY}), (100, {"start": DAY, "end": DAY + HOUR})):
        flags = [word for name, value in span.items() for word in (f"--{name}", str(value))]
        told = stage.cli("bars", "BTCUSDT", *flags, "--limit", str(limit), "--format", "json")
        served = service.get(OHLCV, symbol="BTCUSDT", interval="1m", limit=limit, **span)
        live = {"cached": True, "age_s": 0}
        assert json.loads(told.out) | live == served.json() | live
        plain = stage.cli("bars", "BTCUSDT", *flags, "--limit", str(limit), "--format", "csv").out
        served = service.get(
            OHLCV, symbol="BTCUSDT", interval="1m", limit=limit, format="csv", **span
        )
        assert plain == served.body.decode()
        moment = instant()
        flags += ["--as-of", moment, "--limit", str(limit), "--format", "json"]
        then = service.get(
            OHLCV, symbol="BTCUSDT", interval="1m", limit=limit, as_of=moment, **span
        )
        assert json.loads(stage.cli("bars", "BTCUSDT", *flags).out) == then.json()


@pytest.mark.slow
@pytest.mark.parametrize("adjust", ["none", "splits", "all"])
def test_adjusted_bars_in_the_terminal(stage: Stage, adjust: str) -> None:
    """`--adjust` is the parameter of /ohlcv: the days around a split, with whose actions."""
    stage.environment["POLYGON_API_KEY"] = "a-key-of-ours"
    service = stage.serve()
    asked: dict[str, Any] = {"interval": "1d", "start": "2020-08-24", "end": "2020-09-05"}
    asked["adjust"] = adjust
    flags = [word for name, value in asked.items() for word in (f"--{name}", value)]
    served = service.get(OHLCV, symbol="AAPL", **asked).json()
    told = json.loads(stage.cli("bars", "AAPL", *flags, "--json").out)
    live = {"cached": True, "age_s": 0}
    assert told | live == served | live
    assert told.get("adjusted", "none") == adjust
    table = stage.cli("bars", "AAPL", *flags).out
    assert (f"adjusted for {adjust}" in table) == (adjust != "none")


def test_the_simulator_alone(stage: Stage) -> None:
    """`simulate` says where it listens, plays the providers, and ends on SIGTERM."""
    port = free_port()
    process = stage.start("simulate", "--port", str(port), "--json")
    wait_until(lambda: "\n" in process.out, "The simulator")
    told = {"url": f"http://127.0.0.1:{port}", "providers": sorted(discover())}
    assert json.loads(process.out) == told | {"synthetic": True}
    answer = call(port, "GET", "/binance/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"})
    assert (answer.status, len(answer.json())) == (200, 500)
    assert process.stop() == 0
