-- What stands below the mails this person writes, as JSON: text and html, each or none.
ALTER TABLE user_account ADD COLUMN signature TEXT NOT NULL DEFAULT '{}';
