-- The memory of the service. Times are timestamptz; a NULL volume, vwap or trades was not sent.
-- known_at is the database's clock, read under the series' lock: no two changes of one series
-- share one, and a later change has the later one.

CREATE TABLE series (
  id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument    text NOT NULL,
  bar_interval  text NOT NULL,
  provider      text NOT NULL,
  last_known_at timestamptz,
  UNIQUE (instrument, bar_interval, provider)
);

-- What is true now. `x < 'Infinity'` refuses NaN too: PostgreSQL sorts it above everything.
CREATE TABLE bars (
  series_id integer NOT NULL,
  ts        timestamptz NOT NULL,
  open      double precision NOT NULL,
  high      double precision NOT NULL,
  low       double precision NOT NULL,
  close     double precision NOT NULL,
  volume    double precision,
  vwap      double precision,
  trades    bigint CHECK (trades >= 0),
  known_at  timestamptz NOT NULL,
  PRIMARY KEY (series_id, ts),
  CONSTRAINT bars_finite CHECK (
    open > '-Infinity' AND open < 'Infinity' AND high > '-Infinity' AND high < 'Infinity'
    AND low > '-Infinity' AND low < 'Infinity' AND close > '-Infinity' AND close < 'Infinity'
    AND volume > '-Infinity' AND volume < 'Infinity' AND vwap > '-Infinity' AND vwap < 'Infinity'
  )
);

-- What was true once, from known_at until superseded_at.
CREATE TABLE bar_revisions (
  series_id     integer NOT NULL,
  ts            timestamptz NOT NULL,
  open          double precision NOT NULL,
  high          double precision NOT NULL,
  low           double precision NOT NULL,
  close         double precision NOT NULL,
  volume        double precision,
  vwap          double precision,
  trades        bigint CHECK (trades >= 0),
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL,
  PRIMARY KEY (series_id, ts, known_at),
  CHECK (superseded_at > known_at),
  CONSTRAINT bar_revisions_finite CHECK (
    open > '-Infinity' AND open < 'Infinity' AND high > '-Infinity' AND high < 'Infinity'
    AND low > '-Infinity' AND low < 'Infinity' AND close > '-Infinity' AND close < 'Infinity'
    AND volume > '-Infinity' AND volume < 'Infinity' AND vwap > '-Infinity' AND vwap < 'Infinity'
  )
);

-- Everything that was ever true; at T that is known_at <= T AND superseded_at > T.
CREATE VIEW bar_history AS
  SELECT series_id, ts, open, high, low, close, volume, vwap, trades, known_at,
    'infinity'::timestamptz AS superseded_at FROM bars
  UNION ALL
  SELECT series_id, ts, open, high, low, close, volume, vwap, trades, known_at, superseded_at
    FROM bar_revisions;

-- Ranges that a provider has answered (reason IS NULL: rows only ever added, disjoint) and
-- ranges known to be empty, and why (superseded_at is set when that turned out otherwise).
CREATE TABLE coverage (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  series_id     integer NOT NULL REFERENCES series ON DELETE CASCADE,
  start_at      timestamptz NOT NULL,
  end_at        timestamptz NOT NULL,
  reason        text,
  known_at      timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL DEFAULT 'infinity',
  checked_at    timestamptz,
  CHECK (end_at > start_at),
  CHECK (superseded_at > known_at),
  CHECK ((reason IS NULL) = (checked_at IS NULL))
);
CREATE INDEX coverage_by_end ON coverage (series_id, end_at);

-- One row per batch that changed bars.
CREATE TABLE provenance (
  series_id  integer NOT NULL REFERENCES series ON DELETE CASCADE,
  known_at   timestamptz NOT NULL,
  start_at   timestamptz NOT NULL,
  end_at     timestamptz NOT NULL,
  fetched_at timestamptz NOT NULL,
  inserted   integer NOT NULL,
  changed    integer NOT NULL,
  request_id text NOT NULL,
  PRIMARY KEY (series_id, known_at)
);

-- The verdict on each batch that taught us something.
CREATE TABLE quality (
  series_id integer NOT NULL REFERENCES series ON DELETE CASCADE,
  known_at  timestamptz NOT NULL,
  score     double precision NOT NULL CHECK (score > '-Infinity' AND score < 'Infinity'),
  report    jsonb NOT NULL,
  PRIMARY KEY (series_id, known_at)
);

-- Rows that cannot be bars. ts is a bigint (Unix seconds): nonsense must fit in.
CREATE TABLE quarantine (
  series_id   integer NOT NULL REFERENCES series ON DELETE CASCADE,
  ts          bigint,
  content     text NOT NULL,
  reason      text NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX quarantine_once
  ON quarantine (series_id, ts, reason, md5(content)) NULLS NOT DISTINCT;

-- The providers' instrument lists, as fetched last.
CREATE TABLE symbol_lists (
  provider   text PRIMARY KEY,
  fetched_at timestamptz NOT NULL
);
CREATE TABLE symbols (
  provider    text NOT NULL REFERENCES symbol_lists ON DELETE CASCADE,
  symbol      text NOT NULL,
  instrument  text NOT NULL,
  asset_class text NOT NULL,
  base        text NOT NULL,
  quote       text NOT NULL,
  active      boolean NOT NULL,
  PRIMARY KEY (provider, symbol)
);
CREATE INDEX symbols_by_instrument ON symbols (instrument);

-- On TimescaleDB: chunks of 30 days (measured against 7), turned into columns when they have
-- become quiet. The Apache edition has chunks only.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    RETURN;
  END IF;
  PERFORM create_hypertable(
    'bars', by_range('ts', INTERVAL '30 days'), create_default_indexes => false
  );
  IF current_setting('timescaledb.license') = 'timescale' THEN
    ALTER TABLE bars SET (
      timescaledb.enable_columnstore = true,
      timescaledb.segmentby = 'series_id',
      timescaledb.orderby = 'ts'
    );
    CALL add_columnstore_policy('bars', after => INTERVAL '60 days');
  END IF;
END $$;
