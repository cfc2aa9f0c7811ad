//! Commands that make workspaces, users and keys without the dashboard.

use anyhow::Context as _;
use engine::{Engine, access};
use model::WorkspaceId;
use model::key::{Role, Scope};
use secrecy::{ExposeSecret as _, SecretString};

#[derive(Debug, clap::Subcommand)]
pub enum Workspace {
    /// Create a workspace; prints its id.
    Create {
        /// What people know it by.
        #[arg(long)]
        name: String,
    },
}

#[derive(Debug, clap::Subcommand)]
pub enum User {
    /// Create a user; prints a link that signs in once, or with `--password-stdin` the id.
    Create {
        /// What the user signs in by.
        #[arg(long)]
        email: String,
        /// What others see.
        #[arg(long)]
        name: Option<String>,
        /// `admin` or `agent`.
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        /// The workspace's id; the first one if absent.
        #[arg(long)]
        workspace: Option<WorkspaceId>,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Take the second factor of a user away who lost it.
    ResetSecondFactor {
        /// Whose.
        #[arg(long)]
        email: String,
    },
    /// Set a user's password, from the first line of standard input. Their sessions end.
    Password {
        /// Whose.
        #[arg(long)]
        email: String,
    },
    /// Print a link that signs a user in once, within a day.
    Link {
        /// Whom it signs in.
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, clap::Subcommand)]
pub enum Key {
    /// Create an API key; it is printed once.
    Create {
        /// What people know it by.
        #[arg(long)]
        name: String,
        /// What it may do, such as `messages:send`; repeatable, or with commas. `admin` for all.
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// The workspace's id; the first one if absent.
        #[arg(long)]
        workspace: Option<WorkspaceId>,
        /// Print the key alone.
        #[arg(long)]
        quiet: bool,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "admin or agent".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| format!("one of {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

pub async fn workspace_or_first(engine: &Engine, asked: Option<WorkspaceId>) -> anyhow::Result<WorkspaceId> {
    match asked {
        Some(id) => Ok(access::workspace(engine, &id).await?.id),
        None => {
            let first = engine.db.read(store::workspaces::first).await?;
            Ok(first.context("there is no workspace yet; start `postroom serve` once, or create one with `postroom workspace create`")?.id)
        }
    }
}

/// # Errors
/// The name is empty or too long.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn workspace(engine: &Engine, command: Workspace) -> anyhow::Result<()> {
    let Workspace::Create { name } = command;
    println!("{}", access::create_workspace(engine, &name).await.map_err(readable)?);
    Ok(())
}

/// # Errors
/// The email is taken; the password is too short.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn user(engine: &Engine, command: User) -> anyhow::Result<()> {
    let link = async |email: &str| -> anyhow::Result<()> {
        let token = access::sign_in_link(engine, email).await.map_err(readable)?;
        println!("{}/sign-in?token={}", engine.config.public_url, token.expose_secret());
        Ok(())
    };
    match command {
        User::Create { email, name, role, workspace, password_stdin } => {
            let workspace = workspace_or_first(engine, workspace).await?;
            let password = if password_stdin { Some(password_of_stdin()?) } else { None };
            let user = access::create_user(engine, &workspace, &email, name, role, password).await.map_err(readable)?;
            if password_stdin {
                println!("{}", user.id);
                return Ok(());
            }
            link(&user.email).await
        }
        User::Link { email } => link(&email).await,
        User::ResetSecondFactor { email } => {
            access::second_factor::reset_by_email(engine, &email).await.map_err(readable)
        }
        User::Password { email } => access::set_password(engine, &email, password_of_stdin()?).await.map_err(readable),
    }
}

fn password_of_stdin() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("no password could be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// # Errors
/// No such workspace.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn key(engine: &Engine, command: Key) -> anyhow::Result<()> {
    let Key::Create { name, scopes, workspace, quiet } = command;
    let workspace = workspace_or_first(engine, workspace).await?;
    let (public, key) = access::create_key(engine, &workspace, &name, scopes, None).await.map_err(readable)?;
    if quiet {
        println!("{}", key.expose_secret());
    } else {
        println!("{} ({}): {}\nIt is not shown again.", public.name, public.id, key.expose_secret());
    }
    Ok(())
}

/// An error with its fields, for a terminal.
pub fn readable(error: engine::EngineError) -> anyhow::Error {
    match error {
        engine::EngineError::Invalid(fields) => {
            let fields: Vec<String> = fields
                .into_iter()
                .map(|field| format!("{}: {}", field.pointer.trim_start_matches('/'), field.detail))
                .collect();
            anyhow::anyhow!("{}", fields.join("; "))
        }
        other => other.into(),
    }
}
