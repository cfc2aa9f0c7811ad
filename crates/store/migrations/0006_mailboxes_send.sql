-- What a mail in a channel's mailbox became: it shares its bytes with that message.
ALTER TABLE mailbox_mail ADD COLUMN message_id TEXT;

-- One that hears of an account alone; others do not hear of it then.
ALTER TABLE webhook_endpoint ADD COLUMN account TEXT;

-- Mails on their way out of an account: to be sent, or to be copied into the folder of sent mail.
CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    -- `send`, then `copy`.
    stage TEXT NOT NULL,
    rfc_message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    rcpt_to TEXT NOT NULL,
    -- Those that are still to be served.
    pending TEXT NOT NULL,
    blob_id BIGINT NOT NULL,
    -- A channel's message, whose bytes these are.
    message_id TEXT,
    copies BOOLEAN NOT NULL,
    sent_path TEXT,
    -- What it answers or forwards, and how.
    reference TEXT,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL,
    last_error TEXT,
    due_at BIGINT NOT NULL,
    lease TEXT,
    scheduled_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX submission_due ON submission (due_at);
CREATE INDEX submission_by_workspace ON submission (workspace_id, id);
CREATE INDEX submission_by_account ON submission (account_id);
CREATE UNIQUE INDEX submission_of_message ON submission (message_id) WHERE message_id IS NOT NULL;

-- History that becomes activities, one run an account: how far it is.
CREATE TABLE backfill (
    account_id TEXT PRIMARY KEY,
    since BIGINT,
    -- Mails up to this number were looked at.
    reached BIGINT NOT NULL,
    mails BIGINT NOT NULL,
    activities BIGINT NOT NULL,
    due_at BIGINT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX backfill_due ON backfill (due_at) WHERE due_at IS NOT NULL;
