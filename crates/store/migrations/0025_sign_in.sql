-- Who did what to which thing, when and from where. Rows are added, and forgotten when they are old; none is ever changed.
CREATE TABLE audit_entry (
    seq SERIAL_KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT,
    -- Of the network: where the request came from.
    address TEXT,
    action TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_name TEXT,
    -- The names of the fields that were changed, never their values.
    changed TEXT NOT NULL
);
CREATE INDEX audit_entry_newest ON audit_entry (workspace_id, seq);
CREATE INDEX audit_entry_by_actor ON audit_entry (workspace_id, actor_id, seq);
CREATE INDEX audit_entry_by_target ON audit_entry (workspace_id, target_id, seq);
CREATE INDEX audit_entry_by_action ON audit_entry (workspace_id, action, seq);
CREATE INDEX audit_entry_age ON audit_entry (workspace_id, at);

ALTER TABLE workspace ADD COLUMN language TEXT;
ALTER TABLE workspace ADD COLUMN second_factor_required BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE workspace ADD COLUMN session_seconds BIGINT NOT NULL DEFAULT 1209600;
ALTER TABLE workspace ADD COLUMN password_sign_in BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE workspace ADD COLUMN audit_days BIGINT NOT NULL DEFAULT 365;

-- Sessions that began before this have an id all the same, and nothing known of where they are.
ALTER TABLE user_session ADD COLUMN id TEXT;
ALTER TABLE user_session ADD COLUMN user_agent TEXT;
ALTER TABLE user_session ADD COLUMN address TEXT;
ALTER TABLE user_session ADD COLUMN last_used_at BIGINT;
-- How it began: 'password', 'link' or 'provider'.
ALTER TABLE user_session ADD COLUMN method TEXT;
-- Codes that were tried and did not fit, of a sign-in that waits for its second step.
ALTER TABLE user_session ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
CREATE INDEX user_session_by_user ON user_session (user_id, purpose);

-- An authenticator app (RFC 6238): its secret sealed by the vault, and in use from the moment a code confirmed it.
CREATE TABLE second_factor (
    user_id TEXT PRIMARY KEY,
    sealed BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    enabled_at BIGINT,
    -- The newest time step a code was taken for: none is good twice.
    last_step BIGINT NOT NULL,
    -- Codes that did not fit, and since when they are counted.
    failures BIGINT NOT NULL,
    failures_since BIGINT NOT NULL
);

-- Each is good once; who uses one takes it away.
CREATE TABLE recovery_code (
    user_id TEXT NOT NULL,
    code_hash BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- Where a workspace's people may sign in (OpenID Connect).
CREATE TABLE identity_provider (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sealed BYTES,
    email_domains TEXT NOT NULL,
    role TEXT NOT NULL,
    creates_people BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Whom a provider's account is: its subject never changes, an email address may.
CREATE TABLE user_identity (
    workspace_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, issuer, subject)
);
CREATE INDEX user_identity_by_user ON user_identity (user_id);
