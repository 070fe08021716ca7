-- +goose Up

-- The case that an entry began, 0 where it began none: by it the mutes of one
-- moderator are found, the newest first. It repeats what the entry says.
ALTER TABLE personal ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
UPDATE personal SET began = e.case_no FROM entry e WHERE e.seq = personal.seq AND e.kind = 'intent';
CREATE INDEX personal_began ON personal (actor, began) WHERE began <> 0;
CREATE INDEX personal_began_name ON personal (actor_name, began) WHERE began <> 0;
