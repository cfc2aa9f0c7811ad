-- Saved views of the conversations: a name for a filter.
CREATE TABLE conversation_view (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- Empty where a key made it: it is the workspace's.
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    filter TEXT NOT NULL,
    shared BOOLEAN NOT NULL,
    -- Among those of its owner.
    place BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX conversation_view_owner ON conversation_view (workspace_id, owner_id, place, id);
CREATE INDEX conversation_view_shared ON conversation_view (workspace_id, id) WHERE shared;

-- Whom notes mention.
CREATE TABLE message_mention (
    message_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (message_id, user_id)
);

-- The conversations in which somebody is mentioned, with the order of their list; `unseen` until they looked.
CREATE TABLE conversation_mention (
    conversation_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    status TEXT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    unseen BOOLEAN NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX conversation_mention_list ON conversation_mention (workspace_id, user_id, status, last_activity_at, conversation_id);
CREATE INDEX conversation_mention_unseen ON conversation_mention (workspace_id, user_id) WHERE unseen;
