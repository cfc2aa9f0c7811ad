INSERT INTO channel_own_address (address, channel_id, workspace_id, place)
    SELECT LOWER(alias.value), channel.id, channel.workspace_id, alias.place
    FROM channel, jsonb_array_elements_text(channel.aliases::jsonb) WITH ORDINALITY AS alias (value, place)
    ON CONFLICT DO NOTHING;
