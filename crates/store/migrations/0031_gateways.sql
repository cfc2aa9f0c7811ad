-- SMTP servers that accounts' mail may go through instead of their own.
CREATE TABLE gateway (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- What it is called by in the API.
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    server TEXT NOT NULL,
    secret BYTES,
    -- Mails it took.
    deliveries BIGINT NOT NULL,
    last_used_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX gateway_by_name ON gateway (workspace_id, name);

-- The name of the gateway it goes through; the account's own server if absent.
ALTER TABLE submission ADD COLUMN gateway TEXT;
