//! From a template and variables to a message: finds the template and those it includes, renders them beside the reactor, and says which
//! fields of the request are wrong. Never sends.

use std::collections::BTreeSet;

use ::templates::{Fault, FaultKind, Library, Part, Source};
use model::key::Principal;
use model::limits::{TEMPLATE_PARTIALS_MAX, TEMPLATE_VARIABLES_BYTES_MAX};
use model::template::{Template, TemplateContent, TemplateFormat};
use model::{TemplateId, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::{Tx, templates};

use super::MISSING;
use crate::{Engine, EngineError, FieldError, Result};

/// Which template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateReference {
    Id(TemplateId),
    /// One of the workspace's own, not of an account.
    Name(String),
}

/// A template in a request to send.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateUse {
    pub reference: TemplateReference,
    /// The current one, where it is not said.
    pub version: Option<u64>,
    pub variables: Map<String, Json>,
}

/// A message made from a template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    pub subject: String,
    pub html: Option<String>,
    /// Made from the HTML where the template has no text.
    pub text: Option<String>,
}

/// What a template comes to, whatever variables are missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    pub rendered: Rendered,
    /// Variables that are missing or wrong.
    pub faults: Vec<Fault>,
}

pub(super) fn source(format: TemplateFormat, content: TemplateContent) -> Source {
    Source { format, content }
}

/// Runs what computes beside the reactor.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EngineError::Internal("rendering a template panicked".into()))
}

/// Makes a message from a template's current version. Whoever calls has made sure that it may be sent.
///
/// # Errors
/// Fields of the request are wrong, with pointers below `/template`: there is no such template (`/template/name`, `/template/id`), a
/// variable is missing or wrong (`/template/variables/NAME`), the template can't be rendered (`/template`).
pub async fn render(
    engine: &Engine,
    workspace: &WorkspaceId,
    reference: &TemplateReference,
    variables: Map<String, Json>,
) -> Result<Rendered> {
    let used = TemplateUse { reference: reference.clone(), version: None, variables };
    fill_in(engine, workspace, used, true).await
}

/// Makes a message from content that no template keeps; it includes none.
///
/// # Errors
/// As [`render`].
pub(crate) async fn render_content(content: TemplateContent, variables: Map<String, Json>) -> Result<Rendered> {
    let preview = rendered(source(TemplateFormat::Html, content), Library::new(), variables, "/template").await?;
    whole(preview)
}

/// As [`render`]; faults of the subject count only where it is used.
pub(crate) async fn fill_in(
    engine: &Engine,
    workspace: &WorkspaceId,
    used: TemplateUse,
    with_subject: bool,
) -> Result<Rendered> {
    let pointer = match (&used.reference, used.version) {
        (_, Some(_)) => "/template/version",
        (TemplateReference::Id(_), None) => "/template/id",
        (TemplateReference::Name(_), None) => "/template/name",
    };
    let found = find(engine, workspace, used.reference, used.version).await;
    let (template, library) = found.map_err(|error| match error {
        EngineError::NotFound { .. } => EngineError::invalid(pointer, "there is no such template in this workspace"),
        other => other,
    })?;
    let mut preview = rendered(template, library, used.variables, "/template").await?;
    preview.faults.retain(|fault| with_subject || fault.part != Part::Subject);
    whole(preview)
}

/// What lacks nothing.
pub(super) fn whole(preview: Preview) -> Result<Rendered> {
    if preview.faults.is_empty() {
        return Ok(preview.rendered);
    }
    let fields = preview.fields("/template/variables");
    Err(EngineError::Invalid(fields.into_iter().map(|(_, field)| field).collect()))
}

/// What a template comes to with these variables.
///
/// # Errors
/// It is not there, or not the asker's; the scope `templates:read` is missing; it can't be rendered at all.
pub async fn preview(
    engine: &Engine,
    principal: &Principal,
    id: &TemplateId,
    version: Option<u64>,
    variables: Map<String, Json>,
) -> Result<Preview> {
    super::may_read(principal)?;
    let reference = TemplateReference::Id(id.clone());
    let (template, library) = find(engine, &principal.workspace_id, reference, version).await?;
    rendered(template, library, variables, "").await
}

async fn rendered(template: Source, library: Library, variables: Map<String, Json>, pointer: &str) -> Result<Preview> {
    let bytes = Json::Object(variables.clone()).to_string().len();
    if bytes > TEMPLATE_VARIABLES_BYTES_MAX {
        let detail = format!("{bytes} bytes of JSON; at most {TEMPLATE_VARIABLES_BYTES_MAX} are possible");
        return Err(EngineError::invalid(format!("{pointer}/variables"), detail));
    }
    let done = apart(move || ::templates::render(&template, &library, variables)).await?;
    let done = done.map_err(|fault| EngineError::invalid(pointer, fault.to_string()))?;
    let rendered = Rendered { subject: done.subject, html: done.html, text: done.text };
    Ok(Preview { rendered, faults: done.faults })
}

impl Preview {
    /// Every variable that is missing or wrong, once, as a field below `pointer`.
    pub fn fields(&self, pointer: &str) -> Vec<(&Fault, FieldError)> {
        let mut told = BTreeSet::new();
        let first = |fault: &&Fault| told.insert((fault.variable.clone(), fault.kind == FaultKind::Missing));
        let field = |fault| (fault, FieldError::new(place(pointer, fault), fault.to_string()));
        self.faults.iter().filter(first).map(field).collect()
    }
}

/// RFC 6901.
fn place(pointer: &str, fault: &Fault) -> String {
    let names = fault.variable.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
    names.fold(pointer.to_owned(), |place, name| place + &name)
}

/// A template's source, and those of the templates it includes, and so on.
async fn find(
    engine: &Engine,
    workspace: &WorkspaceId,
    reference: TemplateReference,
    version: Option<u64>,
) -> Result<(Source, Library)> {
    let workspace = workspace.clone();
    let found = engine.db.read(move |tx| load(tx, &workspace, &reference, version)).await?;
    found.ok_or(MISSING)
}

pub(super) fn load(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    reference: &TemplateReference,
    version: Option<u64>,
) -> store::Result<Option<(Source, Library)>> {
    let template = match reference {
        TemplateReference::Id(id) => templates::get(tx, workspace, id)?,
        TemplateReference::Name(name) => templates::by_name(tx, workspace, None, name)?,
    };
    let Some(Template { summary, content }) = template else { return Ok(None) };
    let main = match version {
        None => source(summary.format, content),
        Some(number) => match templates::version(tx, &summary.id, number)? {
            Some(version) => source(version.format, version.content),
            None => return Ok(None),
        },
    };
    let mut library = Library::new();
    let mut wanted: Vec<String> = ::templates::partials(&main).into_iter().collect();
    // One over the limit is left out, and so is told as one that is not there.
    while let Some(name) = wanted.pop().filter(|_| library.len() < TEMPLATE_PARTIALS_MAX) {
        if library.contains_key(&name) {
            continue;
        }
        let account = summary.account_id.as_ref();
        let Some(included) = templates::by_name(tx, workspace, account, &name)? else { continue };
        let included = source(included.summary.format, included.content);
        wanted.extend(::templates::partials(&included));
        library.insert(name, included);
    }
    Ok(Some((main, library)))
}
