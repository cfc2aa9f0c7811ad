//! The audit log: who did what to which thing, when and from where. Whoever changes something notes it in the transaction that
//! changes it ([`note`]); nothing here changes an entry, and none holds a secret, a value or a mail's content.
//!
//! ```ignore
//! let by = audit::by(principal); // before the transaction: it knows the request's address
//! engine.db.write(Priority::Foreground, move |tx| {
//!     teams::insert(tx, &team)?;
//!     audit::note(tx, &by, "team.created", Target::of("team", &team.id).named(&team.name), &[])
//! })
//! ```

use std::net::IpAddr;

use model::audit::{AuditActor, AuditActorType, AuditEntry, AuditTarget};
use model::key::{Actor, Principal};
use model::{AuditEntryId, Timestamp, WorkspaceId};
use serde::Serialize;
use serde_json::Value;
use store::audit_log::{self, Filter};
use store::{Priority, Tx, api_keys, users};

use crate::access::COMMAND_LINE;
use crate::listing::{Listing, SliceOf};
use crate::users::require_admin_of_all;
use crate::{Engine, Result};

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 200;

tokio::task_local! {
    static ADDRESS: Option<IpAddr>;
}

/// Does `work` as a request that came from `address`.
pub async fn within<T>(address: IpAddr, work: impl Future<Output = T>) -> T {
    ADDRESS.scope(Some(address), work).await
}

/// `work` for a task of its own, as a part of the request that this task does.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    ADDRESS.scope(address(), work)
}

/// Where the request under way came from.
pub(crate) fn address() -> Option<IpAddr> {
    ADDRESS.try_with(|address| *address).unwrap_or_default()
}

/// As it is kept.
pub(crate) fn address_text() -> Option<String> {
    address().map(|address| address.to_canonical().to_string())
}

/// Who acts, in which workspace, from where.
#[derive(Debug, Clone)]
pub struct By {
    workspace: WorkspaceId,
    actor: AuditActor,
    address: Option<IpAddr>,
}

impl By {
    fn new(workspace: &WorkspaceId, actor_type: AuditActorType, id: Option<String>) -> Self {
        Self { workspace: workspace.clone(), actor: AuditActor { actor_type, id, name: None }, address: address() }
    }

    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// Of the person or the key.
    pub fn actor_id(&self) -> Option<&str> {
        self.actor.id.as_deref()
    }

    /// The program by itself: its configuration says so, or a time has come.
    pub fn system(workspace: &WorkspaceId) -> Self {
        Self::new(workspace, AuditActorType::System, None)
    }

    pub fn command_line(workspace: &WorkspaceId) -> Self {
        Self::new(workspace, AuditActorType::CommandLine, None)
    }

    /// Somebody who did not prove who they are.
    pub fn unknown(workspace: &WorkspaceId) -> Self {
        Self::new(workspace, AuditActorType::Unknown, None)
    }

    /// Made within a transaction, where the request is not known.
    pub(crate) fn from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    pub(crate) fn user(workspace: &WorkspaceId, id: &model::UserId) -> Self {
        Self::new(workspace, AuditActorType::User, Some(id.to_string()))
    }
}

/// Whoever asks, and where the request came from. To be called outside of the transaction, by the task that does the request.
pub fn by(principal: &Principal) -> By {
    let workspace = &principal.workspace_id;
    match &principal.actor {
        Actor::User(id, _) => By::user(workspace, id),
        Actor::Key(id) if id.as_str() == COMMAND_LINE => By::command_line(workspace),
        Actor::Key(id) => By::new(workspace, AuditActorType::ApiKey, Some(id.to_string())),
    }
}

/// What something is done to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    kind: &'static str,
    id: &'a str,
    name: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Alone for what is somebody's data: a contact, a suppressed address. Their names are not kept here.
    pub fn of(kind: &'static str, id: &'a impl AsRef<str>) -> Self {
        Self { kind, id: id.as_ref(), name: None }
    }

    /// What people call it.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }
}

/// Writes down that `by` did `action` (`channel.changed`) to `target`. `changed` are names of fields, never their values.
///
/// # Errors
/// What the store says.
pub fn note(
    tx: &mut Tx<'_>,
    by: &By,
    action: &'static str,
    target: Target<'_>,
    changed: &[String],
) -> store::Result<()> {
    let mut actor = by.actor.clone();
    actor.name = name_of(tx, by)?.map(|name| bounded(&name));
    let entry = AuditEntry {
        id: AuditEntryId::generate(),
        at: Timestamp::now(),
        actor,
        address: by.address.map(|address| address.to_canonical().to_string()),
        action: action.to_owned(),
        target: AuditTarget {
            target_type: target.kind.to_owned(),
            id: target.id.to_owned(),
            name: target.name.map(bounded),
        },
        changed: changed.to_vec(),
    };
    audit_log::insert(tx, &by.workspace, &entry)
}

