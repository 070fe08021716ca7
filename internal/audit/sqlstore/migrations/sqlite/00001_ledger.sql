-- +goose Up

-- The ledger. Times are microseconds since 1970 in UTC, 0 for none. Scopes
-- and fields are numbers: 1 group, 2 c2c, 3 both. Terms are seconds: 0 none,
-- -1 permanent. The status of a case: 1 waiting, 2 in flight, 3 unknown, 4 done,
-- 5 failed, 6 partial, 7 unverified, 8 refused, 9 declined, 10 void, 11 lapsed.

-- The one row that every write transaction takes first.
CREATE TABLE head (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  origin      TEXT    NOT NULL,
  verifier    TEXT    NOT NULL, -- public key of the checkpoints
  size        INTEGER NOT NULL, -- number of entries
  frontier    BLOB    NOT NULL, -- right edge of the tree over them
  at          INTEGER NOT NULL, -- time of the last entry
  cases       INTEGER NOT NULL, -- number of the last case
  checkpoints INTEGER NOT NULL  -- number of rows in checkpoint
) STRICT;

INSERT INTO head VALUES (1, '', '', 0, x'', 0, 0, 0);

-- The log. The body is canonical JSON and what is hashed; the columns before
-- it repeat what it says, to be searched by.
CREATE TABLE entry (
  seq     INTEGER PRIMARY KEY,
  ref     TEXT,             -- invocation key, else id; NULL where nobody sends it again
  at      INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  acct    INTEGER NOT NULL,
  case_no INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  leaf    BLOB    NOT NULL -- SHA-256 of 0x00 and the body
) STRICT;
CREATE UNIQUE INDEX entry_ref ON entry (ref) WHERE ref IS NOT NULL;
CREATE INDEX entry_case ON entry (case_no, seq);

-- What may have to be erased one day. The body commits to each value that is
-- not empty, under its salt: 16 bytes each, in the order of the columns.
CREATE TABLE personal (
  seq        INTEGER PRIMARY KEY REFERENCES entry (seq),
  account    TEXT NOT NULL,
  actor      TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  note       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  snapshot   TEXT NOT NULL,
  salts      BLOB NOT NULL
) STRICT;
CREATE INDEX personal_account ON personal (lower(account), account, seq);
CREATE INDEX personal_actor ON personal (actor, seq);

-- Signed checkpoints (C2SP) of the tree at some sizes.
CREATE TABLE checkpoint (
  size INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT;

-- Projections: replaying the log rebuilds them exactly.
CREATE TABLE cases (
  number   INTEGER PRIMARY KEY,
  acct     INTEGER NOT NULL,
  first    INTEGER NOT NULL, -- seq of its first entry
  status   INTEGER NOT NULL,
  verb     TEXT    NOT NULL,
  scope    INTEGER NOT NULL,
  term     INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  began    INTEGER NOT NULL,
  asked    INTEGER NOT NULL, -- of its last question
  intent   INTEGER NOT NULL, -- of its intent
  last     INTEGER NOT NULL, -- of the entry that changed its status last
  batch    INTEGER NOT NULL,
  planned  INTEGER NOT NULL, -- version that the open question was planned on
  expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_acct ON cases (acct, number);
CREATE INDEX cases_waiting ON cases (number) WHERE status = 1;
CREATE INDEX cases_batch ON cases (batch, number) WHERE batch <> 0;

CREATE TABLE account (
  acct    INTEGER PRIMARY KEY, -- seq of the first entry about it
  version INTEGER NOT NULL,
  last    INTEGER NOT NULL, -- case that began last
  prior   INTEGER NOT NULL  -- how many cases began
) STRICT;

CREATE TABLE mute (
  acct    INTEGER NOT NULL,
  field   INTEGER NOT NULL,
  case_no INTEGER NOT NULL,
  until   INTEGER NOT NULL, -- 0 = permanent
  since   INTEGER NOT NULL,
  drifted INTEGER NOT NULL,
  PRIMARY KEY (acct, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX mute_until ON mute (until);

-- Operational state: outside the tree and the rebuild.
CREATE TABLE lease (
  acct    INTEGER PRIMARY KEY,
  case_no INTEGER NOT NULL,
  fence   INTEGER NOT NULL,
  state   TEXT    NOT NULL,
  until   INTEGER NOT NULL,
  late    INTEGER NOT NULL,
  late_until INTEGER NOT NULL
) STRICT;

CREATE TABLE sink (
  name      TEXT PRIMARY KEY,
  cursor    INTEGER NOT NULL,
  posted_at INTEGER NOT NULL,
  error     TEXT    NOT NULL,
  failed_at INTEGER NOT NULL,
  first     INTEGER NOT NULL, -- the frozen attempt, 0 = none
  last      INTEGER NOT NULL,
  nonce     TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  started   INTEGER NOT NULL
) STRICT;

CREATE TABLE posting (
  sink    TEXT    NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  channel TEXT    NOT NULL,
  message TEXT    NOT NULL,
  link    TEXT    NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
CREATE INDEX posting_last ON posting (last);

CREATE TABLE worker (
  name   TEXT PRIMARY KEY,
  holder TEXT    NOT NULL,
  until  INTEGER NOT NULL
) STRICT;
