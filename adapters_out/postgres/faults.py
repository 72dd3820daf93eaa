"""psycopg's errors in the words of the domain.

Nothing that a server or driver said is repeated: it may quote the connection string, and with it
the password.
"""

import re

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed

from domain.errors import MarketDataError, StoreUnavailable

UNREACHABLE = (
    "The database cannot be reached: check that PostgreSQL is running and that DATABASE_URL "
    "names it."
)
_SENTENCES: dict[type[psycopg.Error], str] = {
    PoolClosed: "The store is closed: the service is shutting down.",
    errors.QueryCanceled: (
        "The database did not finish in time: ask for less, or look for what blocks it."
    ),
    errors.InsufficientPrivilege: (
        "The database user lacks a right that the service needs: make it the database's owner."
    ),
    errors.DiskFull: "The database's disk is full: make room and try again.",
    errors.ReadOnlySqlTransaction: (
        "The database is read-only: point DATABASE_URL at its primary."
    ),
    errors.TooManyConnections: (
        "The database accepts no more connections: raise its max_connections."
    ),
    errors.UndefinedTable: "The database has no tables of ours: run 'fks-data migrate'.",
    errors.InvalidAuthorizationSpecification: (
        "The database refuses the user or password: check DATABASE_URL."
    ),
    errors.InvalidCatalogName: "The database in DATABASE_URL does not exist: create it.",
}

# Of a connection that was refused the driver tells no SQLSTATE, only the server's sentence.
_REFUSALS: tuple[tuple[re.Pattern[str], type[psycopg.Error]], ...] = (
    (re.compile(r'FATAL:\s+database "[^"]*" does not exist'), errors.InvalidCatalogName),
    (
        re.compile(
            r'FATAL:\s+(role "[^"]*" does not exist|no pg_hba\.conf entry)'
            r"|FATAL:\s+\w+ authentication failed|no password supplied"
        ),
        errors.InvalidAuthorizationSpecification,
    ),
    (re.compile(r"FATAL:\s+permission denied"), errors.InsufficientPrivilege),
    (re.compile(r"FATAL:\s+(sorry, too many|remaining connection)"), errors.TooManyConnections),
)


def translated(error: psycopg.Error) -> MarketDataError:
    """What to raise instead: ``StoreUnavailable`` with one sentence and its remedy."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return StoreUnavailable(sentence)
    if error.sqlstate is None:
        return StoreUnavailable(_refusal(str(error)))
    if error.sqlstate.startswith(("08", "57P")):
        return StoreUnavailable(UNREACHABLE)
    return StoreUnavailable(
        f"The database refused the work ({type(error).__name__}, SQLSTATE {error.sqlstate}): "
        "see its log."
    )


def _refusal(said: str) -> str:
    kind = next((kind for pattern, kind in _REFUSALS if pattern.search(said)), None)
    return UNREACHABLE if kind is None else _SENTENCES[kind]


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same transaction may well succeed if it is begun again at once."""
    return isinstance(error, errors.DeadlockDetected | errors.SerializationFailure)
