"""A key that the provider does not accept."""

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.provider import Auth
from adapters_out.provider_kit.redaction import Redactor
from adapters_out.provider_kit.settings import ProviderSettings
from domain.circuit import KEY_REST_S, Outcome
from domain.errors import AccessDenied
from domain.secret import Secret
from tests.adapters_out.provider_kit.scripted import SOME, Bench, Script, in_virtual_time, ok

KEY = "a-wrong-key-of-ours"
KEYED = replace(SOME, auth=Auth(header="x-key"))
WRONG = httpx.Response(401, content=b"{}")


def bench(script: Script, key: str = KEY) -> Bench:
    """A provider with a key."""
    return Bench(script, KEYED, ProviderSettings(api_key=Secret(key), key_name="SOME_API_KEY"))


def test_a_wrong_key_is_not_sent_with_each_question() -> None:
    """Whoever asks meanwhile is told why at once; then somebody tries, and an answer ends it."""

    async def scene() -> None:
        script = Script(WRONG, WRONG, ok())
        some = bench(script)
        for _ in range(20):
            with pytest.raises(AccessDenied, match="key") as told:
                await some.price()
            assert told.value.code == AccessDenied.code
            assert KEY not in told.value.message
        assert len(script.requests) == 1
        health = await some.health.view("some")
        assert health.refuses(some.kit.key_mark)
        assert health.failures_in_row == 0  # the provider is well
        await some.clock.sleep(KEY_REST_S)
        with pytest.raises(AccessDenied):
            await some.price()
        assert len(script.requests) == 2
        await some.clock.sleep(KEY_REST_S)
        with pytest.raises(AccessDenied):
            await some.price()
        assert len(script.requests) == 2
        await some.clock.sleep(KEY_REST_S)
        assert [await some.price() for _ in range(3)] == [1.5] * 3
        assert not (await some.health.view("some")).refuses(some.kit.key_mark)

    in_virtual_time(scene())


def test_another_key_is_tried_at_once() -> None:
    """As after a restart with the right one: what was refused was another."""

    async def scene() -> None:
        some, wrong = bench(Script(ok()), "the-right-key"), Redactor(Secret(KEY)).mark
        await some.health.record("some", Outcome(True, 0.1, some.clock.now(), refused_key=wrong))
        assert await some.price() == 1.5

    in_virtual_time(scene())


@pytest.mark.parametrize("status", [403, 407, 451])
def test_other_denials_say_nothing_about_the_key(status: int) -> None:
    """A location or a plan that is refused may be another one for the next question."""

    async def scene() -> None:
        script = Script(httpx.Response(status, content=b"{}"))
        some = bench(script)
        for _ in range(2):
            with pytest.raises(AccessDenied):
                await some.price()
        assert len(script.requests) == 2
        assert not (await some.health.view("some")).refuses(some.kit.key_mark)

    in_virtual_time(scene())


def test_a_provider_without_a_key_has_none_that_could_be_refused() -> None:
    """What it calls unauthorised is asked again: a crumb may have expired."""

    async def scene() -> None:
        script = Script(WRONG)
        some = Bench(script, SOME)
        for _ in range(2):
            with pytest.raises(AccessDenied):
                await some.price()
        assert (len(script.requests), some.kit.key_mark) == (2, "")

    in_virtual_time(scene())


def test_the_mark_of_a_key_gives_nothing_of_it_away() -> None:
    """It tells keys apart, and is the same in every process."""
    assert Redactor(Secret(KEY)).mark == Redactor(Secret(KEY)).mark
    assert Redactor(Secret(KEY)).mark != Redactor(Secret("another")).mark
    assert len(Redactor(Secret(KEY)).mark) == 8
    assert Redactor(None).mark == ""
