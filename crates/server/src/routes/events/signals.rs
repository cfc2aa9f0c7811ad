//! What a signed-in person is told besides events, as it is now and never again: who is at which conversation, that a draft of
//! theirs changed on another device, and that the saved views they see are others. Never moves the place of the stream.

use std::collections::VecDeque;
use std::time::Duration;

use axum::response::sse::Event as Frame;
use engine::{Engine, drafts, presence, views};
use model::key::{Actor, Principal};
use model::{Timestamp, UserId};
use serde::Serialize;
use store::Topic;
use tokio::sync::watch;

/// What changes faster than this is told together.
const GATHER: Duration = Duration::from_millis(50);
/// After a read that failed.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(5);

pub(super) struct Signals {
    user: UserId,
    presence: presence::Watch,
    drafts: drafts::Watch,
    views: views::Watch,
    presence_news: watch::Receiver<u64>,
    draft_news: watch::Receiver<u64>,
    view_news: watch::Receiver<u64>,
    waiting: VecDeque<Frame>,
    /// Something was announced that was not read yet. Kept here, since waiting may be broken off at any moment.
    due: bool,
    /// The same of views alone, which are more to read.
    views_due: bool,
}

/// Where a draft was changed. Version 0: it is gone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DraftSignal {
    place: String,
    version: i64,
}

impl Signals {
    /// A program has no drafts and is nowhere.
    pub fn of(engine: &Engine, principal: &Principal) -> Option<Self> {
        let Actor::User(user, _) = &principal.actor else { return None };
        Some(Self {
            user: user.clone(),
            presence: presence::Watch::default(),
            drafts: drafts::Watch::default(),
            views: views::Watch::default(),
            presence_news: engine.db.subscribe(Topic::Presence),
            draft_news: engine.db.subscribe(Topic::Drafts),
            view_news: engine.db.subscribe(Topic::Views),
            waiting: VecDeque::new(),
            due: true,
            views_due: true,
        })
    }

    pub fn pop(&mut self) -> Option<Frame> {
        self.waiting.pop_front()
    }

    /// Returns once there may be something to tell; never, where there is nobody to tell it to.
    pub async fn wait(signals: Option<&mut Self>, engine: &Engine, principal: &Principal) {
        let Some(signals) = signals else { return std::future::pending().await };
        loop {
            if !signals.due {
                signals.news().await;
            }
            if let Err(error) = signals.look(engine, principal).await {
                tracing::error!(%error, "what people are told beside events can't be read; trying again");
                tokio::time::sleep(WAIT_AFTER_FAILURE).await;
            }
            if !signals.waiting.is_empty() {
                return;
            }
        }
    }

    async fn news(&mut self) {
        let over = self.presence.ends_at().map(|at| {
            let left = at.as_millis().saturating_sub(Timestamp::now().as_millis()).max(0).unsigned_abs();
            Duration::from_millis(left)
        });
        let over = async {
            match over {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Whoever announces has gone when the store has: then nothing comes any more.
            Ok(()) = self.presence_news.changed() => {}
            Ok(()) = self.draft_news.changed() => {}
            Ok(()) = self.view_news.changed() => self.views_due = true,
            () = over => {}
            else => std::future::pending().await,
        }
        self.due = true;
    }

    async fn look(&mut self, engine: &Engine, principal: &Principal) -> engine::Result<()> {
        tokio::time::sleep(GATHER).await;
        self.presence_news.mark_unchanged();
        self.draft_news.mark_unchanged();
        self.views_due |= self.view_news.has_changed().unwrap_or(false);
        self.view_news.mark_unchanged();
        for presence in self.presence.news(engine, &principal.workspace_id).await? {
            self.tell("presence", &presence);
        }
        for (place, version) in self.drafts.news(engine, &self.user).await? {
            self.tell("draft", &DraftSignal { place, version });
        }
        if self.views_due {
            if self.views.has_news(engine, principal).await? {
                self.tell("views", &serde_json::json!({}));
            }
            self.views_due = false;
        }
        self.due = false;
        Ok(())
    }

    fn tell(&mut self, name: &str, data: &impl Serialize) {
        match serde_json::to_string(data) {
            Ok(json) => self.waiting.push_back(Frame::default().event(name).data(json)),
            Err(error) => tracing::error!(%error, "a signal can't be written as JSON"),
        }
    }
}
