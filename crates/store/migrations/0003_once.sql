-- What came of a request with an Idempotency-Key, noted in the transaction that did the work. `item` tells the messages of
-- a batch apart.
CREATE TABLE idempotency_outcome (
    workspace_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BYTES NOT NULL,
    item BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, idempotency_key, request_hash, item)
);
CREATE INDEX idempotency_outcome_age ON idempotency_outcome (created_at);

-- Events sent to an endpoint again: how far it has come, and where it ends.
CREATE TABLE webhook_replay (
    endpoint_id TEXT PRIMARY KEY,
    after_event TEXT NOT NULL,
    position BIGINT NOT NULL,
    until_position BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    reached_at BIGINT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- Of mail that was imported: webhooks do not carry it.
ALTER TABLE event ADD COLUMN imported BOOLEAN NOT NULL DEFAULT FALSE;

-- A person set the name, or took it away: mail does not change it.
ALTER TABLE contact ADD COLUMN name_set BOOLEAN NOT NULL DEFAULT FALSE;
