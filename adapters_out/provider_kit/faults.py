"""From a reply to an error of the one tree: tables, first match wins."""

import math
import re
from collections.abc import Callable, Container
from contextlib import suppress

from msgspec import MsgspecError, Struct, structs

from adapters_out.provider_kit.calls import Reply, http_date
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    MalformedPayload,
    NotEntitled,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
)
from domain.provider import ProviderPolicy

LONGEST_PAUSE_S = 3 * 86_400
_TEXT = 200
_WHY = 160


class StaleConnection(ProviderUnavailable):
    """The provider closed an idle connection just as we used it: send again at once."""


class ShutOut(ProviderUnavailable):
    """One host of the provider refuses our location or address: ask its mirror at once."""

    hurts_health = False


class KeyRefused(AccessDenied):
    """The key is wrong, or was taken away: it is not sent again for a while."""


class BeyondPlan(NotEntitled):
    """The plan includes data of that kind, but none that old."""

    whole_kind = False


class CirclingPages(MalformedPayload):
    """The provider hands out the same next page again: once more would bring it once more.

    It answers all the same, so its other answers are as good as before.
    """

    retry = False
    hurts_health = False


class Complaint(Struct, frozen=True):
    """What a provider says is wrong, whatever the HTTP status."""

    code: str = ""
    text: str = ""


class FaultRule(Struct, frozen=True):
    """If all that is given fits, the reply is this error.

    ``codes`` are beginnings of the complaint's code; ``text`` is found in its text (lower case);
    ``pause_s`` replaces the policy's pause when the provider names no time.
    """

    error: type[ProviderError]
    says: str
    statuses: Container[int] | None = None
    codes: tuple[str, ...] = ()
    text: str = ""
    html: bool | None = None
    pause_s: float | None = None

    def fits(self, reply: Reply, complaint: Complaint) -> bool:
        """Whether this rule is about that reply."""
        return (
            (self.statuses is None or reply.status in self.statuses)
            and (not self.codes or complaint.code.startswith(self.codes))
            and self.text in complaint.text.lower()
            and (self.html is None or self.html == reply.is_html)
        )


def no_complaint(_: Reply) -> Complaint | None:
    """For a provider that speaks through the HTTP status alone."""
    return None


def no_answer(_: Reply) -> bool:
    """For a provider whose errors are errors."""
    return False


def retry_after(reply: Reply) -> float | None:
    """Unix seconds of ``Retry-After``, seconds or an HTTP date (RFC 9110 §10.2.3)."""
    text = reply.header("retry-after").strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return reply.received_at + float(text)
    return http_date(text)


class Faults(Struct, frozen=True):
    """How a provider complains.

    ``complaint`` finds the complaint in a reply; ``rules`` come before the kit's own;
    ``retry_at`` reads when (Unix s) to come back, where it is not ``Retry-After``. ``mislabels``:
    its plain texts come labelled as HTML, so that only a body tells whether it is a page.
    ``answers``: whether a reply with the status of an error is an answer all the same, such as
    "there is nothing in that range"; then it is read.
    """

    complaint: Callable[[Reply], Complaint | None] = no_complaint
    rules: tuple[FaultRule, ...] = ()
    retry_at: Callable[[Reply], float | None] = retry_after
    mislabels: bool = False
    answers: Callable[[Reply], bool] = no_answer


NO_FAULTS = Faults(answers=lambda _: True)  # whatever comes is an answer


