//! DKIM keys: made, sealed, and signing. Owns the private ones; never keeps one in the clear but in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mail::dkim::{Signable, Signature};
use model::domain::{DkimAlgorithm, DkimKey, DkimKeys};
use model::{DomainId, Timestamp};
use sha2::{Digest, Sha256};
use store::StoreError;
use store::domains::DomainRow;
use store::vault::Vault;

use crate::vault_rotation::domain_place;
use crate::{EngineError, Result, tokens};

/// Domains whose keys are kept open in memory; past it all are opened anew.
const OPEN_MAX: usize = 1_000;
/// Characters of a selector that tell a domain's pairs of keys apart.
const SELECTOR_CHARS: usize = 8;

/// Private keys by selector: PKCS #8 in base64.
pub(super) type PrivateKeys = BTreeMap<String, String>;

fn broken(what: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(format!("a DKIM key {what}"))
}

/// A new pair of keys: RSA, which every receiver knows, and Ed25519.
pub(super) fn generate() -> Result<(Vec<DkimKey>, PrivateKeys)> {
    let series = format!("pr{}", tokens::random(SELECTOR_CHARS));
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| broken("could not be made"))?;
    let rsa_private: Pkcs8V1Der<'_> = rsa.as_der().map_err(|_| broken("could not be written"))?;
    let rsa_public: PublicKeyX509Der<'_> = rsa.public_key().as_der().map_err(|_| broken("could not be written"))?;
    let ed_private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| broken("could not be made"))?;
    let ed = Ed25519KeyPair::from_pkcs8(ed_private.as_ref()).map_err(broken)?;
    let mut private = PrivateKeys::new();
    let mut public = Vec::new();
    for (algorithm, private_key, public_key) in [
        (DkimAlgorithm::Rsa, rsa_private.as_ref(), rsa_public.as_ref()),
        (DkimAlgorithm::Ed25519, ed_private.as_ref(), ed.public_key().as_ref()),
    ] {
        let selector = format!("{series}-{}", algorithm.as_str());
        private.insert(selector.clone(), STANDARD.encode(private_key));
        public.push(DkimKey { selector, algorithm, public_key: STANDARD.encode(public_key) });
    }
    Ok((public, private))
}

pub(super) fn seal(vault: &Vault, id: &DomainId, keys: &PrivateKeys) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(keys).map_err(broken)?;
    Ok(vault.seal(&domain_place(id), &text))
}

pub(super) fn unseal(vault: &Vault, id: &DomainId, sealed: &[u8]) -> Result<PrivateKeys> {
    let text = vault.unseal(&domain_place(id), sealed).map_err(|error| StoreError::Vault(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|_| StoreError::Vault("a domain's DKIM keys are damaged".into()).into())
}

/// Forgets the private keys that no public one belongs to any more.
pub(super) fn without_old(private: PrivateKeys, public: &DkimKeys) -> PrivateKeys {
    let named = |selector: &str| public.current.iter().chain(&public.next).any(|key| key.selector == selector);
    private.into_iter().filter(|(selector, _)| named(selector)).collect()
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// A key that can sign.
#[derive(Debug)]
struct SigningKey {
    selector: String,
    pair: Pair,
}

impl SigningKey {
    fn open(key: &DkimKey, private: &PrivateKeys) -> Result<Self> {
        let text = private.get(&key.selector).ok_or_else(|| broken("is missing"))?;
        let der = STANDARD.decode(text).map_err(broken)?;
        let pair = match key.algorithm {
            DkimAlgorithm::Rsa => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).map_err(broken)?)),
            DkimAlgorithm::Ed25519 => Pair::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(&der).map_err(broken)?)),
        };
        Ok(Self { selector: key.selector.clone(), pair })
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature);
                signed.map_err(|_| broken("did not sign"))?;
                Ok(signature)
            }
            // RFC 8463 §3: over the hash.
            Pair::Ed25519(pair) => Ok(pair.sign(&Sha256::digest(input)).as_ref().to_vec()),
        }
    }
}

/// A domain's keys, ready to sign.
#[derive(Debug)]
pub(super) struct Signer {
    domain: String,
    keys: Vec<SigningKey>,
}

impl Signer {
    /// The mail with a signature of each of `selectors` in front. Costs processor time.
    pub(super) fn sign(&self, selectors: &[String], raw: &[u8], at: Timestamp) -> Result<Bytes> {
        let signable =
            Signable::of(raw).ok_or_else(|| EngineError::Internal("a mail without From can't be signed".into()))?;
        let mut signed = Vec::with_capacity(raw.len() + 2_048);
        for key in self.keys.iter().filter(|key| selectors.contains(&key.selector)) {
            let unsigned = signable.unsigned(&Signature {
                algorithm: key.algorithm(),
                domain: &self.domain,
                selector: &key.selector,
                at: at.as_seconds(),
            });
            let signature = key.sign(&unsigned.input)?;
            signed.extend_from_slice(unsigned.signed(&signature).as_bytes());
        }
        signed.extend_from_slice(raw);
        Ok(signed.into())
    }
}

/// How a domain's mail is signed: its keys, and those of them that receivers can check.
#[derive(Debug, Clone)]
pub(crate) struct Signing {
    signer: Arc<Signer>,
    selectors: Vec<String>,
}

impl Signing {
    pub(super) fn new(signer: Arc<Signer>, selectors: Vec<String>) -> Self {
        Self { signer, selectors }
    }

    /// The mail with its signatures in front. Costs processor time: some 0.2 ms a key of RSA.
    ///
    /// # Errors
    /// The mail has no From.
    pub fn sign(&self, raw: &[u8], at: Timestamp) -> Result<Bytes> {
        self.signer.sign(&self.selectors, raw, at)
    }
}

/// Keys that were opened, by domain. They are opened anew when the domain signs with others.
#[derive(Default)]
pub struct OpenKeys(Mutex<HashMap<DomainId, Arc<Signer>>>);

impl OpenKeys {
    pub(super) fn of(&self, vault: &Vault, row: &DomainRow) -> Result<Arc<Signer>> {
        let is_current = |signer: &Signer| {
            let (kept, current) = (&signer.keys, &row.keys.current);
            kept.len() == current.len() && kept.iter().zip(current).all(|(kept, key)| kept.selector == key.selector)
        };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&row.id).cloned();
        if let Some(signer) = known.filter(|signer| is_current(signer)) {
            return Ok(signer);
        }
        let private = unseal(vault, &row.id, &row.secrets)?;
        let keys = row.keys.current.iter().map(|key| SigningKey::open(key, &private)).collect::<Result<_>>()?;
        let signer = Arc::new(Signer { domain: row.name.clone(), keys });
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(row.id.clone(), signer.clone());
        Ok(signer)
    }

    pub(super) fn forget(&self, id: &DomainId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
