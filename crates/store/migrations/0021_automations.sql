-- When something happens, and it is of a kind, then something is done.
CREATE TABLE automation (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- Looked at in this order.
    place BIGINT NOT NULL,
    set_off_by TEXT NOT NULL,
    idle_minutes BIGINT,
    conditions TEXT NOT NULL,
    actions TEXT NOT NULL,
    stop_after BOOLEAN NOT NULL,
    -- What happened earlier does not set it off.
    enabled_since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX automation_order ON automation (workspace_id, place, id);
CREATE INDEX automation_enabled ON automation (workspace_id, place, id) WHERE enabled;

-- What automations did. Of one cause an automation runs once.
CREATE TABLE automation_run (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    automation_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    set_off_by TEXT NOT NULL,
    event_id TEXT,
    conversation_id TEXT NOT NULL,
    message_id TEXT,
    subject TEXT NOT NULL,
    from_address TEXT NOT NULL,
    steps TEXT NOT NULL,
    failed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX automation_run_once ON automation_run (automation_id, cause);
CREATE INDEX automation_run_list ON automation_run (automation_id, id);
CREATE INDEX automation_run_age ON automation_run (created_at);

-- Which automations led to an event, the first one first: what keeps them from setting each other off for ever.
CREATE TABLE automation_effect (
    event_id TEXT PRIMARY KEY,
    chain TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX automation_effect_age ON automation_effect (created_at);

-- When an automation last answered somebody.
CREATE TABLE automation_reply (
    automation_id TEXT NOT NULL,
    -- A contact, or an address that is of none.
    recipient TEXT NOT NULL,
    replied_at BIGINT NOT NULL,
    PRIMARY KEY (automation_id, recipient)
);
CREATE INDEX automation_reply_times ON automation_reply (automation_id, replied_at);
CREATE INDEX automation_reply_age ON automation_reply (replied_at);

-- Conversations whose mail waits for an answer, for the automations that ask how long.
CREATE TABLE automation_idle (
    automation_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    -- The first mail without an answer.
    message_id TEXT NOT NULL,
    message_seq BIGINT NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (automation_id, conversation_id)
);
CREATE INDEX automation_idle_due ON automation_idle (due_at);

CREATE TABLE business_hours (
    workspace_id TEXT PRIMARY KEY,
    hours TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What happened before sets nothing off.
INSERT INTO progress (name, position) SELECT 'automations', COALESCE(MAX(position), 0) FROM event;
