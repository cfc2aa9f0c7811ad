CREATE FUNCTION refuse_change_of_audit_entry() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an entry of the audit log is never changed'; END $$;
CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit_entry();

UPDATE user_session SET id = 'ses_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 26) WHERE purpose = 'session';
CREATE UNIQUE INDEX user_session_id ON user_session (id) WHERE id IS NOT NULL;
