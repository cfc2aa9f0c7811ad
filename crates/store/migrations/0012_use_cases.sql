-- What a domain is used for. A deleted one keeps its row: its mail and its opt-outs stay.
CREATE TABLE use_case (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    domain_id TEXT NOT NULL,
    entity_name TEXT NOT NULL,
    name TEXT NOT NULL,
    -- In lower case.
    sender_address TEXT NOT NULL,
    email_type TEXT NOT NULL,
    unsubscribable BOOLEAN NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX use_case_by_address ON use_case (sender_address) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX use_case_by_name ON use_case (workspace_id, domain_id, name) WHERE deleted_at IS NULL;
CREATE INDEX use_case_workspace ON use_case (workspace_id, id);
CREATE INDEX use_case_domain ON use_case (domain_id);
