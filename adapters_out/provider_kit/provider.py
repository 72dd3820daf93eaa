"""A provider as a value: everything about it that is not machinery."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.faults import Faults
from adapters_out.provider_kit.feed import Feed
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.sheet import Sheet
from domain.actions import CorporateAction
from domain.assets import AssetSnapshot
from domain.futures import FuturesAsk, FuturesRecord
from domain.instrument import Instrument, Listing
from domain.provider import BarsAsk, Capabilities, ProviderPolicy, Window
from domain.ticks import Quote, TicksAsk, Trade
from domain.timerange import TimeRange

KEYLESS = "keyless"
_DIGITS = 12


class Auth(Struct, frozen=True):
    """Where the key goes: into a header, behind ``prefix`` (``Bearer ``), or a query parameter.

    ``required``: without a key the provider answers nothing.
    """

    header: str = ""
    query: str = ""
    prefix: str = ""
    required: bool = True


class Usage(Struct, frozen=True):
    """The provider says that ``used`` weight of its window of ``window_s`` seconds is gone."""

    window_s: int
    used: float


class LastPrice(Struct, frozen=True):
    """A price as sent; ``ts`` (Unix s) None when the provider gives no time."""

    price: float
    ts: int | None = None


class ListingsPart(Struct, frozen=True):
    """A part of the instrument list; ``more`` is the call for the next part."""

    listings: Sequence[Listing]
    more: Call | None = None


class TicksPart(Struct, frozen=True):
    """A part of an answer of trades or quotes, in one direction of time; ``more`` as above.

    Without ``more`` the answer reaches to the end of the asked range (its start, if it goes
    back in time); ``known_from_ns`` and ``known_until_ns`` say when it does not: nothing is told
    about what lies before or, from then on, after.
    """

    ticks: Sequence[Trade] | Sequence[Quote]
    more: Call | None = None
    known_from_ns: int | None = None
    known_until_ns: int | None = None


class ActionsPart(Struct, frozen=True):
    """A part of an instrument's corporate actions; ``more`` as in ListingsPart."""

    actions: Sequence[CorporateAction]
    more: Call | None = None


def whole_range(ask: BarsAsk) -> TimeRange:
    """Ask for everything at once; the provider cuts where it likes."""
    return ask.range


def first_bars(count: int) -> Callable[[BarsAsk], TimeRange]:
    """Ask for windows of so many bars: for a provider that cuts or refuses a longer range.

    One place is left for the running bar, which may be asked for behind the last closed one.
    """

    def page(ask: BarsAsk) -> TimeRange:
        span, room = ask.range, count - ask.forming
        return TimeRange(span.start, min(span.end, ask.interval.shift(span.start, room)))

    return page


class BarsEndpoint(Struct, frozen=True, kw_only=True):
    """How to get bars.

    ``page`` gives the part of the asked range to ask for next, always from its start; ``ask``
    the question for that part; ``read`` the rows of the reply. All are pure. ``instead`` is the
    way for a plan that does not include this one: what it does not reach is ``BeyondPlan``.
    """

    ask: Callable[[BarsAsk], Question]
    read: Callable[[Reply, BarsAsk], Sheet]
    rules: PageRules
    page: Callable[[BarsAsk], TimeRange] = whole_range
    instead: "BarsEndpoint | None" = None


class PriceEndpoint(Struct, frozen=True, kw_only=True):
    """How to get the last traded price.

    ``instead`` is the way for a plan that does not include this one.
    """

    ask: Callable[[Instrument], Question]
    read: Callable[[Reply, Instrument], LastPrice]
    instead: "PriceEndpoint | None" = None


class ListingsEndpoint(Struct, frozen=True, kw_only=True):
    """How to get the complete instrument list."""

    ask: Callable[[], Question]
    read: Callable[[Reply], ListingsPart]


class TicksEndpoint(Struct, frozen=True, kw_only=True):
    """How to get trades or quotes, the newest or the first of a range.

    ``read`` returns them as sent; the kit sorts, drops what lies outside and stops at the limit.
    ``goes_back``: parts of an answer to a question for the newest go back in time; else the kit
    walks forward from the start. ``live``: only the present can be asked for. A walk forward ends
    where a part without ``more`` comes, or one that brings nothing newer.
    """

    ask: Callable[[TicksAsk], Question]
    read: Callable[[Reply, TicksAsk], TicksPart]
    goes_back: bool = True
    live: bool = False


