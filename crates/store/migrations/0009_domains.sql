-- Domains that mail is sent from.
CREATE TABLE domain (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- In its ASCII form, lower case.
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The private DKIM keys by selector, sealed by the vault.
    secrets BYTES NOT NULL,
    -- The public ones: those that sign, and those that will when their records are there.
    keys TEXT NOT NULL,
    -- What the last checks found, by purpose and name.
    found TEXT NOT NULL,
    -- What stands in the way apart from single records.
    problem TEXT,
    -- Counts the changes: who changes it says which state was seen.
    version BIGINT NOT NULL,
    checked_at BIGINT,
    verified_at BIGINT,
    failing_since BIGINT,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX domain_by_name ON domain (workspace_id, name);
-- Of several workspaces that name a domain, one sends from it.
CREATE UNIQUE INDEX domain_owner ON domain (name) WHERE status IN ('verified', 'failing');
CREATE INDEX domain_due ON domain (due_at);
CREATE INDEX domain_workspace ON domain (workspace_id, id);
