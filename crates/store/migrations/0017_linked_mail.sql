-- Mails of accounts that have links of ours: tracked ones, and those of a list. They outlive their submission.
CREATE TABLE linked_mail (
    -- The submission's.
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    rfc_message_id TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    -- In lower case. The first of several; a list's mail has one.
    recipient TEXT NOT NULL,
    list_id TEXT,
    opens BIGINT NOT NULL,
    clicks BIGINT NOT NULL,
    sent_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX linked_mail_account ON linked_mail (account_id);

-- The list a mail is sent to, so that whoever left it meanwhile gets none.
ALTER TABLE submission ADD COLUMN list_id TEXT;