class ActionsEndpoint(Struct, frozen=True, kw_only=True):
    """How to get all splits and dividends of an instrument.

    One question per kind where the provider keeps them apart: ``questions`` lists them, each
    answer is read by ``read``.
    """

    questions: Callable[[Instrument], Sequence[Question]]
    read: Callable[[Reply, Instrument], ActionsPart]


class FuturesRecords(Struct, frozen=True):
    """A part of an answer about futures; ``more`` as in ListingsPart."""

    records: Sequence[FuturesRecord]
    more: Call | None = None


class FuturesEndpoint(Struct, frozen=True, kw_only=True):
    """How to get contracts, products, session events, market status and exchanges."""

    ask: Callable[[FuturesAsk], Question]
    read: Callable[[Reply, FuturesAsk], FuturesRecords]


class MarketsEndpoint(Struct, frozen=True, kw_only=True):
    """How to get snapshots of assets: ``ask(limit, offset)`` by rank, ``find`` one by its code.

    ``offset`` is a multiple of ``limit``. ``describe`` asks for the metadata of a snapshot, where
    that takes a call of its own; ``read_description`` reads it as texts by name.
    """

    ask: Callable[[int, int], Question]
    read: Callable[[Reply], Sequence[AssetSnapshot]]
    find: Callable[[str], Question]
    read_one: Callable[[Reply, str], AssetSnapshot]
    describe: Callable[[AssetSnapshot], Question] | None = None
    read_description: Callable[[Reply, AssetSnapshot], Mapping[str, str]] | None = None


def header_usage(header: str, window_s: int) -> Callable[[Reply], Sequence[Usage]]:
    """Reads the used weight of one window from a response header (its name in lower case)."""

    def usage(reply: Reply) -> Sequence[Usage]:
        text = reply.header(header)
        return (Usage(window_s, float(text)),) if text.isdecimal() and len(text) < _DIGITS else ()

    return usage


def _no_usage(_: Reply) -> Sequence[Usage]:
    return ()


def _no_limits(_: Reply) -> Sequence[Window]:
    return ()


class Provider(Struct, frozen=True, kw_only=True):
    """One provider: data and pure functions.

    ``spell`` writes an instrument as this provider does; of one that it knows only by an id from
    its list it raises NotListed. ``hosts`` are further names under which it may hand out absolute
    addresses; ``asides`` are hosts with something else of its own, which a call may name (below a
    base URL that the operator named); ``mirrors`` are further base URLs of the same data, for when
    it shuts us out of the first (:mod:`adapters_out.provider_kit.origins`); ``usage`` reads what
    the provider reports of our budget, ``limits`` what it says its windows are (those of the policy
    with as many seconds), and ``account`` is a call that tells them, made when a long window seems
    used up; ``plans`` are this provider as holders of other plans see it, by the name of the plan
    (:meth:`on_plan`). ``feed`` says what the messages of its stream mean.
    """

    name: str
    base_url: str
    policy: ProviderPolicy
    capabilities: Capabilities
    ping: Call
    faults: Faults = Faults()
    auth: Auth | None = None
    bars: BarsEndpoint | None = None
    price: PriceEndpoint | None = None
    listings: ListingsEndpoint | None = None
    trades: TicksEndpoint | None = None
    quotes: TicksEndpoint | None = None
    actions: ActionsEndpoint | None = None
    markets: MarketsEndpoint | None = None
    futures: FuturesEndpoint | None = None
    feed: Feed | None = None
    spell: Callable[[Instrument], str] | None = None
    usage: Callable[[Reply], Sequence[Usage]] = _no_usage
    limits: Callable[[Reply], Sequence[Window]] = _no_limits
    account: Call | None = None
    hosts: frozenset[str] = frozenset()
    asides: frozenset[str] = frozenset()
    mirrors: tuple[str, ...] = ()
    plans: Mapping[str, "Provider"] = {}

    def on_plan(self, plan: str | None, *, has_key: bool) -> "Provider":
        """The provider as that plan sees it; without a key and a plan as ``keyless``, if it is one.

        ``plan`` is one of ``plans`` or None.
        """
        if plan is None and not has_key:
            return self.plans.get(KEYLESS, self)
        return self if plan is None else self.plans[plan]