/// As [`note`], unless nothing was changed.
///
/// # Errors
/// What the store says.
pub fn note_changes(
    tx: &mut Tx<'_>,
    by: &By,
    action: &'static str,
    target: Target<'_>,
    changed: &[String],
) -> store::Result<()> {
    if changed.is_empty() { Ok(()) } else { note(tx, by, action, target, changed) }
}

fn bounded(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

/// What they are called now: their name may be another one day, or gone.
fn name_of(tx: &mut Tx<'_>, by: &By) -> store::Result<Option<String>> {
    let Some(id) = by.actor.id.clone() else { return Ok(None) };
    match by.actor.actor_type {
        AuditActorType::User => {
            let user = users::get(tx, &by.workspace, &model::UserId::from_stored(id))?;
            Ok(user.map(|user| user.public.email))
        }
        AuditActorType::ApiKey => api_keys::name(tx, &by.workspace, &model::ApiKeyId::from_stored(id)),
        _ => Ok(None),
    }
}

/// The names of the fields in which two states of a thing differ, as its JSON has them; a field of a field is `outer.inner`.
pub fn changed<T: Serialize>(before: &T, after: &T) -> Vec<String> {
    let json = |state: &T| serde_json::to_value(state).unwrap_or_default();
    let mut names = Vec::new();
    differences("", &json(before), &json(after), &mut names);
    names.retain(|name| name != "updatedAt");
    names
}

fn differences(path: &str, before: &Value, after: &Value, names: &mut Vec<String>) {
    let (Value::Object(earlier), Value::Object(later)) = (before, after) else {
        if before != after {
            names.push(path.to_owned());
        }
        return;
    };
    let all: std::collections::BTreeSet<&String> = earlier.keys().chain(later.keys()).collect();
    for name in all {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let absent = Value::Null;
        let (before, after) = (earlier.get(name).unwrap_or(&absent), later.get(name).unwrap_or(&absent));
        // Deeper than that it is a value: the keys of a map may be data.
        if path.is_empty() {
            differences(&inner, before, after, names);
        } else if before != after {
            names.push(inner);
        }
    }
}

/// A part of the log, newest first unless it is asked otherwise.
///
/// # Errors
/// Not an administrator, or a key bound to a channel.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    filter: Filter,
    slice: SliceOf<i64>,
) -> Result<Listing<AuditEntry, i64>> {
    require_admin_of_all(principal)?;
    let workspace = principal.workspace_id.clone();
    let take = slice.take;
    let found = engine
        .db
        .read(move |tx| audit_log::page(tx, &workspace, &filter, slice.after, slice.ascending, take + 1))
        .await?;
    let cut = Listing::cut(found, take, |(seq, _)| *seq);
    Ok(Listing { items: cut.items.into_iter().map(|(_, entry)| entry).collect(), next: cut.next })
}

/// Writes down that the log itself is given out whole.
///
/// # Errors
/// As [`list`].
pub async fn note_export(engine: &Engine, principal: &Principal) -> Result<()> {
    require_admin_of_all(principal)?;
    let by = by(principal);
    let work = move |tx: &mut Tx<'_>| {
        let workspace = by.workspace.clone();
        note(tx, &by, "auditLog.exported", Target::of("workspace", &workspace), &[])
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

/// Texts of people in a table that a spreadsheet opens: what it would take for a formula is told to be text.
pub fn csv_text(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_named_and_not_told() {
        let before =
            json!({"name": "a", "config": {"smtpHost": "one", "smtpPort": 25}, "labels": ["x"], "updatedAt": 1});
        let after =
            json!({"name": "b", "config": {"smtpHost": "two", "smtpPort": 25}, "labels": ["y"], "updatedAt": 2});
        assert_eq!(changed(&before, &after), ["config.smtpHost", "labels", "name"]);
        assert!(changed(&before, &before).is_empty());
        assert_eq!(changed(&json!({"a": null}), &json!({"a": {"b": 1}})), ["a"]);
        // A map's keys are people's: only what lies right in a field is named.
        assert_eq!(changed(&json!({"a": {"b": {"secret": 1}}}), &json!({"a": {"b": {}}})), ["a.b"]);
    }

    #[test]
    fn formulas_are_text_in_a_table() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert_eq!(csv_text(text), format!("'{text}"));
        }
        assert_eq!(csv_text("a=b"), "a=b");
    }
}
