//! The API over its own router, on both databases: what each route answers, what it refuses, and that workspaces never meet.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod access;
mod analytics;
mod audit;
mod broadcast_turns;
mod broadcasts;
mod channels;
mod domains;
mod gateways;
mod idempotency;
mod lists;
mod openapi;
mod requests;
mod schema;
mod signing_in;
mod support;
mod suppressions;
mod templates;
mod tenancy;
mod tracking;
mod use_cases;
mod webhooks;
