"""The one way in which the launcher fails."""


class LauncherFailure(Exception):
    """A sentence for a person, with its remedy.

    The supervisor speaks it over the link; the launcher turns it into ``StoreUnavailable``. The
    domain's tree is not used in here because importing it costs more than starting PostgreSQL.
    """
