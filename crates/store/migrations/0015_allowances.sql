-- What left under a limit in the time that runs: a row a limit.
CREATE TABLE allowance (
    -- The channel or the domain.
    holder TEXT NOT NULL,
    -- Which of its limits.
    rule TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (holder, rule)
);
-- The limit that a delivery waits for, as `holder rule`, and in words.
ALTER TABLE delivery ADD COLUMN held_by TEXT;
ALTER TABLE delivery ADD COLUMN held_for TEXT;
CREATE INDEX delivery_held ON delivery (held_by, due_at) WHERE held_by IS NOT NULL;
-- How a domain's mail leaves: limits, the plan it is warmed up by, its own smarthost, whose password is sealed by the vault.
ALTER TABLE domain ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE domain ADD COLUMN policy_secret BYTES;
CREATE INDEX domain_with_policy ON domain (id) WHERE policy <> '{}';
