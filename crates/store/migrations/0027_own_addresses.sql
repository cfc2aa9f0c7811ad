-- The addresses a channel writes from: its main one (place 0) and its aliases. It receives at those under a domain that its workspace
-- has verified.
CREATE TABLE channel_own_address (
    -- In lower case.
    address TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (address, channel_id)
);
CREATE INDEX channel_own_address_channel ON channel_own_address (channel_id);
INSERT INTO channel_own_address (address, channel_id, workspace_id, place)
    SELECT LOWER(email_address), id, workspace_id, 0 FROM channel WHERE email_address IS NOT NULL;
