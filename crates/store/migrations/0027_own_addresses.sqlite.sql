INSERT OR IGNORE INTO channel_own_address (address, channel_id, workspace_id, place)
    SELECT LOWER(alias.value), channel.id, channel.workspace_id, alias.key + 1 FROM channel, json_each(channel.aliases) AS alias;
