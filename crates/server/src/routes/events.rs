//! `/api/v1/events`: what happened, page by page or as it happens (server-sent events).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engine::{Engine, events};
use futures_util::Stream;
use model::EventId;
use model::event::Event;
use model::key::Principal;
use serde::Deserialize;
use store::Topic;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::signals::Signals;
use crate::app::App;
use crate::auth::{self, Caller};
use crate::paging::{self, Order, Page};
use crate::problem::{Answer, Problem};
use crate::strict::StrictQuery;

mod signals;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(stream))
}

/// Events a stream reads at once: what a slow client makes us hold.
const STREAM_BATCH: usize = 20;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a stream lives: whoever reads on comes back by `Last-Event-ID`, and a session that is over does not.
const STREAM_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// The last event you have; without it the page begins with the oldest that is kept.
    after: Option<String>,
    /// The same as `after`: the `cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100 items; 50 where it is not said.
    take: Option<usize>,
    /// `asc` (oldest first) where it is not said.
    order: Option<Order>,
}

/// Events, oldest first, in the order they were committed. Where `cursor` is empty there are no more yet: ask again later
/// with the last id you have as `after`.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "listEvents", tag = "events",
    params(EventsQuery), responses((status = 200, body = Page<Event>), (status = 410, description = "The event is not kept any more")))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<EventsQuery>,
) -> Answer<Json<Page<Event>>> {
    let take = paging::take(query.take)?;
    let cursor = event_id("cursor", query.cursor.as_deref())?;
    let after = event_id("after", query.after.as_deref())?;
    let page = if query.order == Some(Order::Desc) {
        if after.is_some() {
            return Err(Problem::unreadable(
                "after goes with order=asc; with order=desc pass the cursor of the page before",
            ));
        }
        events::before(&engine, &principal, cursor.as_ref(), take).await?
    } else {
        let position = events::position(&engine, &principal, cursor.or(after).as_ref()).await?;
        events::after(&engine, &principal, position, take).await?
    };
    let cursor = page.next.map(EventId::into_string).unwrap_or_default();
    Ok(Json(Page { items: page.events, cursor }))
}

/// An empty one is as none: where a loop over pages begins.
fn event_id(name: &str, text: Option<&str>) -> Answer<Option<EventId>> {
    let parsed = text.filter(|text| !text.is_empty()).map(str::parse).transpose();
    parsed.map_err(|error: model::id::InvalidId| Problem::unreadable(format!("{name}: {error}")))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// The last event you have, where the header `Last-Event-ID` can't be set.
    after: Option<String>,
}

