-- People who share conversations. A deleted team keeps its row until its conversations let go of it.
CREATE TABLE team (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The name in lower case: what has to be the only one of the workspace.
    name_key TEXT NOT NULL,
    assignment TEXT NOT NULL,
    -- Who was given a conversation last: the next one's turn is behind them.
    last_assigned_id TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX team_workspace ON team (workspace_id, id);
CREATE UNIQUE INDEX team_by_name ON team (workspace_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX team_deleted ON team (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE team_member (
    team_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_member_user ON team_member (user_id);

ALTER TABLE user_account ADD COLUMN available BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE user_account ADD COLUMN last_sign_in_at BIGINT;
-- Nobody wrote down when people came in before this. Who has a password is no longer only invited.
UPDATE user_account SET last_sign_in_at = COALESCE(
    (SELECT MAX(s.created_at) FROM user_session s WHERE s.user_id = user_account.id AND s.purpose = 'session'),
    CASE WHEN password_hash IS NULL THEN NULL ELSE created_at END
);

ALTER TABLE channel ADD COLUMN team_id TEXT;
CREATE INDEX channel_team ON channel (team_id) WHERE team_id IS NOT NULL;

-- As the other lists of conversations: a team's, and nobody's, in the list's own order.
CREATE INDEX conversation_by_team ON conversation (workspace_id, team_id, status, unread, last_activity_at, id);
-- How much each member of a team has before them.
CREATE INDEX conversation_count_by_assignee ON conversation_count (workspace_id, assignee_id, status);
