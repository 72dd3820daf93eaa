-- What providers said of assets as a whole, with its history: a row is what was known from
-- known_at until known_until.

CREATE TABLE asset_snapshots (
    provider text NOT NULL CHECK (length(provider) BETWEEN 1 AND 64),
    id text NOT NULL,
    asset text NOT NULL,
    known_at timestamptz NOT NULL,
    known_until timestamptz NOT NULL DEFAULT 'infinity' CHECK (known_until > known_at),
    ts bigint NOT NULL,
    name text,
    currency text NOT NULL,
    rank integer CHECK (rank > 0),
    -- BETWEEN refuses NaN and the infinities, which PostgreSQL sorts after every number.
    price double precision CHECK (price BETWEEN 0 AND 1.7976931348623157e308),
    market_cap double precision CHECK (market_cap BETWEEN 0 AND 1.7976931348623157e308),
    fully_diluted_market_cap double precision
        CHECK (fully_diluted_market_cap BETWEEN 0 AND 1.7976931348623157e308),
    volume_24h double precision CHECK (volume_24h BETWEEN 0 AND 1.7976931348623157e308),
    change_24h_pct double precision
        CHECK (change_24h_pct BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308),
    circulating_supply double precision
        CHECK (circulating_supply BETWEEN 0 AND 1.7976931348623157e308),
    total_supply double precision CHECK (total_supply BETWEEN 0 AND 1.7976931348623157e308),
    max_supply double precision CHECK (max_supply BETWEEN 0 AND 1.7976931348623157e308),
    PRIMARY KEY (provider, id, known_at)
);
-- One present row per asset.
CREATE UNIQUE INDEX asset_snapshots_present ON asset_snapshots (provider, id)
    WHERE known_until = 'infinity';
CREATE INDEX asset_snapshots_rank ON asset_snapshots (provider, rank, known_at);
CREATE INDEX asset_snapshots_asset ON asset_snapshots (provider, asset);

CREATE TABLE asset_descriptions (
    provider text NOT NULL CHECK (length(provider) BETWEEN 1 AND 64),
    id text NOT NULL,
    known_at timestamptz NOT NULL,
    metadata jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    PRIMARY KEY (provider, id, known_at)
);