/// Events as they happen (text/event-stream). `Last-Event-ID` goes on where a stream ended; without it, only what comes,
/// and the first frame has the newest event's id and no data. A stream ends when its key or session does, or its bearer's rights are
/// others: who may still read comes back. People who are signed in also get frames without an id, which are no
/// events and can't be asked for again: `presence` (who is at a conversation now), `draft` (a draft of theirs changed) and `views` (the
/// saved views they see are others: ask for them; once at the beginning).
#[utoipa::path(get, path = "/api/v1/events/stream", operation_id = "streamEvents", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream(
    State(app): State<App>,
    Caller(principal): Caller,
    uri: Uri,
    headers: HeaderMap,
    StrictQuery(query): StrictQuery<StreamQuery>,
) -> Answer<Response> {
    let engine = app.engine.clone();
    let mut access_news = engine.db.subscribe(Topic::Access);
    // What changed since the caller was let in was not heard here: the reader begins with asking again.
    access_news.mark_changed();
    let header = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?").to_owned());
    let last = header.filter(|id| !id.is_empty()).or(query.after);
    // Before the position is read: what is committed in between is news.
    let news = engine.db.subscribe(Topic::Events);
    let asked = event_id("after", last.as_deref())?;
    let mut position = events::position(&engine, &principal, asked.as_ref()).await?;
    let mut newest = None;
    if asked.is_none()
        && let Some((id, at)) = events::newest(&engine, &principal.workspace_id).await?
    {
        (newest, position) = (Some(id), at);
    }
    let reader = Reader {
        signals: Signals::of(&engine, &principal),
        credentials: Credentials { app, path: uri.path().to_owned(), headers, news: access_news },
        engine,
        principal,
        position,
        waiting: VecDeque::new(),
        news,
        ends_at: Instant::now() + STREAM_LIFETIME,
    };
    let sse = Sse::new(reader.frames(newest)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive"));
    // Proxies that gather answers would hold events back.
    Ok(([("x-accel-buffering", "no"), ("cache-control", "no-store")], sse).into_response())
}

/// A stream's place. Nothing is read before the client has taken what was read, so that a slow one costs no memory.
struct Reader {
    engine: Engine,
    principal: Principal,
    credentials: Credentials,
    position: i64,
    waiting: VecDeque<Event>,
    news: watch::Receiver<u64>,
    signals: Option<Signals>,
    ends_at: Instant,
}

/// What the stream was asked for with.
struct Credentials {
    app: App,
    path: String,
    headers: HeaderMap,
    news: watch::Receiver<u64>,
}

impl Credentials {
    /// Whether they still speak for whom they spoke at the beginning, with the same rights. Asks again only after keys, sessions or
    /// people changed.
    async fn are_those_of(&mut self, principal: &Principal) -> bool {
        if !self.news.has_changed().unwrap_or(false) {
            return true;
        }
        self.news.mark_unchanged();
        auth::authenticate(&self.app, &Method::GET, &self.path, &self.headers).await.is_ok_and(|now| now == *principal)
    }
}

impl Reader {
    /// `begins_behind` is told first, so that a client that is cut off before its first event can say where it was.
    fn frames(self, begins_behind: Option<EventId>) -> impl Stream<Item = Result<Frame, Infallible>> {
        let hello = Frame::default().retry(RETRY).comment("connected");
        let hello = begins_behind.into_iter().fold(hello, |hello, id| hello.id(id.as_str()));
        let hello = futures_util::stream::once(async { Ok(hello) });
        let events = futures_util::stream::unfold(self, |mut reader| async move {
            let frame = reader.next().await?;
            Some((Ok(frame), reader))
        });
        futures_util::StreamExt::chain(hello, events)
    }

    /// The next frame; `None` when the stream ends: its time is up, its reader may not read any more or has other rights, the server
    /// stops, or the store fails.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if !self.credentials.are_those_of(&self.principal).await {
                return None;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(frame(&event));
            }
            if let Some(signal) = self.signals.as_mut().and_then(Signals::pop) {
                return Some(signal);
            }
            self.news.mark_unchanged();
            let page = match events::after(&self.engine, &self.principal, self.position, STREAM_BATCH).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "a stream of events ends: they can't be read; its client comes back");
                    return None;
                }
            };
            let moved = page.position != self.position;
            self.position = page.position;
            self.waiting = page.events.into();
            if !moved {
                tokio::select! {
                    news = self.news.changed() => news.ok()?,
                    () = Signals::wait(self.signals.as_mut(), &self.engine, &self.principal) => {}
                    news = self.credentials.news.changed() => {
                        news.ok()?;
                        self.credentials.news.mark_changed();
                    }
                    () = tokio::time::sleep_until(self.ends_at) => return None,
                    // Its client comes back with the last id, to whoever serves then.
                    () = self.credentials.app.config.shutdown.cancelled() => return None,
                }
            }
        }
    }
}

fn frame(event: &Event) -> Frame {
    let frame = Frame::default().id(event.id.as_str()).event(event.event_type.as_str());
    match serde_json::to_string(event) {
        Ok(json) => frame.data(json),
        Err(error) => {
            tracing::error!(%error, event = %event.id, "an event can't be written as JSON");
            frame.data("{}")
        }
    }
}
