-- Named lists of contacts. A deleted one keeps its row until its members are gone, some at a time.
CREATE TABLE contact_list (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Maintained in the transaction that changes the members.
    member_count BIGINT NOT NULL,
    -- The newest member's number. Taken under the list's lock: no lower one appears later.
    last_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX contact_list_by_name ON contact_list (workspace_id, name) WHERE deleted_at IS NULL;
CREATE INDEX contact_list_workspace ON contact_list (workspace_id, id);
CREATE INDEX contact_list_deleted ON contact_list (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE contact_list_member (
    list_id TEXT NOT NULL,
    -- In the order of joining.
    seq BIGINT NOT NULL,
    contact_id TEXT NOT NULL,
    address TEXT NOT NULL,
    variables TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (list_id, seq)
);
CREATE UNIQUE INDEX contact_list_member_contact ON contact_list_member (list_id, contact_id);

-- One mail to everybody on a list.
CREATE TABLE broadcast (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    use_case_id TEXT NOT NULL,
    list_id TEXT NOT NULL,
    status TEXT NOT NULL,
    subject TEXT,
    text_content TEXT,
    html_content TEXT,
    template_id TEXT,
    template_version BIGINT,
    track_opens BOOLEAN NOT NULL,
    track_clicks BOOLEAN NOT NULL,
    tags TEXT NOT NULL,
    -- What its messages are made of once it has started, whatever becomes of the template.
    frozen TEXT,
    -- Members up to this number get it; those up to the cursor had their turn.
    member_bound BIGINT NOT NULL,
    member_cursor BIGINT NOT NULL,
    -- Members when it started, without those taken off the list before their turn.
    total BIGINT NOT NULL,
    -- Messages made, members for whom none could be made, messages tried at least once.
    queued BIGINT NOT NULL,
    unmade BIGINT NOT NULL,
    tried BIGINT NOT NULL,
    -- Counted from the events, once a message each.
    sent BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    bounced BIGINT NOT NULL,
    deferred BIGINT NOT NULL,
    suppressed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    complained BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    clicked BIGINT NOT NULL,
    unsubscribed BIGINT NOT NULL,
    problem TEXT,
    -- When there is something to do about it next.
    due_at BIGINT,
    lease TEXT,
    scheduled_at BIGINT,
    started_at BIGINT,
    finished_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX broadcast_workspace ON broadcast (workspace_id, id);
CREATE INDEX broadcast_list ON broadcast (list_id);
CREATE INDEX broadcast_due ON broadcast (due_at) WHERE due_at IS NOT NULL;

-- Which message is of which broadcast, and what became of it.
CREATE TABLE broadcast_recipient (
    message_id TEXT PRIMARY KEY,
    broadcast_id TEXT NOT NULL,
    member_seq BIGINT NOT NULL,
    -- What is counted of it, as bits.
    marks BIGINT NOT NULL,
    -- Its delivery may still be tried.
    is_open BOOLEAN NOT NULL
);
-- Nobody gets a broadcast twice.
CREATE UNIQUE INDEX broadcast_recipient_member ON broadcast_recipient (broadcast_id, member_seq);
CREATE INDEX broadcast_recipient_open ON broadcast_recipient (broadcast_id, member_seq) WHERE is_open;

-- What happened before is of no broadcast.
INSERT INTO progress (name, position) SELECT 'broadcasts', COALESCE(MAX(position), 0) FROM event;
