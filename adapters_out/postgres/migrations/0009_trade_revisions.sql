-- What a trade was before its venue corrected it: the row as it stood in `trades`, and when we
-- received what replaced it. Quotes have no ids by which one could be corrected.

CREATE TABLE trade_revisions (
  series_id     integer NOT NULL,
  ts_ns         bigint NOT NULL,
  mark          bigint NOT NULL,
  ordinal       integer NOT NULL,
  received_ns   bigint NOT NULL,
  price         double precision NOT NULL,
  size          double precision NOT NULL,
  id            text NOT NULL,
  side          text,
  session       text,
  superseded_ns bigint NOT NULL,
  PRIMARY KEY (series_id, ts_ns, mark, superseded_ns)
);
