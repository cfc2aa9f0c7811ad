//! What many messages are made of, fixed once: a template in one version with all it includes, or contents of its own. It can be kept,
//! and is rendered again and again whatever becomes of the template.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::templates::{Library, Source};
use model::template::{TemplateContent, TemplateFormat};
use model::{TemplateId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use store::templates;

use super::rendering::{self, Preview, Rendered, TemplateReference, apart, source};
use crate::{Engine, EngineError, FieldError, Result};

/// A recipe as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frozen {
    main: FrozenSource,
    /// What it includes, by name.
    included: BTreeMap<String, FrozenSource>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FrozenSource {
    format: TemplateFormat,
    content: TemplateContent,
}

impl From<Source> for FrozenSource {
    fn from(source: Source) -> Self {
        Self { format: source.format, content: source.content }
    }
}

impl From<FrozenSource> for Source {
    fn from(frozen: FrozenSource) -> Self {
        source(frozen.format, frozen.content)
    }
}

/// A template's version and all it includes, as they are now. Answers the version's number too.
///
/// # Errors
/// There is no such template or version in the workspace.
pub(crate) async fn freeze(
    engine: &Engine,
    workspace: &WorkspaceId,
    id: &TemplateId,
    version: Option<u64>,
) -> Result<(Frozen, u64)> {
    let (workspace, id) = (workspace.clone(), id.clone());
    let read = engine.db.read(move |tx| {
        let Some(template) = templates::get(tx, &workspace, &id)? else { return Ok(None) };
        let version = version.unwrap_or(template.summary.version);
        let found = rendering::load(tx, &workspace, &TemplateReference::Id(id), Some(version))?;
        Ok(found.map(|(main, library)| (main, library, version)))
    });
    let (main, library, version) = read.await?.ok_or(super::MISSING)?;
    let included = library.into_iter().map(|(name, source)| (name, source.into())).collect();
    Ok((Frozen { main: main.into(), included }, version))
}

/// Contents that no template keeps; they include none.
pub(crate) fn freeze_content(content: TemplateContent) -> Frozen {
    Frozen { main: source(TemplateFormat::Html, content).into(), included: BTreeMap::new() }
}

/// What is wrong with such contents, whatever the variables; pointers are the parts' names (`/html`).
///
/// # Errors
/// Checking panicked.
pub(crate) async fn check_content(content: TemplateContent) -> Result<Vec<FieldError>> {
    let source = source(TemplateFormat::Html, content);
    let faults = apart(move || ::templates::check(&source)).await?;
    let field = |fault: ::templates::Fault| {
        let detail = format!("line {}, column {}: {}", fault.line, fault.column, fault.detail);
        FieldError::new(format!("/{}", fault.part.as_str()), detail)
    };
    Ok(faults.into_iter().map(field).collect())
}

/// What is rendered. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recipe(Arc<(Source, Library)>);

impl From<Frozen> for Recipe {
    fn from(frozen: Frozen) -> Self {
        let library = frozen.included.into_iter().map(|(name, source)| (name, source.into())).collect();
        Self(Arc::new((frozen.main.into(), library)))
    }
}

impl Recipe {
    /// # Errors
    /// A variable is missing or wrong (`/variables/NAME`), or the template can't be rendered with these (`/variables`).
    pub async fn render(&self, variables: Map<String, Json>) -> Result<Rendered> {
        let parts = self.0.clone();
        let done = apart(move || ::templates::render(&parts.0, &parts.1, variables)).await?;
        let done = done.map_err(|fault| EngineError::invalid("/variables", fault.to_string()))?;
        let rendered = Rendered { subject: done.subject, html: done.html, text: done.text };
        rendering::whole(Preview { rendered, faults: done.faults })
    }
}
