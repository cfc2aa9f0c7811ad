-- One writer: the order of insertion is the order of commit, so the key is the position.
CREATE TABLE event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX event_by_workspace ON event (workspace_id, position);

-- Contentless: the raw mail is the text. rowid is message.seq, so newest first is a walk backwards.
-- What goes in are terms already cut and folded by `engine::search_terms`, with spaces between; `scope` holds the
-- workspace and the channel as one term each, and every query names the workspace.
CREATE VIRTUAL TABLE message_search USING fts5(
    scope, sender, terms, content='', contentless_delete=1, tokenize='ascii'
);

CREATE INDEX contact_by_name ON contact (workspace_id, name_key, id) WHERE name_key IS NOT NULL;
