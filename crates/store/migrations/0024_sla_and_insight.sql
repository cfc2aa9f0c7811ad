-- Within what time conversations are answered and resolved.
CREATE TABLE sla_policy (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Looked at in this order.
    place BIGINT NOT NULL,
    applies_to TEXT NOT NULL,
    first_response_seconds BIGINT,
    next_response_seconds BIGINT,
    resolution_seconds BIGINT,
    business_hours_only BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX sla_policy_order ON sla_policy (workspace_id, place, id);

-- What is shown of a conversation's timers, and how they stand where a list asks for it.
ALTER TABLE conversation ADD COLUMN sla TEXT;
ALTER TABLE conversation ADD COLUMN sla_state TEXT;
CREATE INDEX conversation_sla ON conversation (workspace_id, sla_state, last_activity_at, id) WHERE sla_state IS NOT NULL;

-- What has to be known of a conversation to measure it: made of the events by one who follows them.
CREATE TABLE conversation_timing (
    conversation_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    team_id TEXT,
    assignee_id TEXT,
    status TEXT NOT NULL,
    -- Since when it is open; null where that was before it was followed.
    opened_at BIGINT,
    -- The customer's first mail.
    asked_at BIGINT,
    first_response_at BIGINT,
    -- The customer's oldest mail without an answer.
    waiting_since BIGINT,
    -- It was there before it was followed: nothing of its beginning is measured.
    is_old BOOLEAN NOT NULL,
    sla_policy_id TEXT,
    timers TEXT,
    -- When a timer is to be looked at.
    next_at BIGINT,
    priority TEXT NOT NULL
);
CREATE INDEX conversation_timing_next ON conversation_timing (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX conversation_timing_policy ON conversation_timing (sla_policy_id) WHERE sla_policy_id IS NOT NULL;

-- What happened to conversations, to be counted and measured.
CREATE TABLE insight_fact (
    id SERIAL_KEY,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- The message or the event it was told by: a second telling is no second fact.
    source TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    -- Empty where there is none.
    channel_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- How long it took, by the clock and within business hours.
    seconds BIGINT,
    open_seconds BIGINT
);
CREATE UNIQUE INDEX insight_fact_once ON insight_fact (source, kind);
CREATE INDEX insight_fact_time ON insight_fact (workspace_id, kind, at, channel_id, team_id, user_id, seconds, open_seconds);
