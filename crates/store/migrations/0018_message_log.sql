-- The log of what is sent: by use case, and by whom it went to, in whatever case that was written.
CREATE INDEX message_by_use_case ON message (use_case_id, direction, seq) WHERE use_case_id IS NOT NULL;
CREATE INDEX message_by_use_case_status ON message (use_case_id, status, seq) WHERE use_case_id IS NOT NULL AND direction = 'outbound';
CREATE INDEX delivery_by_recipient ON delivery (workspace_id, LOWER(recipient), id);
