//! `POST /api/v1/conversations/bulk`: many conversations changed at once, and what undoes it.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::conversations::ConversationChange;
use engine::conversations::bulk::{self, BulkChange, OneChange};
use model::absence::nullable;
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::{ConversationId, TeamId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::Fields;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::{StrictJson, null_is_absent};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change_many))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BulkChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    status: Option<ConversationStatus>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<UserId>)]
    assignee_id: Option<Option<UserId>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<TeamId>)]
    team_id: Option<Option<TeamId>>,
    /// All of them: those that are not said are taken away.
    #[schema(nullable = false)]
    labels: Option<Vec<String>>,
    #[serde(default, deserialize_with = "null_is_absent")]
    labels_add: Vec<String>,
    #[serde(default, deserialize_with = "null_is_absent")]
    labels_remove: Vec<String>,
    /// When snoozed conversations open again. Makes them snoozed.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Timestamp>)]
    snoozed_until: Option<Option<Timestamp>>,
    #[schema(nullable = false)]
    unread: Option<bool>,
    #[schema(nullable = false)]
    priority: Option<ConversationPriority>,
}

impl From<ChangeBody> for BulkChange {
    fn from(body: ChangeBody) -> Self {
        Self {
            change: ConversationChange {
                status: body.status,
                assignee_id: body.assignee_id,
                team_id: body.team_id,
                labels: body.labels,
                snoozed_until: body.snoozed_until,
                unread: body.unread,
                priority: body.priority,
            },
            labels_add: body.labels_add,
            labels_remove: body.labels_remove,
        }
    }
}

/// One conversation's own change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OneBody {
    id: ConversationId,
    change: ChangeBody,
}

/// The same change of several conversations (`ids` and `change`), or to each its own (`changes`): 1 to 100.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BulkChanges)]
struct BulkBody {
    ids: Option<Vec<ConversationId>>,
    change: Option<ChangeBody>,
    changes: Option<Vec<OneBody>>,
}

/// What undoes the change of one conversation: a change as `changes` of this route takes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BulkUndo {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ConversationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UserId>)]
    assignee_id: Option<Option<UserId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TeamId>)]
    team_id: Option<Option<TeamId>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels_add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels_remove: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    snoozed_until: Option<Option<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<ConversationPriority>,
}

impl From<BulkChange> for BulkUndo {
    fn from(undo: BulkChange) -> Self {
        Self {
            status: undo.change.status,
            assignee_id: undo.change.assignee_id,
            team_id: undo.change.team_id,
            labels_add: undo.labels_add,
            labels_remove: undo.labels_remove,
            snoozed_until: undo.change.snoozed_until,
            unread: undo.change.unread,
            priority: undo.change.priority,
        }
    }
}

/// A conversation as it is now, as it was, and what takes the change back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BulkChanged {
    id: ConversationId,
    conversation: Conversation,
    before: Conversation,
    undo: BulkUndo,
}

/// One that could not be changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BulkFailed {
    id: ConversationId,
    /// `notFound` or `invalid`.
    code: String,
    detail: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BulkAnswer {
    changed: Vec<BulkChanged>,
    failed: Vec<BulkFailed>,
}

/// Changes up to 100 conversations in one transaction. One that can't be changed keeps no other from it.
#[utoipa::path(post, path = "/api/v1/conversations/bulk", operation_id = "changeConversations", tag = "conversations",
    request_body = BulkBody, responses((status = 200, body = BulkAnswer)))]
async fn change_many(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<BulkBody>,
) -> Answer<Json<BulkAnswer>> {
    let outcome = bulk::change_many(&engine, &principal, body.read()?).await?;
    let changed = outcome.changed.into_iter().map(|done| BulkChanged {
        id: done.after.id.clone(),
        conversation: done.after,
        before: done.before,
        undo: done.undo.into(),
    });
    let failed = outcome.failed.into_iter();
    let failed = failed.map(|one| BulkFailed { id: one.id, code: one.code.to_owned(), detail: one.detail });
    Ok(Json(BulkAnswer { changed: changed.collect(), failed: failed.collect() }))
}

impl BulkBody {
    fn read(self) -> Answer<Vec<OneChange>> {
        let mut fields = Fields::default();
        match (self.ids, self.change, self.changes) {
            (Some(ids), Some(change), None) => {
                let change = BulkChange::from(change);
                let one = |id| OneChange { id, change: change.clone(), pointer: "/change".to_owned() };
                return Ok(ids.into_iter().map(one).collect());
            }
            (None, None, Some(changes)) => {
                let one = |(place, one): (usize, OneBody)| OneChange {
                    id: one.id,
                    change: one.change.into(),
                    pointer: format!("/changes/{place}/change"),
                };
                return Ok(changes.into_iter().enumerate().map(one).collect());
            }
            (Some(_), None, None) => fields.wrong("/change", "what is to be different about these conversations?"),
            (None, Some(_), None) => fields.wrong("/ids", "which conversations are to be changed?"),
            _ => fields.wrong("", "say `ids` and `change`, or `changes`, and not both"),
        }
        fields.done()?;
        Ok(Vec::new())
    }
}
