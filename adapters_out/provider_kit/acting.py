"""Corporate actions of any :class:`Provider` value: the port ``ActionSource``."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from adapters_out.provider_kit.calls import Question, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.provider import ActionsPart
from adapters_out.provider_kit.provider_part import ProviderPart
from domain.actions import ActionKind, CorporateAction, in_order
from domain.errors import MalformedPayload
from domain.instrument import Instrument
from ports.actions import ActionSource
from ports.market_data import CallContext

_PARTS = 200


class Acting(ActionSource, ProviderPart):
    """The part of a provider that answers for splits and dividends."""

    async def actions(
        self, instrument: Instrument, context: CallContext
    ) -> Sequence[CorporateAction]:
        self._require_key()
        endpoint = self._provider.actions
        if endpoint is None:
            raise self._refused("offers no corporate actions")

        def read(reply: Reply) -> ActionsPart:
            part = endpoint.read(reply, instrument)
            for action in part.actions:
                _check(action)
            return part

        found: set[CorporateAction] = set()
        for number in range(len(endpoint.questions(instrument))):
            begin = partial(_question, endpoint.questions, instrument, number)
            found |= await self._gathered(begin, read, context)
        return in_order(found)

    async def _gathered(
        self,
        begin: Callable[[], Question],
        read: Callable[[Reply], ActionsPart],
        context: CallContext,
    ) -> set[CorporateAction]:
        found: set[CorporateAction] = set()
        for _ in range(_PARTS):
            part = await self._talk.answer("actions", begin, read, context)
            found |= set(part.actions)
            if part.more is None:
                return found
            more = part.more
            begin = partial(_same, more)
        message = f"The corporate actions of {self._provider.name} have no end."
        raise MalformedPayload(message, provider=self._provider.name)


def _question(
    questions: Callable[[Instrument], Sequence[Question]], instrument: Instrument, number: int
) -> Question:
    return questions(instrument)[number]


def _same(call: Question) -> Question:
    return call


def _check(action: CorporateAction) -> None:
    """Raise Unreadable for numbers that can be no action."""
    value = action.ratio if action.kind is ActionKind.SPLIT else action.amount
    if not 0 < value < math.inf or action.ex_date % 86_400:
        raise Unreadable(f"{action.kind.value} of {value!r} at {action.ex_date} is none")
