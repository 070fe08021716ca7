-- +goose Up

-- Operational state, outside of the tree: when the next call of each of
-- Tencent's APIs may leave, for all processes together. It need not survive a
-- crash, after which it is empty: a row that is missing is begun a second late.
CREATE UNLOGGED TABLE rate (
  name TEXT COLLATE "C" PRIMARY KEY, -- of the API
  tat  BIGINT NOT NULL               -- theoretical arrival time, microseconds since 1970
);
