-- What a symbol meant when, what it is called, and by which slips of the keyboard it is found.

-- valid_from and valid_to are Unix seconds, half-open; NULL: not known to begin or end.
-- title is the name in upper case; hints are those of domain/alike.py.
ALTER TABLE symbols
  ADD COLUMN valid_from bigint,
  ADD COLUMN valid_to   bigint,
  ADD COLUMN name       text NOT NULL DEFAULT '',
  ADD COLUMN title      text NOT NULL DEFAULT '',
  ADD COLUMN hints      text[] NOT NULL DEFAULT '{}';
CREATE INDEX symbols_by_symbol ON symbols (upper(symbol));
CREATE INDEX symbols_by_hint ON symbols USING gin (hints);

-- Lists fetched before have neither names nor hints: let them be fetched again.
UPDATE symbol_lists SET fetched_at = 'epoch';

-- Symbols that once meant another instrument.
CREATE TABLE former_symbols (
  provider    text NOT NULL REFERENCES symbol_lists ON DELETE CASCADE,
  symbol      text NOT NULL,
  instrument  text NOT NULL,
  asset_class text NOT NULL,
  base        text NOT NULL,
  quote       text NOT NULL,
  valid_from  bigint,
  valid_to    bigint NOT NULL,
  name        text NOT NULL
);
CREATE INDEX former_symbols_by_symbol ON former_symbols (upper(symbol));
CREATE INDEX former_symbols_by_instrument ON former_symbols (instrument);
