-- When a contact was last changed; absent where it never was.
ALTER TABLE contact ADD COLUMN updated_at BIGINT;

-- What colleagues noted about a contact.
CREATE TABLE contact_note (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    -- Absent where a key wrote it.
    author_id TEXT,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX contact_note_list ON contact_note (contact_id, id);

-- A contact that was merged into another: its id leads there. `moving` until its conversations and mails have come along.
CREATE TABLE contact_merge (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    into_id TEXT NOT NULL,
    moving BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX contact_merge_into ON contact_merge (into_id);
CREATE INDEX contact_merge_moving ON contact_merge (id) WHERE moving;

-- Erasures: of a contact, or of what a retention rule says. Stage and place say how far one is.
CREATE TABLE erasure (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    contact_id TEXT,
    -- What is looked for; empty again when it is done.
    addresses TEXT NOT NULL,
    suppressions TEXT NOT NULL,
    stage TEXT NOT NULL,
    place TEXT NOT NULL,
    bound BIGINT NOT NULL,
    stage_since BIGINT NOT NULL,
    counts TEXT NOT NULL,
    requested_by TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX erasure_list ON erasure (workspace_id, id);
CREATE INDEX erasure_open ON erasure (id) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX erasure_of_contact ON erasure (contact_id) WHERE contact_id IS NOT NULL;

-- What an erasure that is under way took away: events and answers that speak of it lose what they say.
CREATE TABLE erased_subject (
    erasure_id TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    PRIMARY KEY (erasure_id, subject_id)
);

-- Large raw mails that nobody refers to any more and whose bytes are to be destroyed. An object's row stays for a while after that,
-- so that the same mail does not come to a place that is being emptied.
CREATE TABLE blob_grave (
    location TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- Of the mail that was there: another one's may have come to the place.
    hash BYTES NOT NULL,
    erasure_id TEXT NOT NULL,
    begun BOOLEAN NOT NULL,
    destroyed_at BIGINT
);
CREATE INDEX blob_grave_erasure ON blob_grave (erasure_id);
-- An object may be of several rows; a place in a pack file is of one.
CREATE INDEX blob_object ON blob (location) WHERE SUBSTR(location, 1, 7) = 'object:';

-- Takes free pages of an SQLite file until they are empty; without rows at any other time.
CREATE TABLE free_page (data BYTES NOT NULL);

CREATE INDEX mailbox_mail_message ON mailbox_mail (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX linked_mail_recipient ON linked_mail (workspace_id, recipient);
CREATE INDEX automation_run_conversation ON automation_run (conversation_id);
CREATE INDEX delivery_report_age ON delivery_report (workspace_id, created_at);

-- How long a workspace keeps what.
CREATE TABLE retention (
    workspace_id TEXT PRIMARY KEY,
    rules TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX retention_due ON retention (due_at);

-- Channels that ask how an answer was.
CREATE TABLE channel_survey (
    channel_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One question and its answer. The channel, team and person are those when the conversation was resolved.
CREATE TABLE survey (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    team_id TEXT,
    assignee_id TEXT,
    -- When it is to be sent; absent once that is decided.
    due_at BIGINT,
    sent_at BIGINT,
    message_id TEXT,
    -- Why it was not sent.
    skipped TEXT,
    rating TEXT,
    comment TEXT,
    -- When it was answered first, and last.
    rated_at BIGINT,
    changed_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX survey_due ON survey (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX survey_conversation ON survey (conversation_id, id);
CREATE INDEX survey_contact ON survey (contact_id, sent_at);
CREATE INDEX survey_rated ON survey (workspace_id, rated_at, id) WHERE rated_at IS NOT NULL;
