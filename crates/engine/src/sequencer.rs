//! Gives events their positions where several nodes write them (PostgreSQL). Never needed on SQLite, where the one writer's order is the order.

use std::time::Duration;

use store::{Dialect, Priority, Topic, events};
use tokio_util::sync::CancellationToken;

use crate::Engine;

/// How long an announcement that got lost may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Sequences until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    if engine.db.dialect() == Dialect::Sqlite {
        return;
    }
    let mut news = engine.db.subscribe(Topic::Unsequenced);
    loop {
        match engine.db.write(Priority::Delivery, events::sequence).await {
            Ok(0) => {
                tokio::select! {
                    _ = news.changed() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    () = shutdown.cancelled() => return,
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "events could not be put in order; trying again");
                tokio::select! {
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    () = shutdown.cancelled() => return,
                }
            }
        }
    }
}
