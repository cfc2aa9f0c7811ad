//! Key records of DKIM (RFC 6376 §3.6.1, RFC 8463 §4). Owns which of them may be used, and those of one mail; never asks DNS.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use mail_auth::dkim::{AtpsRecord, DomainKey};
use mail_auth::dns::{ToFqdn, TxtRecordParser};
use mail_auth::{DnsCache, Error, NoCache, ResolverCache, TxtRecord};

use super::tags::{Tags, is_base64, values};

/// The first of a name's TXT records that is a key for mail, or why there is none.
pub(super) fn choose(records: &[Vec<u8>]) -> TxtRecord {
    let mut why = "there is no key record";
    for record in records {
        match check(record) {
            Ok(()) => return DomainKey::parse(record).into(),
            Err(fault) => why = fault,
        }
    }
    TxtRecord::Error(Error::Io(why.to_owned()))
}

/// Whether a record may be used for mail. The library reads `h=` and `s=`, but uses keys that these exclude.
fn check(record: &[u8]) -> Result<(), &'static str> {
    let tags = Tags::read(record).ok_or("the key record is no tag list")?;
    match tags.get("v") {
        Some("DKIM1") if tags.begins_with("v") => {}
        None => {}
        Some(_) => return Err("the key record is of another version of DKIM"),
    }
    // An empty one says that the key is revoked, which the library tells.
    let key = tags.get("p").ok_or("the key record has no key")?;
    if !key.is_empty() && !is_base64(key) {
        return Err("the key is no Base64");
    }
    let allows = |tag: &str, wanted: &[&str]| {
        let listed = |value: &str| wanted.iter().any(|name| value.eq_ignore_ascii_case(name));
        tags.get(tag).is_none_or(|list| values(list).any(listed))
    };
    if !allows("k", &["rsa", "ed25519"]) {
        return Err("the key is of an unknown kind");
    }
    // RFC 6376 §6.1.2. All that is signed by another hash is refused before its key is asked for.
    if !allows("h", &["sha256"]) {
        return Err("the key is not for sha256");
    }
    if !allows("s", &["email", "*"]) {
        return Err("the key is not for mail");
    }
    Ok(())
}

/// The keys of one mail, looked up before its signatures are checked: the verifier finds these and nothing else, so that no key is used
/// that was not looked at, however short it may be remembered.
#[derive(Default)]
pub(super) struct Keys(HashMap<Box<str>, TxtRecord>);

impl Keys {
    pub(super) fn add(&mut self, name: &str, record: TxtRecord) {
        self.0.insert(name.to_fqdn().as_ref().into(), record);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name.to_fqdn().as_ref())
    }
}

impl ResolverCache<Box<str>, TxtRecord> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.get(name).cloned().unwrap_or_else(other_record))
    }

    fn remove<Q>(&self, _: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: TxtRecord, _: Instant) {}
}

/// What a signature wants to know besides its key: whom the domain of From lets sign for it (RFC 6541), which nobody asked and which
/// takes nothing from the signature; and where failures are to be reported (RFC 6651), which takes another kind of record.
fn other_record() -> TxtRecord {
    AtpsRecord::parse(b"v=ATPS1").into()
}

impl DnsCache for Keys {
    type Txt = Self;
    type Mx = NoCache;
    type Ipv4 = NoCache;
    type Ipv6 = NoCache;
    type Ptr = NoCache;

    fn txt(&self) -> Option<&Self::Txt> {
        Some(self)
    }

    fn mx(&self) -> Option<&Self::Mx> {
        None
    }

    fn ipv4(&self) -> Option<&Self::Ipv4> {
        None
    }

    fn ipv6(&self) -> Option<&Self::Ipv6> {
        None
    }

    fn ptr(&self) -> Option<&Self::Ptr> {
        None
    }
}