# HTTP as everybody uses it (RFC 9110 §15, RFC 6585); 418 is Binance's word for a ban.
STATUS_RULES = (
    FaultRule(Banned, "has banned us", (418,)),
    FaultRule(RateLimited, "limits our rate", (429,)),
    FaultRule(Banned, "keeps us out by its firewall", (403,), html=True),
    FaultRule(QuotaExhausted, "says that the allowance is used up", (402,)),
    FaultRule(AccessDenied, "does not serve this location", (451,)),
    FaultRule(KeyRefused, "denies access: check the key", (401,)),
    FaultRule(AccessDenied, "denies access: check the key", (403, 407)),
    FaultRule(ProviderUnavailable, "redirects elsewhere, which is refused", range(300, 400)),
    FaultRule(ProviderUnavailable, "is unavailable", (408, 425, *range(500, 600))),
    FaultRule(CallRefused, "refuses the call", range(400, 500)),
    FaultRule(MalformedPayload, "answered with a page for people", html=True),
)
_NOT_DATA = FaultRule(MalformedPayload, "answered with an unexpected status")
_COMPLAINED = FaultRule(CallRefused, "refuses the call")
# What reading a body may raise when it is not what was asked for: the decoder's errors, those of
# the kit (a ValueError) and those of plain Python on a shape nobody expected.
UNREADABLE = (MsgspecError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError)
_EMPTY = FaultRule(MalformedPayload, "answered with nothing")
_OK = 200


def find_fault(
    name: str, reply: Reply, faults: Faults, policy: ProviderPolicy
) -> ProviderError | None:
    """The error that a reply means, None when it carries data.

    ``retry_at`` of the error is when (Unix s) asking again makes sense, if anything says so, at
    most three days ahead.
    """
    if faults is NO_FAULTS:
        return None
    complaint, status = None, reply.status
    if faults.mislabels:
        unlabelled = {n: text for n, text in reply.headers.items() if n != "content-type"}
        reply = structs.replace(reply, headers=unlabelled)
    if not reply.is_html:
        with suppress(*UNREADABLE):  # what is no JSON complains of nothing; reading it will fail
            complaint = faults.complaint(reply)
            status = _OK if status == _OK or faults.answers(reply) else status
    if status == _OK and complaint is None and not reply.is_html:
        is_blank = not reply.body or reply.body.isspace()
        return _error(name, _EMPTY, reply, Complaint(), None) if is_blank else None
    said = complaint or Complaint()
    rule = next((r for r in (*faults.rules, *STATUS_RULES) if r.fits(reply, said)), None)
    if rule is None:
        rule = _COMPLAINED if complaint else _NOT_DATA
    return _error(name, rule, reply, said, _retry_at(rule, reply, faults, policy))


def refusal(
    name: str, said: Complaint, rules: tuple[FaultRule, ...], *, status: int, at: float
) -> ProviderError:
    """The error that a complaint in the midst of a stream means, which comes without HTTP.

    ``status`` is the one of HTTP that the stream names, 200 if it names none; ``at`` (Unix s) is
    when it came.
    """
    reply = Reply(status, b"", received_at=at)
    rule = next((r for r in (*rules, *STATUS_RULES) if r.fits(reply, said)), _COMPLAINED)
    retry_at = _retry_at(rule, reply, Faults(), ProviderPolicy(rps=1.0))
    return rule.error(f"{name} {rule.says} ({_told(said)}).", provider=name, retry_at=retry_at)


def why_unreadable(fault: Exception) -> str:
    """What is wrong with a body or a message, for a sentence."""
    text = " ".join(str(fault).split())[:_WHY]
    return text.rstrip(".") or type(fault).__name__


def _told(said: Complaint) -> str:
    return ": ".join(part for part in (said.code, " ".join(said.text.split())[:_TEXT]) if part)


def _error(
    name: str, rule: FaultRule, reply: Reply, said: Complaint, retry_at: float | None
) -> ProviderError:
    told = _told(said)
    detail = f"HTTP {reply.status}" + (f", {told}" if told else "")
    return rule.error(f"{name} {rule.says} ({detail}).", provider=name, retry_at=retry_at)


def _retry_at(
    rule: FaultRule, reply: Reply, faults: Faults, policy: ProviderPolicy
) -> float | None:
    """When to come back: what the provider names, else the rule's or the policy's pause."""
    named = faults.retry_at(reply)
    now = reply.received_at
    if named is not None and math.isfinite(named) and named > now:
        return min(named, now + LONGEST_PAUSE_S)
    pause = rule.pause_s
    if pause is None and issubclass(rule.error, Banned):
        pause = policy.ban_s
    elif pause is None and issubclass(rule.error, RateLimited):
        pause = policy.freeze_s
    return None if pause is None else now + pause
