-- Who looks at a conversation, and until when they count as writing in it. A row that is not renewed ends by itself.
CREATE TABLE presence (
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    typing_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, user_id)
);
CREATE INDEX presence_expiry ON presence (expires_at);

-- What somebody wrote and has not sent: one for each conversation, and one for a message that begins a new one.
CREATE TABLE draft (
    user_id TEXT NOT NULL,
    place TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, place)
);
CREATE INDEX draft_age ON draft (updated_at);

-- Files on their way into a message: they came before it was sent, and stay for a while.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    data BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX upload_by_user ON upload (user_id, expires_at);
CREATE INDEX upload_expiry ON upload (expires_at);

-- A conversation that was merged into another: its id and its reply token lead there.
CREATE TABLE conversation_merge (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    reply_token TEXT NOT NULL UNIQUE,
    into_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX conversation_merge_into ON conversation_merge (into_id);
