-- A table whose rows are their own key is one tree instead of a table and an index.
CREATE TABLE participant_by_key (
    conversation_id TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (conversation_id, address)
) WITHOUT ROWID;
INSERT INTO participant_by_key SELECT conversation_id, address FROM participant;
DROP TABLE participant;
ALTER TABLE participant_by_key RENAME TO participant;

CREATE TABLE message_reference_by_key (
    workspace_id TEXT NOT NULL,
    rfc_message_id TEXT NOT NULL,
    message_seq BIGINT NOT NULL,
    conversation_id TEXT NOT NULL,
    channel_id TEXT,
    use_case_id TEXT,
    PRIMARY KEY (workspace_id, rfc_message_id, message_seq)
) WITHOUT ROWID;
INSERT INTO message_reference_by_key SELECT workspace_id, rfc_message_id, message_seq, conversation_id, channel_id, use_case_id FROM message_reference;
DROP TABLE message_reference;
ALTER TABLE message_reference_by_key RENAME TO message_reference;

CREATE TABLE conversation_count_by_key (
    workspace_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    assignee_id TEXT NOT NULL,
    status TEXT NOT NULL,
    unread BOOLEAN NOT NULL,
    conversations BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, assignee_id, status, unread)
) WITHOUT ROWID;
INSERT INTO conversation_count_by_key SELECT workspace_id, channel_id, assignee_id, status, unread, conversations FROM conversation_count;
DROP TABLE conversation_count;
ALTER TABLE conversation_count_by_key RENAME TO conversation_count;

CREATE TABLE search_queue_by_key (message_seq INTEGER PRIMARY KEY);
INSERT INTO search_queue_by_key SELECT message_seq FROM search_queue;
DROP TABLE search_queue;
ALTER TABLE search_queue_by_key RENAME TO search_queue;
