-- As in googlesql.sql, where the reasons stand.
CREATE TABLE IF NOT EXISTS spangate_idempotency (
  key_hash bytea NOT NULL,
  request_hash bytea NOT NULL,
  operation varchar(128) NOT NULL,
  status bigint NOT NULL,
  location varchar,
  body varchar,
  committed_at spanner.commit_timestamp NOT NULL,
  PRIMARY KEY (key_hash)
) TTL INTERVAL '2 days' ON committed_at;

CREATE TABLE IF NOT EXISTS spangate_audit (
  shard bigint NOT NULL,
  committed_at spanner.commit_timestamp NOT NULL,
  key_hash bytea NOT NULL,
  operation varchar(128) NOT NULL,
  policy_operation varchar NOT NULL,
  issuer varchar,
  subject varchar,
  tenant varchar,
  request_id varchar NOT NULL,
  policy_revision varchar NOT NULL,
  fields jsonb NOT NULL,
  PRIMARY KEY (shard, committed_at, key_hash)
);

CREATE TABLE IF NOT EXISTS spangate_migrations (
  version bigint NOT NULL,
  name varchar NOT NULL,
  kind varchar(16) NOT NULL,
  state varchar(16) NOT NULL,
  statements bigint NOT NULL,
  checksum varchar(64) NOT NULL,
  attempt bigint NOT NULL,
  applied_by varchar NOT NULL,
  committed_at spanner.commit_timestamp NOT NULL,
  PRIMARY KEY (version)
);

CREATE TABLE IF NOT EXISTS spangate_migration_lock (
  name varchar(16) NOT NULL,
  owner varchar NOT NULL,
  lease_seconds bigint NOT NULL,
  renewed_at spanner.commit_timestamp NOT NULL,
  PRIMARY KEY (name)
);
