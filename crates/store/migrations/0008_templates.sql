-- Message templates. Their contents are in the versions, which never change.
CREATE TABLE template (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- The synced mailbox it belongs to.
    account_id TEXT,
    name TEXT NOT NULL,
    description TEXT,
    format TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX template_by_name ON template (workspace_id, COALESCE(account_id, ''), name);
CREATE INDEX template_workspace ON template (workspace_id, id);

CREATE TABLE template_version (
    template_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    format TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (template_id, number)
);
