-- The host that a domain's counted links lead by way of, and what its MTA-STS policy asks of senders.
ALTER TABLE domain ADD COLUMN tracking_host TEXT NOT NULL DEFAULT '';
UPDATE domain SET tracking_host = 't.' || name;
ALTER TABLE domain ADD COLUMN mta_sts_mode TEXT NOT NULL DEFAULT 'testing';
CREATE INDEX domain_by_tracking_host ON domain (tracking_host);
