-- One row for each write, inserted by its own transaction: whoever repeats the write is given the first answer.
CREATE TABLE IF NOT EXISTS spangate_idempotency (
  key_hash BYTES(32) NOT NULL,
  request_hash BYTES(32) NOT NULL,
  operation STRING(128) NOT NULL,
  status INT64 NOT NULL,
  location STRING(MAX),
  body STRING(MAX),
  committed_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (key_hash), ROW DELETION POLICY (OLDER_THAN(committed_at, INTERVAL 2 DAY));

-- Who wrote what, in the write's own transaction. Sharded: a key that begins with the time would send every write to
-- the same split.
CREATE TABLE IF NOT EXISTS spangate_audit (
  shard INT64 NOT NULL,
  committed_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
  key_hash BYTES(32) NOT NULL,
  operation STRING(128) NOT NULL,
  policy_operation STRING(MAX) NOT NULL,
  issuer STRING(MAX),
  subject STRING(MAX),
  tenant STRING(MAX),
  request_id STRING(MAX) NOT NULL,
  policy_revision STRING(MAX) NOT NULL,
  fields JSON NOT NULL,
) PRIMARY KEY (shard, committed_at, key_hash);

-- Which migrations have been applied, and how far one that stopped half way came.
CREATE TABLE IF NOT EXISTS spangate_migrations (
  version INT64 NOT NULL,
  name STRING(MAX) NOT NULL,
  kind STRING(16) NOT NULL,
  state STRING(16) NOT NULL,
  statements INT64 NOT NULL,
  checksum STRING(64) NOT NULL,
  attempt INT64 NOT NULL,
  applied_by STRING(MAX) NOT NULL,
  committed_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (version);

-- Who migrates now: a lease, renewed while it runs, by Spanner's clock.
CREATE TABLE IF NOT EXISTS spangate_migration_lock (
  name STRING(16) NOT NULL,
  owner STRING(MAX) NOT NULL,
  lease_seconds INT64 NOT NULL,
  renewed_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (name);
