CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never changed'); END;

UPDATE user_session SET id = 'ses_' || lower(hex(randomblob(13))) WHERE purpose = 'session';
CREATE UNIQUE INDEX user_session_id ON user_session (id) WHERE id IS NOT NULL;
