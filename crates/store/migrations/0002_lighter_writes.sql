-- Nothing asks for these: each cost a page a mail. A raw mail that is there already is found by its Message-ID; the few that have
-- none, by their size.
DROP INDEX message_by_blob;
DROP INDEX message_reference_message;
DROP INDEX blob_by_hash;
CREATE INDEX message_without_rfc_id ON message (workspace_id, raw_size) WHERE rfc_message_id IS NULL AND blob_id IS NOT NULL;
