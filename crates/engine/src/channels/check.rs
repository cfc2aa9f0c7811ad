//! What a channel's fields may hold. Says all that is wrong at once.

use model::channel::{Channel, Provider, ProviderConfig, TransportSecurity};
use model::limits::SEND_LIMIT_MAX;
use model::sending::SendLimits;

use store::channels::ChannelRow;

use super::ChannelRequest;
use crate::sending::signature;
use crate::{EngineError, FieldError, Result};

const NAME_CHARS_MAX: usize = 200;
const SIGNATURE_BYTES_MAX: usize = 64 * 1024;
const ALIASES_MAX: usize = 100;
const FILE_TYPES_MAX: usize = 200;

/// Takes over what `change` sets.
pub(super) fn merge(config: &mut ProviderConfig, change: &ProviderConfig) {
    macro_rules! take {
        ($($field:ident),*) => {$( if change.$field.is_some() { config.$field.clone_from(&change.$field); } )*};
    }
    take!(smtp_host, smtp_port, smtp_security, imap_host, imap_port, imap_security, username);
}

/// A kept password is only ever shown to the server it was given for: whoever names another server gives it again.
///
/// # Errors
/// The SMTP server or user changes, and the password does not come along.
pub(super) fn password_stays_home(row: &ChannelRow, request: &ChannelRequest) -> Result<()> {
    let (Some(change), Some(_), None) = (&request.config, &row.secrets, &request.password) else { return Ok(()) };
    let config = &row.public.config;
    let moved = |now: &Option<String>, then: &Option<String>| now.is_some() && now != then;
    if moved(&change.smtp_host, &config.smtp_host)
        || moved(&change.imap_host, &config.imap_host)
        || moved(&change.username, &config.username)
        || change.smtp_port.is_some() && change.smtp_port != config.smtp_port
        || change.smtp_security == Some(TransportSecurity::None)
            && config.smtp_security != Some(TransportSecurity::None)
    {
        return Err(EngineError::invalid(
            "/config/password",
            "the server, its port, its security or the user changes: give the password again",
        ));
    }
    Ok(())
}

/// Checks a whole channel and writes its addresses as they are compared.
pub(super) fn check(channel: &mut Channel, has_password: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_texts(channel, &mut errors);
    check_addresses(channel, &mut errors);
    check_provider(channel, has_password, &mut errors);
    let types = channel.limits.blocked_file_types.len() + channel.limits.allowed_file_types.len();
    if types > FILE_TYPES_MAX {
        errors.push(FieldError::new("/limits/blockedFileTypes", format!("at most {FILE_TYPES_MAX} file types in all")));
    }
    check_limits(&channel.limits.sending(), &mut errors);
    errors
}

/// Limits of sending, of whatever has them.
pub(crate) fn check_limits(limits: &SendLimits, errors: &mut Vec<FieldError>) {
    for (name, limit) in limits.named() {
        if limit.is_some_and(|limit| !(1..=SEND_LIMIT_MAX).contains(&limit)) {
            errors.push(FieldError::new(format!("/limits/{name}"), format!("a number from 1 to {SEND_LIMIT_MAX}")));
        }
    }
}

fn check_texts(channel: &Channel, errors: &mut Vec<FieldError>) {
    let name = &channel.name;
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a name of 1 to {NAME_CHARS_MAX} characters on one line is needed");
        errors.push(FieldError::new("/name", detail));
    }
    let display_name = channel.display_name.as_deref().unwrap_or_default();
    if display_name.chars().count() > NAME_CHARS_MAX || display_name.chars().any(char::is_control) {
        errors.push(FieldError::new("/displayName", format!("at most {NAME_CHARS_MAX} characters on one line")));
    }
    errors.extend(signature::check(&channel.signature, SIGNATURE_BYTES_MAX));
}

fn check_addresses(channel: &mut Channel, errors: &mut Vec<FieldError>) {
    if channel.aliases.len() > ALIASES_MAX {
        errors.push(FieldError::new("/aliases", format!("at most {ALIASES_MAX} aliases")));
    }
    let mut normalise = |pointer: String, address: &mut String| match mail::address::normalize(address) {
        Some(normalised) => *address = normalised,
        None => errors.push(FieldError::new(
            pointer,
            format!("{address:?} is not an email address; one looks like support@example.com"),
        )),
    };
    if let Some(address) = &mut channel.email_address {
        normalise("/emailAddress".into(), address);
    }
    for (index, alias) in channel.aliases.iter_mut().enumerate() {
        normalise(format!("/aliases/{index}"), alias);
    }
}

fn check_provider(channel: &mut Channel, has_password: bool, errors: &mut Vec<FieldError>) {
    match channel.provider {
        Provider::Forwarding | Provider::Sandbox => {}
        Provider::SmtpImap => check_smtp(channel, has_password, errors),
        other => errors.push(FieldError::new(
            "/provider",
            format!("{} is not available in this version; forwarding, smtp_imap and sandbox are", other.as_str()),
        )),
    }
}

fn check_smtp(channel: &mut Channel, has_password: bool, errors: &mut Vec<FieldError>) {
    if channel.email_address.is_none() {
        errors.push(FieldError::new("/emailAddress", "the mailbox's own address is needed"));
    }
    let config = &mut channel.config;
    check_host("/config/smtpHost", config.smtp_host.as_deref(), true, errors);
    check_host("/config/imapHost", config.imap_host.as_deref(), false, errors);
    let security = *config.smtp_security.get_or_insert(match config.smtp_port {
        Some(465) => TransportSecurity::Tls,
        _ => TransportSecurity::Starttls,
    });
    let port = *config.smtp_port.get_or_insert(if security == TransportSecurity::Tls { 465 } else { 587 });
    if port == 0 {
        errors.push(FieldError::new("/config/smtpPort", "a port from 1 to 65535"));
    }
    if config.username.as_deref().is_some_and(|name| name.chars().any(char::is_control)) {
        errors.push(FieldError::new("/config/username", "a user name on one line"));
    }
    if config.username.is_some() && !has_password {
        errors.push(FieldError::new("/config/password", "the user's password (often an app password) is needed"));
    }
}

pub(crate) fn check_host(pointer: &str, host: Option<&str>, needed: bool, errors: &mut Vec<FieldError>) {
    let valid = |host: &str| {
        !host.is_empty()
            && host.len() <= 255
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
    };
    match host {
        Some(host) if valid(host) => {}
        None if !needed => {}
        _ => errors.push(FieldError::new(pointer, "a host name such as smtp.example.com, without a scheme or path")),
    }
}
