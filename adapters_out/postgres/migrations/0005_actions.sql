-- Splits and dividends: what each provider told of an instrument, and when we believed it.

-- That a provider was asked at all: no rows below then mean that there are no actions.
CREATE TABLE action_lists (
    instrument text NOT NULL CHECK (length(instrument) BETWEEN 1 AND 64),
    provider text NOT NULL CHECK (length(provider) BETWEEN 1 AND 64),
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fetched_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, provider)
);

CREATE TABLE actions (
    instrument text NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('split', 'dividend')),
    ex_date date NOT NULL,
    ratio double precision NOT NULL CHECK (ratio >= 0 AND ratio < 'Infinity'),
    amount double precision NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
    currency text NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    superseded_at timestamptz,
    CHECK (CASE kind WHEN 'split' THEN ratio > 0 ELSE amount > 0 END),
    FOREIGN KEY (instrument, provider) REFERENCES action_lists
);
CREATE INDEX actions_of ON actions (instrument, provider);
CREATE UNIQUE INDEX actions_once ON actions
    (instrument, provider, kind, ex_date, ratio, amount, currency) WHERE superseded_at IS NULL;
