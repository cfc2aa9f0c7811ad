-- The automation that asked, where it was not the time after a conversation was resolved.
ALTER TABLE survey ADD COLUMN automation_id TEXT;
