-- +goose Up

-- What lists are narrowed by, so that a long log costs no more than a short one.
CREATE INDEX entry_acct ON entry (acct, seq) WHERE acct <> 0;
CREATE INDEX entry_kind ON entry (kind, seq);
CREATE INDEX cases_acting ON cases (number) WHERE status IN (2, 3);
CREATE INDEX mute_field ON mute (field, case_no);
CREATE INDEX personal_actor_name ON personal (actor_name, seq) WHERE actor_name <> '';

-- How far a worker has come in what it walks through, and when it goes on.
ALTER TABLE worker ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN goes_on BIGINT NOT NULL DEFAULT 0;
