-- What happened an hour, by where it happened. Counted from the events, once each.
CREATE TABLE analytics (
    workspace_id TEXT NOT NULL,
    -- Hours since 1970.
    hour BIGINT NOT NULL,
    -- Empty where there is none.
    channel_id TEXT NOT NULL,
    use_case_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, hour, channel_id, use_case_id, metric)
);
