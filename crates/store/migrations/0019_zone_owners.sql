-- The workspace that proved last that a domain name is its own, also when the domain was taken away: a name server of ours answers for
-- nobody else's domain there.
CREATE TABLE zone_owner (
    name TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL
);
INSERT INTO zone_owner (name, workspace_id) SELECT name, workspace_id FROM domain WHERE status IN ('verified', 'failing');
-- Who else has a name, whatever the workspace.
CREATE INDEX domain_of_any_workspace ON domain (name);
