-- +goose Up

-- What the messages of an audit channel say of one another, and the full
-- checkpoints that are posted in it.
ALTER TABLE sink ADD COLUMN messages BIGINT NOT NULL DEFAULT 0;  -- how many arrived
ALTER TABLE sink ADD COLUMN said     TEXT COLLATE "C" NOT NULL DEFAULT ''; -- short checkpoint of the last
ALTER TABLE sink ADD COLUMN saying   TEXT COLLATE "C" NOT NULL DEFAULT ''; -- that of the frozen attempt
ALTER TABLE sink ADD COLUMN due      BIGINT NOT NULL DEFAULT 0;  -- size of the full checkpoint to be posted, 0 = none
ALTER TABLE sink ADD COLUMN full_size BIGINT NOT NULL DEFAULT 0; -- size of the last one that was
ALTER TABLE sink ADD COLUMN full_at  BIGINT NOT NULL DEFAULT 0;
