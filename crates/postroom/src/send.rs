//! `postroom send`: one mail through the ordinary way out of a channel, also beside a running server, which delivers it.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use engine::sending::{self, AttachmentRequest, AttachmentSource, SendRequest};
use engine::{Engine, access, channels};
use model::channel::Channel;
use model::key::Principal;
use model::limits::MESSAGE_BYTES_MAX;
use model::{ChannelId, WorkspaceId};

use crate::admin::{readable, workspace_or_first};
use crate::running::{self, Listener};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom to send to, `ana@example.com` or `Ana <ana@example.com>`; repeatable.
    #[arg(long, required = true)]
    to: Vec<String>,
    /// May be empty.
    #[arg(long)]
    subject: String,
    /// The text; `-` reads it from standard input.
    #[arg(long, required_unless_present = "html")]
    text: Option<String>,
    /// A file with the HTML, beside the text or instead of it.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// A file to attach; repeatable.
    #[arg(long = "attach", value_name = "FILE")]
    attachments: Vec<PathBuf>,
    /// The id of the channel to send from; the workspace's oldest one if absent.
    #[arg(long)]
    channel: Option<ChannelId>,
    /// The workspace's id; the channel's, or the first one, if absent.
    #[arg(long, visible_alias = "from-workspace")]
    workspace: Option<WorkspaceId>,
    /// Print the message's id alone.
    #[arg(long)]
    quiet: bool,
}

/// # Errors
/// A field that is wrong, a file that can't be read, a channel that is not there; nothing is sent then.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(engine: &Engine, http_addr: SocketAddr, args: Args) -> anyhow::Result<()> {
    let request = request(&args)?;
    let channel = channel(engine, args.channel, args.workspace).await?;
    let principal = principal(&channel)?;
    let id = sending::send(engine, &principal, &channel.id, request).await.map_err(readable)?;
    println!("{id}");
    if args.quiet {
        return Ok(());
    }
    let way_out = engine.way_out(&channel);
    let from = channel.email_address.as_deref().unwrap_or(&channel.inbound_address);
    let what = if way_out.transport == "sandbox" {
        "the sandbox captures it, nothing leaves this machine"
    } else {
        "the server delivers it"
    };
    let when = match running::at_http(http_addr).await {
        Listener::Ours | Listener::OursNotReady => format!("within a minute: a server answers at {http_addr}"),
        Listener::Nobody | Listener::Other => "once `postroom serve` runs".to_owned(),
    };
    println!("From {from} by the channel {} ({}). It is queued; {what}, {when}.", channel.name, channel.id);
    Ok(())
}

fn request(args: &Args) -> anyhow::Result<SendRequest> {
    let to = args
        .to
        .iter()
        .map(|text| mail::compose::parse_mailbox(text).map_err(|error| anyhow::anyhow!("--to {text}: {error}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let text = match args.text.as_deref() {
        Some("-") => Some(read_text(&mut std::io::stdin().lock(), "standard input")?),
        text => text.map(str::to_owned),
    };
    let html = args.html.as_deref().map(|path| read_text(&mut open(path)?, &path.display().to_string())).transpose()?;
    let attachments = args.attachments.iter().map(|path| attachment(path)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(SendRequest { to, subject: args.subject.clone(), text, html, attachments, ..SendRequest::default() })
}

fn open(path: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::File::open(path).with_context(|| format!("{} can't be read", path.display()))
}

fn read(from: &mut impl std::io::Read, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MESSAGE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("{name} can't be read"))?;
    ensure!(
        bytes.len() as u64 <= MESSAGE_BYTES_MAX,
        "{name} is larger than a whole mail may be ({MESSAGE_BYTES_MAX} bytes)"
    );
    Ok(bytes)
}

fn read_text(from: &mut impl std::io::Read, name: &str) -> anyhow::Result<String> {
    String::from_utf8(read(from, name)?).map_err(|_| anyhow::anyhow!("{name} is not text in UTF-8"))
}

fn attachment(path: &Path) -> anyhow::Result<AttachmentRequest> {
    let filename = path.file_name().and_then(|name| name.to_str());
    let filename = filename.with_context(|| format!("{} has no name to attach it by", path.display()))?.to_owned();
    let bytes = read(&mut open(path)?, &path.display().to_string())?;
    Ok(AttachmentRequest {
        pointer: format!("/{}", path.display()),
        filename: Some(filename),
        content_type: None,
        content_id: None,
        source: AttachmentSource::Bytes(bytes.into()),
    })
}

async fn channel(engine: &Engine, asked: Option<ChannelId>, workspace: Option<WorkspaceId>) -> anyhow::Result<Channel> {
    if let Some(id) = asked {
        let wanted = id.clone();
        let found = engine.db.read(move |tx| store::channels::get_any(tx, &wanted)).await?;
        let found = found.with_context(|| format!("there is no channel {id}"))?;
        let fits = workspace.as_ref().is_none_or(|workspace| *workspace == found.workspace_id);
        ensure!(fits, "the channel {id} is in another workspace, {}", found.workspace_id);
        return Ok(found.public);
    }
    let workspace = workspace_or_first(engine, workspace).await?;
    let oldest = channels::list(engine, &access::operator(workspace.clone()), None, true, 1).await.map_err(readable)?;
    oldest
        .into_iter()
        .next()
        .with_context(|| format!("the workspace {workspace} has no channel to send from; make one"))
}

fn principal(channel: &Channel) -> anyhow::Result<Principal> {
    let workspace =
        channel.workspace_id.clone().with_context(|| format!("the channel {} has no workspace", channel.id))?;
    Ok(access::operator(workspace))
}
