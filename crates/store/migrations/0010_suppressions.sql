-- Addresses that are not written to.
CREATE TABLE suppression (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    address TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- The use case or domain; empty where it is the whole workspace.
    scope_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT,
    message_id TEXT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX suppression_place ON suppression (workspace_id, address, scope, scope_id);
CREATE INDEX suppression_workspace ON suppression (workspace_id, id);
CREATE INDEX suppression_expiry ON suppression (expires_at) WHERE expires_at IS NOT NULL;

-- Who took which one away, and when.
CREATE TABLE suppression_removal (
    suppression_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    address TEXT NOT NULL,
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    removed_by TEXT NOT NULL,
    removed_at BIGINT NOT NULL
);
CREATE INDEX suppression_removal_address ON suppression_removal (workspace_id, address);

-- Soft bounces that count: one a delivery, until something is delivered to the address.
CREATE TABLE soft_bounce (
    workspace_id TEXT NOT NULL,
    address TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    bounced_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, address, delivery_id)
);
CREATE INDEX soft_bounce_age ON soft_bounce (bounced_at);

-- Reports (bounces, delays, complaints) that came back to a message's own return path and are no messages themselves.
CREATE TABLE delivery_report (
    identity BYTES PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    blob_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX delivery_report_message ON delivery_report (message_id, created_at);
