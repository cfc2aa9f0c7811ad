//! Message templates: what a message is made of before its variables are known.

use serde::{Deserialize, Serialize};

use crate::{AccountId, TemplateId, Timestamp};

/// What the HTML of a template is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemplateFormat {
    #[default]
    Html,
    /// MJML 4; made HTML before the variables are filled in.
    Mjml,
}

impl TemplateFormat {
    pub const ALL: [Self; 2] = [Self::Html, Self::Mjml];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Mjml => "mjml",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// The channels there are templates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemplateChannel {
    #[default]
    Email,
}

/// The source of a template: Handlebars.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateContent {
    pub subject: Option<String>,
    pub html: Option<String>,
    /// Made from the HTML where there is none.
    pub text: Option<String>,
    /// What a list of mails shows beside the subject.
    pub preview_text: Option<String>,
}

/// A template without its content, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSummary {
    pub id: TemplateId,
    /// Of one template of the workspace (of the account, where it belongs to one).
    pub name: String,
    pub description: Option<String>,
    pub channel: TemplateChannel,
    pub format: TemplateFormat,
    /// The current one, counted from 1.
    pub version: u64,
    /// The synced mailbox it belongs to; it goes with that.
    pub account_id: Option<AccountId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A template in its current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    #[serde(flatten)]
    pub summary: TemplateSummary,
    pub content: TemplateContent,
}

/// What a template was from a change on. Never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateVersion {
    /// Counted from 1.
    pub number: u64,
    pub format: TemplateFormat,
    pub content: TemplateContent,
    pub created_at: Timestamp,
}
