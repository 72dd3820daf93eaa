-- Jobs: the truth about work that outlives its process. Every time is the database's own clock,
-- so that workers whose clocks differ agree on whose lease has ended.

CREATE TABLE jobs (
    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    key text NOT NULL,
    symbol text NOT NULL,
    bar_interval text NOT NULL,
    range_start bigint NOT NULL,
    range_end bigint NOT NULL CHECK (range_end > range_start),
    provider text,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- BETWEEN refuses NaN, which PostgreSQL sorts after every number.
    progress double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    rows bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error text,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    lease_owner text,
    lease_until timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    -- A queued job may not be claimed earlier.
    not_before timestamptz,
    -- When its id was handed to a broker last; NULL: not since it was put back.
    sent_at timestamptz DEFAULT statement_timestamp(),
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL))
);

-- One unfinished job per task; one that has been asked to stop does not stand in the way.
CREATE UNIQUE INDEX jobs_unfinished_key ON jobs (key)
    WHERE state IN ('queued', 'running') AND NOT cancel_requested;
-- What the reconciler looks through.
CREATE INDEX jobs_unfinished ON jobs (sent_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_newest ON jobs (created_at DESC, id DESC);
CREATE INDEX jobs_newest_of_state ON jobs (state, created_at DESC, id DESC);
