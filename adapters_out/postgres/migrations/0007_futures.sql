-- What futures exchanges say of a bar beyond itself; a NULL was not sent. `x < 'Infinity'` refuses
-- NaN too.
CREATE TABLE bar_facts (
  series_id        integer NOT NULL REFERENCES series ON DELETE CASCADE,
  ts               timestamptz NOT NULL,
  session_end_date date,
  settlement_price double precision,
  dollar_volume    double precision,
  PRIMARY KEY (series_id, ts),
  CONSTRAINT bar_facts_finite CHECK (
    settlement_price > '-Infinity' AND settlement_price < 'Infinity'
    AND dollar_volume > '-Infinity' AND dollar_volume < 'Infinity'
  )
);

-- Answers about contracts, products, sessions and exchanges, by question (domain/futures.py:
-- FuturesAsk.key). `more` is where the rest of an answer begins, in the provider's own words.
CREATE TABLE futures_answers (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider   text NOT NULL,
  question   text NOT NULL,
  fetched_at timestamptz NOT NULL,
  more       text,
  UNIQUE (provider, question)
);
CREATE INDEX futures_answers_by_age ON futures_answers (fetched_at);

-- The records of an answer in the provider's order, as JSON. It is kept as text: names that
-- others give may hold what jsonb refuses. `ticker` is that of a contract.
CREATE TABLE futures_records (
  answer_id bigint NOT NULL REFERENCES futures_answers ON DELETE CASCADE,
  place     integer NOT NULL,
  key       text NOT NULL,
  ticker    text,
  record    text NOT NULL,
  PRIMARY KEY (answer_id, place),
  UNIQUE (answer_id, key)
);
CREATE INDEX futures_records_by_ticker ON futures_records (ticker) WHERE ticker IS NOT NULL;
