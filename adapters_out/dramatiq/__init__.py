"""Dramatiq behind the job queue: carries ids, while the ledger keeps the truth.

What the library does by default is set here, every piece of it, because the defaults suit
short tasks whose queue is the truth: twenty retries over days, tracebacks in Redis, a minute
until a dead worker is noticed, ten for a shutdown.
"""

from adapters_out.dramatiq.brokers import close_broker, process_broker, redis_broker
from adapters_out.dramatiq.job_queue import DramatiqJobQueue
from adapters_out.dramatiq.worker import DramatiqWorker

__all__ = [
    "DramatiqJobQueue",
    "DramatiqWorker",
    "close_broker",
    "process_broker",
    "redis_broker",
]
