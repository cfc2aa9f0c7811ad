//! Values that go into statements and come out of rows, the same on both engines. Never builds SQL.

use std::borrow::Cow;

use model::Timestamp;
use postgres::types::{IsNull, ToSql, Type, private::BytesMut};

use crate::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Bool(bool),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

macro_rules! from {
    ($($source:ty => |$name:ident| $value:expr;)*) => {$(
        impl<'a> From<$source> for Value<'a> {
            fn from($name: $source) -> Self { $value }
        }
    )*};
}

from! {
    i64 => |n| Value::Int(n);
    u32 => |n| Value::Int(n.into());
    u64 => |n| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    usize => |n| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    bool => |flag| Value::Bool(flag);
    String => |text| Value::Text(Cow::Owned(text));
    &'a str => |text| Value::Text(Cow::Borrowed(text));
    &'a String => |text| Value::Text(Cow::Borrowed(text));
    Vec<u8> => |bytes| Value::Bytes(Cow::Owned(bytes));
    &'a Vec<u8> => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    &'a [u8] => |bytes| Value::Bytes(Cow::Borrowed(bytes));
    Timestamp => |time| Value::Int(time.as_millis());
}

macro_rules! from_ids {
    ($($id:ty),*) => {$(
        impl<'a> From<&'a $id> for Value<'a> {
            fn from(id: &'a $id) -> Self { Value::Text(Cow::Borrowed(id.as_str())) }
        }
        impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self { Value::Text(Cow::Owned(id.into_string())) }
        }
        impl<'a> From<&'a Option<$id>> for Value<'a> {
            fn from(id: &'a Option<$id>) -> Self { id.as_ref().map_or(Value::Null, Value::from) }
        }
    )*};
}

from_ids!(
    model::WorkspaceId,
    model::UserId,
    model::SessionId,
    model::ApiKeyId,
    model::ChannelId,
    model::ContactId,
    model::ConversationId,
    model::MessageId,
    model::SuppressionId,
    model::DeliveryId,
    model::EventId,
    model::WebhookEndpointId,
    model::WebhookDeliveryId,
    model::UseCaseId,
    model::TeamId,
    model::AccountId,
    model::ActivityId,
    model::SubmissionId,
    model::GatewayId,
    model::AuthenticationFormId,
    model::OAuth2AppId,
    model::TemplateId,
    model::DomainId,
    model::ContactListId,
    model::BroadcastId,
    model::UploadId,
    model::ContactNoteId,
    model::ErasureId,
    model::SurveyId,
    model::AutomationId,
    model::AutomationRunId,
    model::ViewId,
    model::SlaPolicyId,
    model::AuditEntryId,
    model::IdentityProviderId
);

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(option: Option<T>) -> Self {
        option.map_or(Value::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().map_or(Value::Null, Value::from)
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(bytes: &'a Option<Vec<u8>>) -> Self {
        bytes.as_deref().map_or(Value::Null, Value::from)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bool(flag) => ValueRef::Integer((*flag).into()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        sql_type: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *sql_type == Type::INT4 => i32::try_from(*number)?.to_sql(sql_type, out),
            Self::Int(number) => number.to_sql(sql_type, out),
            Self::Bool(flag) => flag.to_sql(sql_type, out),
            // PostgreSQL text can't hold NUL; nothing a person reads is lost with it.
            Self::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(sql_type, out),
            Self::Text(text) => text.as_ref().to_sql(sql_type, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(sql_type, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

/// A row of either engine. Columns are counted from zero.
pub enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

macro_rules! getter {
    ($name:ident, $type:ty) => {
        pub fn $name(&self, column: usize) -> Result<$type> {
            match self {
                Self::Sqlite(row) => row.get(column).map_err(StoreError::from),
                Self::Postgres(row) => row.try_get(column).map_err(StoreError::from),
            }
        }
    };
}

#[expect(clippy::missing_errors_doc, reason = "all fail alike: the column is missing or of another type")]
impl Row<'_> {
    getter!(text, String);
    getter!(text_or_null, Option<String>);
    getter!(int, i64);
    getter!(int_or_null, Option<i64>);
    getter!(bool, bool);
    getter!(bytes, Vec<u8>);
    getter!(bytes_or_null, Option<Vec<u8>>);

    pub fn time(&self, column: usize) -> Result<Timestamp> {
        self.int(column).map(Timestamp::from_millis)
    }

    pub fn time_or_null(&self, column: usize) -> Result<Option<Timestamp>> {
        Ok(self.int_or_null(column)?.map(Timestamp::from_millis))
    }

    /// A column that holds JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, table: &'static str, column: usize) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|error| StoreError::corrupt(table, error))
    }
}

/// A value as it is kept in a column that holds JSON; [`Row::json`] reads it.
pub(crate) fn json(table: &'static str, value: &(impl serde::Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(table, error))
}
