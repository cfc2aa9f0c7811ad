-- What recipients did with messages that asked to be tracked. A message that did not has no row.
CREATE TABLE message_engagement (
    message_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    -- A tracked message has one.
    recipient TEXT NOT NULL,
    -- By people; what machines did is counted apart.
    opens BIGINT NOT NULL,
    machine_opens BIGINT NOT NULL,
    clicks BIGINT NOT NULL,
    machine_clicks BIGINT NOT NULL,
    first_opened_at BIGINT,
    last_opened_at BIGINT,
    first_clicked_at BIGINT,
    last_clicked_at BIGINT,
    created_at BIGINT NOT NULL
);
