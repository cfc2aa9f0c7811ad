-- The index as `store::search::sqlite` describes it: the newest message has the lowest rowid, and words carry their workspace's
-- mark. It is filled again from the queue, in the background.
DROP TABLE message_search;
CREATE VIRTUAL TABLE message_search USING fts5(
    scope, sender, terms, content='', contentless_delete=1, tokenize='ascii'
);
-- Segments are put together by eight and not by four: a fifth less work a mail, and a few microseconds more a search.
INSERT INTO message_search (message_search, rank) VALUES ('automerge', 8);
-- Which words there are.
CREATE VIRTUAL TABLE message_search_word USING fts5vocab(message_search, 'instance');
INSERT INTO search_queue (message_seq) SELECT seq FROM message WHERE TRUE ON CONFLICT (message_seq) DO NOTHING;
