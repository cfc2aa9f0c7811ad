//! Brings a message's attachments together: decoded ones as they are, linked ones fetched through the guard, all within the channel's limits.

use mail::compose::DraftAttachment;
use model::WorkspaceId;
use model::channel::ChannelLimits;
use model::limits::{FETCH_BYTES_MAX, MESSAGE_BYTES_MAX};
use model::message::Withheld;

use super::{AttachmentRequest, AttachmentSource};
use crate::ingest::AttachmentPolicy;
use crate::ports::FetchError;
use crate::{Engine, EngineError, FieldError, Result, uploads};

pub(super) async fn collect(
    engine: &Engine,
    workspace: &WorkspaceId,
    limits: &ChannelLimits,
    requests: &[AttachmentRequest],
) -> Result<Vec<DraftAttachment>> {
    gather(engine, workspace, requests, |request, file| refusal(limits, request, file)).await
}

async fn gather(
    engine: &Engine,
    workspace: &WorkspaceId,
    requests: &[AttachmentRequest],
    refusal: impl Fn(&AttachmentRequest, &DraftAttachment) -> Option<FieldError>,
) -> Result<Vec<DraftAttachment>> {
    let mut files = Vec::with_capacity(requests.len());
    let mut errors = Vec::new();
    let mut total: u64 = 0;
    for request in requests {
        match one(engine, workspace, request).await {
            Ok(file) => {
                total += file.data.len() as u64;
                errors.extend(refusal(request, &file));
                files.push(file);
            }
            Err(error) => errors.push(error),
        }
        if total > MESSAGE_BYTES_MAX {
            return Err(EngineError::TooLarge { limit: MESSAGE_BYTES_MAX });
        }
    }
    if errors.is_empty() { Ok(files) } else { Err(EngineError::Invalid(errors)) }
}

/// Files that no channel's limits hold for.
pub(crate) async fn files(
    engine: &Engine,
    workspace: &WorkspaceId,
    requests: &[AttachmentRequest],
) -> Result<Vec<DraftAttachment>> {
    gather(engine, workspace, requests, |_, _| None).await
}

async fn one(
    engine: &Engine,
    workspace: &WorkspaceId,
    request: &AttachmentRequest,
) -> std::result::Result<DraftAttachment, FieldError> {
    let (data, fetched_type, fetched_name) = match &request.source {
        AttachmentSource::Upload(id) => {
            let pointer = format!("{}/uploadId", request.pointer);
            let (upload, bytes) = uploads::of_workspace(engine, workspace, id).await.map_err(|error| match error {
                EngineError::NotFound { .. } => {
                    FieldError::new(&*pointer, "no such upload, or it is over: upload the file again")
                }
                other => FieldError::new(&*pointer, other.to_string()),
            })?;
            (bytes, Some(upload.content_type), Some(upload.filename))
        }
        AttachmentSource::Bytes(bytes) => (bytes.to_vec(), None, None),
        AttachmentSource::Url(url) => {
            let pointer = format!("{}/url", request.pointer);
            let fetched = engine.ports.fetcher.fetch(url, FETCH_BYTES_MAX).await.map_err(|error| match error {
                FetchError::TooLarge { limit } => {
                    FieldError::new(&*pointer, format!("the file is larger than {limit} bytes"))
                }
                other => FieldError::new(&*pointer, other.to_string()),
            })?;
            (fetched.body.to_vec(), fetched.content_type, fetched.filename)
        }
    };
    let filename = request.filename.clone().or(fetched_name).unwrap_or_else(|| "attachment".to_owned());
    let guessed = || mime_guess::from_path(&filename).first_raw().unwrap_or("application/octet-stream").to_owned();
    let content_type = request.content_type.clone().or(fetched_type).unwrap_or_else(guessed);
    Ok(DraftAttachment {
        content_id: request.content_id.clone(),
        inline: request.content_id.is_some(),
        filename,
        content_type,
        data,
    })
}

fn refusal(limits: &ChannelLimits, request: &AttachmentRequest, file: &DraftAttachment) -> Option<FieldError> {
    let withheld =
        AttachmentPolicy(limits).withheld(Some(&file.filename), &file.content_type, file.data.len() as u64)?;
    let detail = match withheld {
        Withheld::TooLarge => format!(
            "{} bytes; this channel sends at most {} an attachment",
            file.data.len(),
            limits.max_attachment_bytes.unwrap_or_default()
        ),
        Withheld::BlockedType => {
            format!("this channel does not send files such as {} ({})", file.filename, file.content_type)
        }
    };
    Some(FieldError::new(&*request.pointer, detail))
}
