"""Bring one provider's series up to a question's window, wherever its bars begin."""

from msgspec.structs import replace

from application.answers import BarsAnswer
from application.complete_series import Completed, CompleteSeries
from application.held import Held, View
from application.question import Question
from application.skip_empty import body_of, is_blank
from application.stored_answer import ReadStored, assemble
from application.widen_window import widened
from domain.errors import DeadlineExceeded, ProviderError
from domain.timerange import TimeRange
from ports.clock import Clock
from ports.market_data import CallContext, MarketDataProvider


class FillWindow:
    """One provider's answer to a question.

    - the window itself is completed first; with its bars nothing else is asked;
    - of a blank window the first bar behind it is looked for, in at most four more pages, and the
      window is that from there; a provider that fails in this search has not answered;
    - quiet slots are made up for; a failure there only ends the widening, unless no bar has been
      found so far: then nobody knows whether there is none.
    """

    def __init__(self, complete: CompleteSeries, read: ReadStored, clock: Clock) -> None:
        """Take the collaborators."""
        self._complete = complete
        self._read = read
        self._clock = clock

    async def __call__(
        self, question: Question, provider: MarketDataProvider, context: CallContext
    ) -> tuple[BarsAnswer, bool]:
        """The answer, and whether the provider spoke for the whole window.

        Raises:
            ProviderError, DeadlineExceeded, StoreUnavailable: there is no answer.
        """
        done = await self._obtain(question, provider, question.span, context)
        view = View(done.held, question.window)
        if is_blank(question.query, view):
            view, done = await self._from_first_bar(question, provider, view, done, context)
        asked = done.asked
        failure: ProviderError | DeadlineExceeded | None = None

        async def obtain(span: TimeRange) -> Held | None:
            nonlocal asked, failure
            start = span.start if span.start < view.held.span.start else body.start
            try:
                more = await self._more(question, provider, TimeRange(start, span.end), context)
            except (ProviderError, DeadlineExceeded) as error:
                failure = error
                return None
            asked = asked or more.asked
            if start == span.start:
                return more.held
            return await self._read(more.held.key, span)

        now = self._clock.now()
        body = body_of(question.query, view.held)
        view = await widened(question.query, view, provider.capabilities, now, obtain)
        if failure is not None and not len(view.held.bars.series):
            raise failure
        now = self._clock.now()
        answer = assemble(question, view, now, cached=not asked, forming=done.forming)
        return answer, view.is_settled(now)

    async def _from_first_bar(
        self,
        question: Question,
        provider: MarketDataProvider,
        view: View,
        done: Completed,
        context: CallContext,
    ) -> tuple[View, Completed]:
        """The window from the first bar behind a blank one, completed; else what it was."""
        query, now = question.query, self._clock.now()
        lead, _ = await self._read.lead(question, view.held, now)
        sought = await self._complete.seek(provider, query.instrument, lead, context)
        view = await self._read.skipped(question, view, self._clock.now())
        if not len(view.held.bars.series):
            return view, replace(done, asked=done.asked or sought)
        body = body_of(query, view.held)
        reread = not query.use_cache and not sought
        more = await self._obtain(question, provider, body, context, reread=reread)
        asked = done.asked or sought or more.asked
        held = await self._read(more.held.key, view.held.span) if more.asked else view.held
        return replace(view, held=held), replace(more, asked=asked)

    async def _more(
        self,
        question: Question,
        provider: MarketDataProvider,
        span: TimeRange,
        context: CallContext,
    ) -> Completed:
        query = question.query
        return await self._complete(provider, query.instrument, query.interval, span, context)

    async def _obtain(
        self,
        question: Question,
        provider: MarketDataProvider,
        span: TimeRange,
        context: CallContext,
        *,
        reread: bool | None = None,
    ) -> Completed:
        query = question.query
        return await self._complete(
            provider,
            query.instrument,
            query.interval,
            span,
            context,
            reread=not query.use_cache if reread is None else reread,
            forming=query.shows_running(span.end),
        )
