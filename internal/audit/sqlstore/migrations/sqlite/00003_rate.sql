-- +goose Up

-- Operational state, outside of the tree: when the next call of each of
-- Tencent's APIs may leave, for all processes together.
CREATE TABLE rate (
  name TEXT PRIMARY KEY, -- of the API
  tat  INTEGER NOT NULL  -- theoretical arrival time, microseconds since 1970
) STRICT, WITHOUT ROWID;
