-- Trades and quotes. ts_ns is the venue's time, received_ns ours, both Unix nanoseconds; what
-- tells ticks of one moment apart is `mark` (domain/ticks.py: marks), `ordinal` is the venue's
-- order of those without an id. NULL was not sent.

CREATE TABLE tick_series (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('trades', 'quotes')),
  instrument text NOT NULL,
  provider   text NOT NULL,
  UNIQUE (kind, instrument, provider)
);

-- `x < 'Infinity'` refuses NaN too: PostgreSQL sorts it above everything.
CREATE TABLE trades (
  series_id   integer NOT NULL,
  ts_ns       bigint NOT NULL,
  mark        bigint NOT NULL,
  ordinal     integer NOT NULL,
  received_ns bigint NOT NULL,
  price       double precision NOT NULL CHECK (price > '-Infinity' AND price < 'Infinity'),
  size        double precision NOT NULL CHECK (size > '-Infinity' AND size < 'Infinity'),
  id          text NOT NULL,
  side        text CHECK (side IN ('buy', 'sell')),
  session     text,
  PRIMARY KEY (series_id, ts_ns, mark)
);

CREATE TABLE quotes (
  series_id   integer NOT NULL,
  ts_ns       bigint NOT NULL,
  mark        bigint NOT NULL,
  ordinal     integer NOT NULL,
  received_ns bigint NOT NULL,
  bid_price   double precision CHECK (bid_price > '-Infinity' AND bid_price < 'Infinity'),
  bid_size    double precision CHECK (bid_size > '-Infinity' AND bid_size < 'Infinity'),
  ask_price   double precision CHECK (ask_price > '-Infinity' AND ask_price < 'Infinity'),
  ask_size    double precision CHECK (ask_size > '-Infinity' AND ask_size < 'Infinity'),
  stamp       text NOT NULL CHECK (stamp IN ('venue', 'receipt')),
  session     text,
  PRIMARY KEY (series_id, ts_ns, mark)
);

-- Ranges of which we hold everything that the provider had; disjoint and not touching.
CREATE TABLE tick_coverage (
  series_id integer NOT NULL REFERENCES tick_series ON DELETE CASCADE,
  start_ns  bigint NOT NULL,
  end_ns    bigint NOT NULL CHECK (end_ns > start_ns),
  PRIMARY KEY (series_id, start_ns)
);

-- On TimescaleDB: chunks of a day, turned into columns after a week.
DO $$
DECLARE
  ticks text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    RETURN;
  END IF;
  CREATE FUNCTION tick_now_ns() RETURNS bigint LANGUAGE sql STABLE AS
    'SELECT (extract(epoch FROM now()) * 1000000000)::bigint';
  FOREACH ticks IN ARRAY ARRAY['trades', 'quotes'] LOOP
    PERFORM create_hypertable(
      ticks::regclass, by_range('ts_ns', 86400000000000), create_default_indexes => false
    );
    PERFORM set_integer_now_func(ticks::regclass, 'tick_now_ns');
    IF current_setting('timescaledb.license') = 'timescale' THEN
      EXECUTE format(
        'ALTER TABLE %I SET (timescaledb.enable_columnstore = true, '
        'timescaledb.segmentby = ''series_id'', timescaledb.orderby = ''ts_ns, mark'')', ticks
      );
      CALL add_columnstore_policy(ticks::regclass, after => 604800000000000);
    END IF;
  END LOOP;
END $$;
