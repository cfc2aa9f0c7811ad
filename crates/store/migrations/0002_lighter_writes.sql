-- Nothing asks for these: each cost a page a mail. A raw mail that is there already is found by its Message-ID.
DROP INDEX message_by_blob;
DROP INDEX message_reference_message;
DROP INDEX blob_by_hash;
