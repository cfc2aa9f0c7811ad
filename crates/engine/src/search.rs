//! Search over messages: newest first, or the newest thousand by how well they fit. Owns what a hit shows;
//! what is searched for is `search_query`'s, and the index `search_index`'s.

mod rank;
mod snippet;

use model::key::{Principal, Scope};
use model::message::Direction;
use model::{ChannelId, ContactId, ConversationId, MessageId, Timestamp};
use serde::Serialize;
use store::conversation_lists::ConversationFilter;
use store::messages::MessageRow;
use store::search::TermQuery;
use store::search_lists::{self, MatchFilter};

use crate::listing::{Listing, SliceOf};
use crate::search_query::{self, SearchQuery};
use crate::{Engine, Result, access_check, conversations, messages};

/// The newest matches that are ranked when relevance is asked for.
pub const RANKED_MAX: usize = 1_000;
/// Raw mails over this many bytes are not read for a hit's snippet; their first words stand for it.
const SNIPPET_RAW_BYTES_MAX: u64 = 1024 * 1024;

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The message's.
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_id: Option<ChannelId>,
    pub contact_id: Option<ContactId>,
    pub direction: Direction,
    /// An internal note.
    pub private: bool,
    pub from: String,
    pub from_name: Option<String>,
    pub subject: String,
    /// The words around the first match, as plain text.
    pub snippet: String,
    pub timestamp: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Newest,
    /// The best first, of the newest [`RANKED_MAX`] matches.
    Relevance,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    pub listing: Listing<SearchHit, i64>,
    /// By relevance, more than [`RANKED_MAX`] matched: older ones were not looked at.
    pub ranked_newest_only: bool,
}

/// A page of what `q` finds. By newest, the place is the last hit's; by relevance, the number of hits already seen.
///
/// # Errors
/// An operator of `q` has a value that can't be read; the scope `messages:read` is missing.
pub async fn find(
    engine: &Engine,
    principal: &Principal,
    q: &str,
    sort: Sort,
    slice: SliceOf<i64>,
) -> Result<SearchResults> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let query = search_query::parse(q, Timestamp::now());
    let mut filter = ConversationFilter::all(principal.workspace_id.clone());
    let nothing = SearchResults { listing: Listing::empty(), ranked_newest_only: false };
    if !conversations::narrow(engine, principal, &query, &mut filter).await? || query.nothing {
        return Ok(nothing);
    }
    let matches = query.match_filter(filter);
    let (rows, next, ranked_newest_only) = match sort {
        Sort::Newest => {
            let before = slice.after.unwrap_or(i64::MAX);
            let found = newest(engine, principal, &query, matches, before, slice.take).await?;
            (found.items, found.go_on_before, false)
        }
        Sort::Relevance => {
            let found = newest(engine, principal, &query, matches, i64::MAX, RANKED_MAX).await?;
            let more = found.go_on_before.is_some();
            let ranked = rank::ranked(found.items, &query.clauses);
            let seen = usize::try_from(slice.after.unwrap_or(0)).unwrap_or(0);
            let end = seen.saturating_add(slice.take);
            let next = (end < ranked.len()).then(|| i64::try_from(end).ok()).flatten();
            (ranked.into_iter().skip(seen).take(slice.take).collect(), next, more)
        }
    };
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(hit(engine, row, &query).await?);
    }
    Ok(SearchResults { listing: Listing { items, next }, ranked_newest_only })
}

async fn newest(
    engine: &Engine,
    principal: &Principal,
    query: &SearchQuery,
    matches: MatchFilter,
    before: i64,
    take: usize,
) -> Result<search_lists::Found<MessageRow>> {
    let (principal, clauses) = (principal.clone(), query.index_clauses());
    let found = engine.db.read(move |tx| {
        let terms = TermQuery {
            workspace_id: &principal.workspace_id,
            channel_id: principal.channel_id.as_ref(),
            clauses: &clauses,
        };
        search_lists::messages(tx, &terms, &matches, before, take)
    });
    Ok(found.await?)
}

/// The words of a message around the first that was asked for; `None` where its text has none of them.
pub(crate) async fn snippet(engine: &Engine, row: &MessageRow, query: &SearchQuery) -> Option<String> {
    let mut text = row.note.clone();
    let asks = query.clauses.iter().any(|clause| !clause.negated && !clause.sender);
    if text.is_none() && row.raw_size <= SNIPPET_RAW_BYTES_MAX && asks {
        match messages::parsed(engine, row).await {
            Ok(mail) => {
                text = mail.and_then(|mail| mail.text.or_else(|| mail.html.map(|html| mail::html::to_text(&html))))
            }
            Err(error) => {
                tracing::error!(%error, message = %row.id, "a raw mail can't be read; its hit shows its first words")
            }
        }
    }
    text.as_deref().and_then(|text| snippet::around(text, &query.clauses))
}

async fn hit(engine: &Engine, row: MessageRow, query: &SearchQuery) -> Result<SearchHit> {
    let snippet = snippet(engine, &row, query).await;
    Ok(SearchHit {
        snippet: snippet.unwrap_or_else(|| row.preview.clone()),
        id: row.id,
        conversation_id: row.conversation_id,
        channel_id: row.channel_id,
        contact_id: row.contact_id,
        direction: row.direction,
        private: row.private,
        from: row.from_address,
        from_name: row.from_name,
        subject: row.subject,
        timestamp: row.sent_at,
    })
}
