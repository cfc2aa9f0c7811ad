//! The product: ingest, threading, conversations, sending, events. Defines the ports that `gateway` implements;
//! never names a provider and never opens a socket.

pub mod ports;
