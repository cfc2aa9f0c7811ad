-- Several writers: a position is given after the commit, by one sequencer at a time, so that positions never
-- appear behind one that was already read.
CREATE TABLE event (
    row_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position BIGINT,
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE SEQUENCE event_position;
CREATE UNIQUE INDEX event_by_position ON event (position) WHERE position IS NOT NULL;
CREATE INDEX event_unsequenced ON event (row_number) WHERE position IS NULL;
CREATE INDEX event_by_workspace ON event (workspace_id, position);

-- Terms are cut and folded by `engine::search_terms` on both engines; the sender's carry weight A.
CREATE TABLE message_search (
    seq BIGINT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    channel_id TEXT,
    terms TSVECTOR NOT NULL
);
CREATE INDEX message_search_terms ON message_search USING GIN (terms);
CREATE INDEX message_search_newest ON message_search (workspace_id, seq);

-- Prefixes are ranges of bytes, whatever the database's collation is.
CREATE INDEX contact_by_name ON contact (workspace_id, name_key COLLATE "C", id) WHERE name_key IS NOT NULL;
CREATE INDEX contact_address_prefix ON contact_address (workspace_id, address COLLATE "C");
