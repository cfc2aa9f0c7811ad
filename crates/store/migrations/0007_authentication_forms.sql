-- Forms that people connect their mailboxes with: asked for by an application, good for a day, spent once.
CREATE TABLE authentication_form (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    request TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- `new` or `existing`, once it is spent.
    outcome TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX authentication_form_by_expiry ON authentication_form (expires_at);

-- Applications that an OAuth 2 provider knows us as.
CREATE TABLE oauth2_app (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    settings TEXT NOT NULL,
    secrets BYTES,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX oauth2_app_by_workspace ON oauth2_app (workspace_id, id);
