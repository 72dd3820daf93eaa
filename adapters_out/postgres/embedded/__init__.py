"""A PostgreSQL of our own: started with its first owner, stopped with its last.

::

    owner (serve, CLI, worker)             supervisor (own session, stdlib only)
    launcher.EmbeddedPostgres ── link ───> supervisor ── child ──> postgres
              socket, ended by the kernel      │ supervisor.lock      │ server.lock
              when the owner dies              └ one per data dir     └ inherited by every backend

Nobody watches process ids. An owner *is* an open socket to the supervisor, so ``kill -9`` takes
it off the books. PostgreSQL *is* a lock that all its processes inherit, so a free lock proves
that none of them lives. A killed supervisor takes PostgreSQL with it (Linux) and the owners left
start another one.

Everything lies in ``<data dir>/postgres``, also when root starts it: PostgreSQL then runs as an
unprivileged account and is handed its directory as its working directory, so no ancestor has to
be opened to that account. Only the binaries are copied out of a home it cannot enter, to
``/var/lib/fks-data``.

This package imports nothing: the supervisor must start in milliseconds.
"""
