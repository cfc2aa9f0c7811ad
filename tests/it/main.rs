//! The scenarios: the real `postroom` from outside, each on SQLite and on PostgreSQL, one behaviour a file.
//! `cargo xtask test it` builds the program, starts PostgreSQL and runs them.

#![expect(clippy::expect_used, reason = "a scenario that can't go on has failed, and says where")]

// What the scenarios stand on.
mod api;
mod browser;
mod database;
mod delegating_name_server;
mod dns_zone;
mod empty_name_server;
mod event_stream;
mod mail;
mod mailbox_api;
mod oauth2_provider;
mod postfix;
mod postroom_process;
mod s3_server;
mod smtp_client;
mod webhook_receiver;

// The scenarios.
mod attachments;
mod authentication_form;
mod autoconfig;
mod automations;
mod backfill;
mod backup;
mod backup_refusals;
mod bad_requests;
mod bounces;
mod broadcasts;
mod command_send;
mod commands;
mod contacts;
mod conversations;
mod crash;
mod delegated_domains;
mod direct_delivery;
mod doctor;
mod domains;
mod duplicates;
mod environment_names;
mod events;
mod first_start;
mod http_ingress;
mod idempotency;
mod inbox;
mod keys;
mod mailbox_channels;
mod mailbox_links;
mod mailbox_webhooks;
mod mailboxes;
mod mailboxes_abilities;
mod mailboxes_crashes;
mod mailboxes_cyrus;
mod mailboxes_large;
mod mailboxes_trouble;
mod main_job;
mod oauth2;
mod object_store;
mod open_files;
mod readme_tour;
mod rebuilding;
mod requests;
mod sender_authentication;
mod sending;
mod shutdown;
mod smarthost;
mod smtp_limits;
mod smtp_recipients;
mod smtp_smuggling;
mod starting;
mod submission;
mod submitting;
mod teams;
mod threading;
mod tracking;
mod webhooks;
mod working_together;
mod workspaces;
