-- +goose Up

-- Members of platforms are personal, and stand for accounts. The salts of a
-- side row are in the order of the names: account, actor, actor_name, member,
-- note, reason, snapshot. Rows from before this step have no member, and no salt
-- for one.
ALTER TABLE personal ADD COLUMN member TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX personal_member ON personal (member, seq) WHERE member <> '';

-- A projection: the links in force. Which member it is says the side row of the
-- entry that made the link.
CREATE TABLE link (
  seq     BIGINT PRIMARY KEY, -- of that entry
  acct    BIGINT NOT NULL,
  case_no BIGINT NOT NULL
);
