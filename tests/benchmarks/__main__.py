"""``make bench``: measure everything beside its yardsticks and write docs/benchmarks.md."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import flights, judging, parsing, reading, rolling, serving, starting, writing
from tests.benchmarks.machine import facts
from tests.benchmarks.options import Options
from tests.benchmarks.report import as_markdown, as_text

_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_MEASURES = {
    "parse": parsing.measure,
    "write": writing.measure,
    "read": reading.measure,
    "serve": serving.measure,
    "start": starting.measure,
    "judge": judging.measure,
    "roll": rolling.measure,
    "flight": flights.measure,
}
_HEAD = """# Benchmarks

Written by `make bench`; do not edit. Absolute times belong to one machine on one day; what lasts
are the ratios, because subject and yardstick took turns in the same run: every round runs each of
them once, beginning with another one, and a ratio is taken within its round. A figure is the
median; in brackets the range without the first and last tenth of the rounds; *n* is the number of
rounds, after one that warms up. Where one thread does all the work its CPU time is taken (parsing,
judging), elsewhere the time that passed.

{facts}
"""


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; the page is written only when that was everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*_MEASURES, []], help="leave the rest out")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    parser.add_argument("--bars", type=int, default=1_000_000, help="in the big table")
    asked = parser.parse_args(arguments)
    options = Options(asked.quick, asked.bars, os.environ.get("FKS_TEST_TIMESCALE_URL") or None)
    load_before = os.getloadavg()[0]
    sections = []
    for name in asked.only or _MEASURES:
        sections.append(_MEASURES[name](options))
        print(as_text(sections[-1]), flush=True)
    if not asked.only and not asked.quick:
        pages = (_HEAD.format(facts=facts(load_before)), *map(as_markdown, sections))
        _PAGE.write_text("\n".join(pages))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
