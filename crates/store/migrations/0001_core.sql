-- One text for both engines: SERIAL_KEY and BYTES are the only words that differ. Times are milliseconds since 1970.

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE workspace (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_account (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    name TEXT,
    role TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX user_account_workspace ON user_account (workspace_id, id);

-- Browser sessions and one-time sign-in tokens; both are kept as SHA-256.
CREATE TABLE user_session (
    token_hash BYTES PRIMARY KEY,
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX user_session_expiry ON user_session (expires_at);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BYTES NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    channel_id TEXT,
    bootstrap BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_key_workspace ON api_key (workspace_id, id);

CREATE TABLE idempotency (
    workspace_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BYTES NOT NULL,
    status BIGINT,
    response TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE channel (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    email_address TEXT,
    display_name TEXT,
    aliases TEXT NOT NULL,
    signature TEXT NOT NULL,
    config TEXT NOT NULL,
    secrets BYTES,
    limits TEXT NOT NULL,
    auth_policy TEXT NOT NULL,
    thread_by_subject BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    inbound_address TEXT NOT NULL,
    webhook_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX channel_workspace ON channel (workspace_id, id);

-- Every address that ever received. A deleted channel's addresses stay taken.
CREATE TABLE channel_address (
    address TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    active BOOLEAN NOT NULL
);
CREATE INDEX channel_address_channel ON channel_address (channel_id);

CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT,
    -- The name in lower case, which is what people look for.
    name_key TEXT,
    attributes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX contact_workspace ON contact (workspace_id, id);

CREATE TABLE contact_address (
    workspace_id TEXT NOT NULL,
    address TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, address)
);
CREATE INDEX contact_address_contact ON contact_address (contact_id);

CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    use_case_id TEXT,
    contact_id TEXT,
    subject TEXT NOT NULL,
    subject_base TEXT NOT NULL,
    status TEXT NOT NULL,
    assignee_id TEXT,
    team_id TEXT,
    unread BOOLEAN NOT NULL,
    message_count BIGINT NOT NULL,
    preview TEXT NOT NULL,
    reply_token TEXT NOT NULL UNIQUE,
    related TEXT NOT NULL,
    snoozed_until BIGINT,
    last_activity_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
-- Every list filter ends in (last_activity_at, id): a page costs the same at any size. A list that leaves status or
-- unread open reads each of their combinations (eight at most) and merges.
CREATE INDEX conversation_by_status ON conversation (workspace_id, status, unread, last_activity_at, id);
CREATE INDEX conversation_by_channel ON conversation (workspace_id, channel_id, status, unread, last_activity_at, id);
CREATE INDEX conversation_by_assignee ON conversation (workspace_id, assignee_id, status, unread, last_activity_at, id);
CREATE INDEX conversation_by_contact ON conversation (contact_id, last_activity_at, id);
CREATE INDEX conversation_snoozed ON conversation (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE TABLE conversation_label (
    conversation_id TEXT NOT NULL,
    label TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    status TEXT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, label)
);
CREATE INDEX conversation_label_list ON conversation_label (workspace_id, label, status, last_activity_at, conversation_id);

-- Counts are maintained in the transaction that changes them, never computed.
CREATE TABLE conversation_count (
    workspace_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    assignee_id TEXT NOT NULL,
    status TEXT NOT NULL,
    unread BOOLEAN NOT NULL,
    conversations BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, assignee_id, status, unread)
);

-- Who takes part: their mails may join by In-Reply-To.
CREATE TABLE participant (
    conversation_id TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (conversation_id, address)
);

CREATE TABLE message (
    seq SERIAL_KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    use_case_id TEXT,
    conversation_id TEXT NOT NULL,
    contact_id TEXT,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    author_id TEXT,
    from_address TEXT NOT NULL,
    from_name TEXT,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    preview TEXT NOT NULL,
    note TEXT,
    rfc_message_id TEXT,
    in_reply_to TEXT,
    reference_ids TEXT NOT NULL,
    kind TEXT NOT NULL,
    flags BIGINT NOT NULL,
    auth TEXT,
    attachments TEXT NOT NULL,
    limits TEXT NOT NULL,
    threaded_by TEXT NOT NULL,
    envelope TEXT NOT NULL,
    custom_data TEXT NOT NULL,
    tags TEXT NOT NULL,
    identity BYTES UNIQUE,
    blob_id BIGINT,
    raw_size BIGINT NOT NULL,
    scheduled_at BIGINT,
    sent_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX message_by_conversation ON message (conversation_id, seq);
CREATE INDEX message_by_workspace ON message (workspace_id, direction, seq);
CREATE INDEX message_by_channel ON message (channel_id, direction, seq);
CREATE INDEX message_by_contact ON message (contact_id, direction, seq);
CREATE INDEX message_by_status ON message (workspace_id, status, seq) WHERE direction = 'outbound';
CREATE INDEX message_by_channel_status ON message (channel_id, status, seq) WHERE direction = 'outbound';
CREATE INDEX message_by_rfc_id ON message (rfc_message_id, workspace_id) WHERE rfc_message_id IS NOT NULL;
CREATE INDEX message_by_blob ON message (blob_id);

CREATE TABLE message_tag (
    workspace_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    message_seq BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, tag, message_seq)
);

-- Ancestors that mails name; shared ones join mails whose common parent nobody has stored.
CREATE TABLE message_reference (
    workspace_id TEXT NOT NULL,
    rfc_message_id TEXT NOT NULL,
    message_seq BIGINT NOT NULL,
    conversation_id TEXT NOT NULL,
    channel_id TEXT,
    use_case_id TEXT,
    PRIMARY KEY (workspace_id, rfc_message_id, message_seq)
);
CREATE INDEX message_reference_message ON message_reference (message_seq);

-- Messages that the search index does not hold yet. A queue and not a cursor: with several writers a lower seq may commit later.
CREATE TABLE search_queue (message_seq BIGINT PRIMARY KEY);

-- Raw mails, compressed, once a workspace. Small ones here, large ones where location says.
CREATE TABLE blob (
    id SERIAL_KEY,
    workspace_id TEXT NOT NULL,
    hash BYTES NOT NULL,
    size BIGINT NOT NULL,
    data BYTES,
    location TEXT
);
CREATE UNIQUE INDEX blob_by_hash ON blob (hash, workspace_id);

CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    channel_id TEXT,
    recipient TEXT NOT NULL,
    status TEXT NOT NULL,
    transport TEXT NOT NULL,
    destination TEXT NOT NULL,
    due_at BIGINT,
    lease TEXT,
    attempts BIGINT NOT NULL,
    log TEXT NOT NULL,
    first_attempt_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX delivery_by_message ON delivery (message_id, id);
CREATE INDEX delivery_due ON delivery (destination, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_due_all ON delivery (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_by_transport ON delivery (workspace_id, transport, id);

CREATE TABLE webhook_endpoint (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    format TEXT NOT NULL,
    secrets BYTES NOT NULL,
    enabled BOOLEAN NOT NULL,
    disabled_reason TEXT,
    failing_since BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX webhook_endpoint_workspace ON webhook_endpoint (workspace_id, id);

CREATE TABLE webhook_delivery (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL,
    due_at BIGINT,
    lease TEXT,
    attempts BIGINT NOT NULL,
    log TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_list ON webhook_delivery (endpoint_id, id);

-- Durable cursors of those who read what others wrote.
CREATE TABLE progress (name TEXT PRIMARY KEY, position BIGINT NOT NULL);
