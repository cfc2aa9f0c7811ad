-- What people call a conversation by, and how much it matters.
ALTER TABLE conversation ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
UPDATE conversation SET number = numbered.number
FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY workspace_id ORDER BY created_at, id) AS number FROM conversation) AS numbered
WHERE numbered.id = conversation.id;
CREATE UNIQUE INDEX conversation_by_number ON conversation (workspace_id, number);
-- Those that are not as most are, in the order of the lists.
CREATE INDEX conversation_by_priority ON conversation (workspace_id, priority, status, last_activity_at, id) WHERE priority <> 'normal';

CREATE TABLE conversation_number (
    workspace_id TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO conversation_number (workspace_id, last) SELECT workspace_id, MAX(number) FROM conversation GROUP BY workspace_id;
