-- One transaction: both, or none.
INSERT INTO tenants (tenant_id, name, created_at) VALUES ('t1', 'Tenant one', PENDING_COMMIT_TIMESTAMP());
INSERT INTO tenants (tenant_id, name, created_at) VALUES ('t2', 'Tenant two', PENDING_COMMIT_TIMESTAMP());
