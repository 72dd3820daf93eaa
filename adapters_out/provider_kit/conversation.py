"""A question to a provider until it is answered: its steps, its reading, its retries."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec
from msgspec import structs

from adapters_out.provider_kit.calls import Call, Question, Reply, Steps
from adapters_out.provider_kit.cells import Circling
from adapters_out.provider_kit.faults import UNREADABLE, CirclingPages, why_unreadable
from adapters_out.provider_kit.kept import Kept
from adapters_out.provider_kit.retries import Retries
from adapters_out.provider_kit.sender import Sender
from adapters_out.provider_kit.sent import Sent
from domain.errors import (
    AccessDenied,
    MalformedPayload,
    MarketDataError,
    NotListed,
    ProviderError,
    QuotaExhausted,
)
from domain.provider import Priority
from ports.clock import Clock
from ports.market_data import CallContext

T = TypeVar("T")
_LOOK_AGAIN_S = 3600.0


class Conversation:
    """Talks to one provider.

    A fault that may pass is answered by asking the whole question again: the functions of a
    provider are pure, so starting over is always right.
    """

    def __init__(
        self,
        name: str,
        sender: Sender,
        retries: Retries,
        clock: Clock,
        account: Call | None = None,
    ) -> None:
        """Nothing has been said yet; ``account`` is the call that tells what we may do."""
        self._account = account
        self._next_look = 0.0
        self._name = name
        self._sender = sender
        self._retries = retries
        self._clock = clock
        self._kept = Kept(clock)

    async def answer(
        self,
        endpoint: str,
        begin: Callable[[], Question],
        read: Callable[[Reply], T],
        context: CallContext,
    ) -> T:
        """What ``read`` makes of the reply to the question, asked as often as makes sense.

        Raises:
            ProviderError: of the last try.
            DeadlineExceeded: the caller's time is up.
        """
        if context.priority is Priority.BACKFILL:  # which would wait for a window without end
            await self._may_do_more(context)
        self._retries.budget.called()
        attempt = 0
        while True:
            try:
                return await self._once(begin(), read, endpoint, context)
            except ProviderError as error:
                failed = error.with_traceback(None)  # whose frames may have much in hand
            if isinstance(failed, QuotaExhausted) and await self._may_do_more(context):
                continue
            pause = self._pause(failed, attempt, context)
            if pause is None or not await self._sender.is_permitted():
                try:
                    raise failed
                finally:
                    del failed  # which would hold on to this frame, and it to that
            await self._clock.sleep(pause)
            attempt += 1

    async def _may_do_more(self, context: CallContext) -> bool:
        """Whether the provider, asked about our account, grants other than we thought.

        Once an hour at most: else a quota that is used up would cost two calls for each.
        """
        now, before = self._clock.monotonic(), self._sender.policy
        if self._account is None or now < self._next_look:
            return False
        self._next_look = now + _LOOK_AGAIN_S
        urgent = structs.replace(context, priority=Priority.INTERACTIVE)
        with suppress(MarketDataError):
            await self._sender.ends.settle(
                await self._sender.send(self._account, "account", urgent), None
            )
        return self._sender.policy != before

    def _pause(self, failed: ProviderError, attempt: int, context: CallContext) -> float | None:
        if isinstance(failed, AccessDenied) and self._kept and attempt == 0:
            self._kept.clear()  # a crumb or token that was kept may have expired
            return 0.0
        return self._retries.pause(failed, attempt, context.deadline)

    async def _once(
        self, question: Question, read: Callable[[Reply], T], endpoint: str, context: CallContext
    ) -> T:
        call = question
        if not isinstance(call, Call):
            call = await self._prepared(call, endpoint, context)
        return await self._read(await self._send(call, endpoint, context), read)

    async def _prepared(self, steps: Steps, endpoint: str, context: CallContext) -> Call:
        """Take the steps that come before the call whose reply counts."""
        call, last = _step(steps, None)
        while not last:
            sent = await self._send(call, endpoint, context)
            call, last = await self._read(sent, lambda reply: _step(steps, reply))
        return call

    async def _send(self, call: Call, endpoint: str, context: CallContext) -> Sent:
        if call.keep_s <= 0:
            return await self._sender.send(call, endpoint, context)
        identity = msgspec.json.encode(call)
        reply = self._kept.get(identity)
        if reply is not None:
            return Sent(call, endpoint, reply=reply, kept=True)
        sent = await self._sender.send(call, endpoint, context)
        self._kept.put(identity, sent.reply, call.keep_s)
        return sent

    async def _read(self, sent: Sent, read: Callable[[Reply], T]) -> T:
        """Read a reply and settle its call by whether that was possible."""
        error: ProviderError
        try:
            value = read(sent.reply)
        except ProviderError as fault:
            error = fault
        except UNREADABLE as fault:
            kind = CirclingPages if isinstance(fault, Circling) else MalformedPayload
            error = kind(f"{self._name} sent an unreadable answer: {why_unreadable(fault)}.")
        else:
            sent.let_go()
            await self._sender.ends.settle(sent, None)
            return value
        sent.let_go()
        error = self._sender.ends.cleaned(error)
        if not isinstance(error, NotListed):  # what is not in a list does not make the list wrong
            self._kept.drop(msgspec.json.encode(sent.call))
        await self._sender.ends.settle(sent, error)
        raise error


def _step(steps: Steps, reply: Reply | None) -> tuple[Call, bool]:
    """The next call of a question, and whether it is the one whose reply is read."""
    try:
        return (next(steps) if reply is None else steps.send(reply)), False
    except StopIteration as end:
        return end.value, True
