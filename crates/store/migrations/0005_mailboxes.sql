-- People's mailboxes, kept in step with their servers. `name` is what the owner's application calls an account.
CREATE TABLE account (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT,
    email TEXT,
    settings TEXT NOT NULL,
    secrets BYTES,
    channel_id TEXT,
    state TEXT NOT NULL,
    last_error TEXT,
    -- Sign-ins refused since one succeeded.
    refusals BIGINT NOT NULL,
    initialized BOOLEAN NOT NULL,
    -- Rises with every change that whoever syncs it must heed.
    version BIGINT NOT NULL,
    lease TEXT,
    lease_until BIGINT,
    synced_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_by_name ON account (workspace_id, name);
CREATE INDEX account_by_channel ON account (channel_id) WHERE channel_id IS NOT NULL;

CREATE TABLE mailbox_folder (
    id SERIAL_KEY,
    account_id TEXT NOT NULL,
    path TEXT NOT NULL,
    delimiter TEXT,
    attributes TEXT NOT NULL,
    special_use TEXT,
    -- `user`, `server` or `name`: who said so.
    special_use_source TEXT,
    selectable BOOLEAN NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid_next BIGINT NOT NULL,
    highest_modseq BIGINT,
    mailbox_id TEXT,
    messages BIGINT NOT NULL,
    unseen BIGINT NOT NULL,
    -- What was there at first is known; what comes from now on is new.
    listed BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX mailbox_folder_by_path ON mailbox_folder (account_id, path);

-- Every mail an account ever held, once, wherever it lies and lay: what was seen.
CREATE TABLE mailbox_mail (
    id SERIAL_KEY,
    account_id TEXT NOT NULL,
    identity BYTES NOT NULL,
    rfc_message_id TEXT,
    thread_id TEXT NOT NULL,
    correspondence TEXT NOT NULL,
    summary TEXT NOT NULL,
    blob_id BIGINT,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX mailbox_mail_identity ON mailbox_mail (account_id, identity);
CREATE INDEX mailbox_mail_by_rfc_id ON mailbox_mail (account_id, rfc_message_id) WHERE rfc_message_id IS NOT NULL;

-- Where mails lie now. `mail_id` is absent until their bytes were fetched.
CREATE TABLE mailbox_place (
    folder_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    mail_id BIGINT,
    flags TEXT NOT NULL,
    labels TEXT NOT NULL,
    internal_date BIGINT,
    size BIGINT NOT NULL,
    email_id TEXT,
    server_thread_id TEXT,
    -- Bytes were asked for and the server gave none, or they are too many.
    unreadable BOOLEAN NOT NULL,
    PRIMARY KEY (folder_id, uid)
);
CREATE INDEX mailbox_place_by_mail ON mailbox_place (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX mailbox_place_to_fetch ON mailbox_place (folder_id, uid) WHERE mail_id IS NULL;

-- Mails between an account and contacts.
CREATE TABLE activity (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    mail_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    rfc_message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX activity_once ON activity (account_id, mail_id, contact_id);
CREATE INDEX activity_by_contact ON activity (contact_id, occurred_at, id);
