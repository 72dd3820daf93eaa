"""Sending job ids."""

import asyncio

from dramatiq import Broker, Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DramatiqError
from redis.exceptions import RedisError

from adapters_out.dramatiq.brokers import ACTOR, QUEUE
from domain.errors import Overloaded
from ports.jobs import JobQueue

_FAULTS = (DramatiqError, RedisError, OSError)
_UNREACHABLE = "The job queue cannot be reached; the job stays entered and is sent later."


class DramatiqJobQueue(JobQueue):
    """Messages of one job id each; sending does not need the actor, only its name."""

    def __init__(self, broker: Broker) -> None:
        """Use a broker of :mod:`adapters_out.dramatiq.brokers`."""
        broker.declare_queue(QUEUE)
        self._broker = broker

    async def send(self, job_id: str) -> None:
        message: Message[None] = Message(
            queue_name=QUEUE, actor_name=ACTOR, args=(job_id,), kwargs={}, options={}
        )
        try:
            await asyncio.to_thread(self._broker.enqueue, message)
        except _FAULTS:
            raise Overloaded(_UNREACHABLE) from None

    async def backlog(self) -> int:
        try:
            return await asyncio.to_thread(self._waiting)
        except _FAULTS:
            raise Overloaded(_UNREACHABLE) from None

    def _waiting(self) -> int:
        if isinstance(self._broker, RedisBroker):
            return int(self._broker.client.llen(f"{self._broker.namespace}:{QUEUE}"))
        return int(self._broker.queues[QUEUE].qsize())
