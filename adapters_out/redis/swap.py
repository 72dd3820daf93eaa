"""Compare-and-set: change a value as a pure function of what it was."""

from redis.asyncio import Redis

from adapters_out.redis.client import answer

_SWAP = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
"""


class Swap:
    """Sets a key to a new value if it still holds the old one."""

    def __init__(self, client: Redis) -> None:
        self._script = client.register_script(_SWAP)

    async def __call__(self, key: str, old: bytes, new: bytes, ttl_s: float = 0.0) -> bool:
        """Whether it was set; ``old`` is empty for a key that did not exist.

        ``ttl_s`` zero keeps the value for good. Raises one of ``FAULTS``.
        """
        arguments: list[bytes | int] = [old, new, int(ttl_s * 1000)]
        return bool(await answer(self._script(keys=[key], args=[*arguments])))
