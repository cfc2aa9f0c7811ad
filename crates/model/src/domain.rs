//! Domains that mail is sent from, the DNS records that prove them, and what was found of these.

use serde::{Deserialize, Serialize};

use crate::sending::{DomainSmarthost, SendLimits, WarmUp};
use crate::words::words;
use crate::{DomainId, Timestamp};

words! {
    /// Whether mail may be sent from a domain.
    DomainStatus {
        /// What is required was never found yet.
        Pending = "pending",
        Verified = "verified",
        /// It was verified and its records broke; it still sends, for 72 hours from then.
        Failing = "failing",
        /// Its records stayed broken; it sends no more until they are mended.
        Failed = "failed",
    }

    /// What a record is for.
    DnsRecordPurpose {
        /// A key that signs. One of them is enough.
        Dkim = "dkim",
        /// Who may send with the return path.
        Spf = "spf",
        /// Where bounces go.
        ReturnPath = "returnPath",
        /// For a domain that is to receive.
        Mx = "mx",
        /// What receivers do with mail that fails.
        Dmarc = "dmarc",
        /// The host of links that are counted.
        Tracking = "tracking",
        /// Says that there is a policy about TLS, and which one (RFC 8461).
        MtaSts = "mtaSts",
        /// The host that policy is fetched from.
        MtaStsHost = "mtaStsHost",
        /// Where reports about TLS go (RFC 8460).
        TlsRpt = "tlsRpt",
        /// Hands the whole name to this installation's name server, which has all the other records.
        Delegation = "delegation",
    }

    /// What senders do that can't reach a domain's mail server by TLS (RFC 8461 §5).
    MtaStsMode {
        /// They deliver all the same, and report it.
        Testing = "testing",
        /// They do not deliver.
        Enforce = "enforce",
        /// As if there were no policy.
        None = "none",
    }

    /// The types of records that a domain is asked for (RFC 1035).
    DnsRecordType {
        Txt = "TXT",
        Mx = "MX",
        Cname = "CNAME",
        Ns = "NS",
    }

    /// What DNS says of a record that was asked for.
    DnsRecordStatus {
        /// Nothing is there.
        Pending = "pending",
        Verified = "verified",
        /// Something else is there.
        Wrong = "wrong",
    }

    /// How mail is signed (RFC 6376, RFC 8463).
    DkimAlgorithm {
        Rsa = "rsa",
        Ed25519 = "ed25519",
    }
}

impl DomainStatus {
    /// Whether mail goes out.
    pub const fn sends(self) -> bool {
        matches!(self, Self::Verified | Self::Failing)
    }
}

/// A DNS record to publish, and what was found in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsRecord {
    #[serde(rename = "type")]
    pub record_type: DnsRecordType,
    /// The whole name, without a dot at the end.
    pub name: String,
    /// As a zone file has it: of MX the preference and the host, of TXT the text without quotes.
    pub value: String,
    pub purpose: DnsRecordPurpose,
    /// Whether the domain needs it to be verified; of the `dkim` records one is enough.
    pub required: bool,
    pub status: DnsRecordStatus,
    /// What was found, a line a record.
    pub found: Option<String>,
    /// What is wrong, and what to do about it.
    pub problem: Option<String>,
}

/// A domain that mail is sent from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    pub id: DomainId,
    /// In its ASCII form (`xn--…`), lower case.
    pub name: String,
    pub status: DomainStatus,
    pub dns_records: Vec<DnsRecord>,
    /// The host that counted links lead by way of, once its record is verified; a name below the domain's.
    pub tracking_host: String,
    /// `null` where the domain does not receive here.
    pub mta_sts: Option<MtaSts>,
    /// What stands in the way apart from single records.
    pub problem: Option<String>,
    /// When DNS was last asked.
    pub checked_at: Option<Timestamp>,
    /// When it was last found to be set up.
    pub verified_at: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
    /// When DNS will be asked again.
    pub next_check_at: Timestamp,
    /// How much of its mail may leave in which time.
    pub limits: SendLimits,
    /// How much of its mail may leave a day while it is new.
    pub warm_up: Option<WarmUp>,
    /// The server its mail leaves by; null: the instance's way out.
    pub smarthost: Option<DomainSmarthost>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A domain's policy about TLS for mail that comes in (RFC 8461).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MtaSts {
    pub mode: MtaStsMode,
    /// Where senders fetch it.
    pub url: String,
    /// What is served there.
    pub policy: String,
}

/// A key that signs, as everybody may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DkimKey {
    pub selector: String,
    pub algorithm: DkimAlgorithm,
    /// As the record's `p=` has it: base64.
    pub public_key: String,
}

/// A domain's keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DkimKeys {
    /// Those that sign.
    pub current: Vec<DkimKey>,
    /// Those that will when their records are there.
    pub next: Vec<DkimKey>,
    /// When the newest were made.
    pub made_at: Timestamp,
    /// Those that signed mail which may still be under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<RetiredKey>,
}

/// A key that signs no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetiredKey {
    pub key: DkimKey,
    /// How long its record is of use.
    pub until: Timestamp,
}

/// What was found in the place of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundRecord {
    pub purpose: DnsRecordPurpose,
    pub name: String,
    pub status: DnsRecordStatus,
    pub found: Option<String>,
    pub problem: Option<String>,
}

/// One thing a domain's doctor looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainCheck {
    pub name: String,
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}
