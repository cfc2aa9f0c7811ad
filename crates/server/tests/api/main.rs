//! The API over its own router, on both databases: what each route answers, what it refuses, and that workspaces never meet.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

mod access;
mod channels;
mod idempotency;
mod openapi;
mod requests;
mod schema;
mod support;
mod tenancy;
mod webhooks;
