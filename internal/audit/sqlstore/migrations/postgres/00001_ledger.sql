-- +goose Up

-- The ledger. Times are microseconds since 1970 in UTC, 0 for none. Scopes
-- and fields are numbers: 1 group, 2 c2c, 3 both. Terms are seconds: 0 none,
-- -1 permanent. The status of a case: 1 waiting, 2 in flight, 3 unknown, 4 done,
-- 5 failed, 6 partial, 7 unverified, 8 refused, 9 declined, 10 void, 11 lapsed.

-- The one row that every write transaction takes first.
CREATE TABLE head (
  id          BIGINT PRIMARY KEY CHECK (id = 1),
  origin      TEXT COLLATE "C" NOT NULL,
  verifier    TEXT COLLATE "C" NOT NULL, -- public key of the checkpoints
  size        BIGINT NOT NULL, -- number of entries
  frontier    BYTEA NOT NULL, -- right edge of the tree over them
  at          BIGINT NOT NULL, -- time of the last entry
  cases       BIGINT NOT NULL, -- number of the last case
  checkpoints BIGINT NOT NULL  -- number of rows in checkpoint
);

INSERT INTO head VALUES (1, '', '', 0, '', 0, 0, 0);

-- Counts who took the head: a writer that gets the number after its own knows
-- that nobody has written in between. It may skip, never go back.
CREATE SEQUENCE head_turn;

-- The log. The body is canonical JSON and what is hashed; the columns before
-- it repeat what it says, to be searched by.
CREATE TABLE entry (
  seq     BIGINT PRIMARY KEY,
  ref     TEXT COLLATE "C", -- invocation key, else id; NULL where nobody sends it again
  at      BIGINT NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  acct    BIGINT NOT NULL,
  case_no BIGINT NOT NULL,
  body    TEXT COLLATE "C" NOT NULL,
  leaf    BYTEA NOT NULL -- SHA-256 of 0x00 and the body
);
CREATE UNIQUE INDEX entry_ref ON entry (ref) WHERE ref IS NOT NULL;
CREATE INDEX entry_case ON entry (case_no, seq);

-- What may have to be erased one day. The body commits to each value that is
-- not empty, under its salt: 16 bytes each, in the order of the columns.
CREATE TABLE personal (
  seq        BIGINT PRIMARY KEY REFERENCES entry (seq),
  account    TEXT COLLATE "C" NOT NULL,
  actor      TEXT COLLATE "C" NOT NULL,
  actor_name TEXT COLLATE "C" NOT NULL,
  note       TEXT COLLATE "C" NOT NULL,
  reason     TEXT COLLATE "C" NOT NULL,
  snapshot   TEXT COLLATE "C" NOT NULL,
  salts      BYTEA NOT NULL
);
CREATE INDEX personal_account ON personal (lower(account), account, seq);
CREATE INDEX personal_actor ON personal (actor, seq);

-- Signed checkpoints (C2SP) of the tree at some sizes.
CREATE TABLE checkpoint (
  size BIGINT PRIMARY KEY,
  note TEXT COLLATE "C" NOT NULL
);

-- Projections: replaying the log rebuilds them exactly.
CREATE TABLE cases (
  number   BIGINT PRIMARY KEY,
  acct     BIGINT NOT NULL,
  first    BIGINT NOT NULL, -- seq of its first entry
  status   BIGINT NOT NULL,
  verb     TEXT COLLATE "C" NOT NULL,
  scope    BIGINT NOT NULL,
  term     BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  began    BIGINT NOT NULL,
  asked    BIGINT NOT NULL, -- of its last question
  intent   BIGINT NOT NULL, -- of its intent
  last     BIGINT NOT NULL, -- of the entry that changed its status last
  batch    BIGINT NOT NULL,
  planned  BIGINT NOT NULL, -- version that the open question was planned on
  expires  BIGINT NOT NULL
);
CREATE INDEX cases_acct ON cases (acct, number);
CREATE INDEX cases_waiting ON cases (number) WHERE status = 1;
CREATE INDEX cases_batch ON cases (batch, number) WHERE batch <> 0;

CREATE TABLE account (
  acct    BIGINT PRIMARY KEY, -- seq of the first entry about it
  version BIGINT NOT NULL,
  last    BIGINT NOT NULL, -- case that began last
  prior   BIGINT NOT NULL  -- how many cases began
);

CREATE TABLE mute (
  acct    BIGINT NOT NULL,
  field   BIGINT NOT NULL,
  case_no BIGINT NOT NULL,
  until   BIGINT NOT NULL, -- 0 = permanent
  since   BIGINT NOT NULL,
  drifted BIGINT NOT NULL,
  PRIMARY KEY (acct, field)
);
CREATE INDEX mute_until ON mute (until);

-- Operational state: outside the tree and the rebuild.
CREATE TABLE lease (
  acct    BIGINT PRIMARY KEY,
  case_no BIGINT NOT NULL,
  fence   BIGINT NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  until   BIGINT NOT NULL,
  late    BIGINT NOT NULL,
  late_until BIGINT NOT NULL
);

CREATE TABLE sink (
  name      TEXT COLLATE "C" PRIMARY KEY,
  cursor    BIGINT NOT NULL,
  posted_at BIGINT NOT NULL,
  error     TEXT COLLATE "C" NOT NULL,
  failed_at BIGINT NOT NULL,
  first     BIGINT NOT NULL, -- the frozen attempt, 0 = none
  last      BIGINT NOT NULL,
  nonce     TEXT COLLATE "C" NOT NULL,
  body      BYTEA NOT NULL,
  started   BIGINT NOT NULL
);

CREATE TABLE posting (
  sink    TEXT COLLATE "C" NOT NULL,
  first   BIGINT NOT NULL,
  last    BIGINT NOT NULL,
  channel TEXT COLLATE "C" NOT NULL,
  message TEXT COLLATE "C" NOT NULL,
  link    TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX posting_last ON posting (last);

CREATE TABLE worker (
  name   TEXT COLLATE "C" PRIMARY KEY,
  holder TEXT COLLATE "C" NOT NULL,
  until  BIGINT NOT NULL
);
