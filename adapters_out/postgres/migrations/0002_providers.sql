-- What processes share about providers: request budgets, circuits, and who does which work now.

-- The account of a provider's budget (domain/budget.py: BudgetState). Freezes and windows of an
-- hour and more must outlive every process and every cache, so they are always here.
-- `version` is what a change was computed from: whoever comes second computes again.
CREATE TABLE provider_state (
    provider text PRIMARY KEY CHECK (length(provider) BETWEEN 1 AND 64),
    budget jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The circuit of a provider (domain/circuit.py: ProviderHealth). Losing it in a crash of the
-- server costs a few calls, so it is not logged.
CREATE UNLOGGED TABLE provider_health (
    provider text PRIMARY KEY CHECK (length(provider) BETWEEN 1 AND 64),
    health jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Leases of work that only one process should do at a time, on the database's clock.
CREATE UNLOGGED TABLE turnstile (
    key text PRIMARY KEY,
    token text NOT NULL,
    lease_until timestamptz NOT NULL
);
CREATE INDEX turnstile_ended ON turnstile (lease_until);
