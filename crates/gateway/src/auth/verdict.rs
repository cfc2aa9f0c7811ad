//! From what the verifiers found to the results the product records. Owns the judgement over several signatures; never
//! looks anything up that was not looked up before, if it can help it.

use std::collections::BTreeSet;

use mail_auth::dkim::DkimError;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    ArcOutput, AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, Parameters, SpfOutput, SpfResult,
};
use model::auth::{AuthResult, AuthResults, DmarcPolicy};
use tokio::time::{Instant, timeout_at};

use super::evidence::key_names;
use super::key::Keys;
use super::signature::{Fault, check_dkim, check_spacing, malformed, spaced_names};
use super::{Inner, arc};

/// DKIM signatures checked of one mail; those beyond are ignored. Nobody signs a mail that often in earnest.
pub(super) const SIGNATURES_MAX: usize = 20;
/// Refused DKIM signatures that are told of.
const REFUSALS_MAX: usize = 20;
/// Characters of the explanation.
const DETAIL_CHARS_MAX: usize = 500;

/// Nothing could be found out.
pub(super) fn undecided(why: &str) -> AuthResults {
    AuthResults {
        spf: AuthResult::TempError,
        dkim: AuthResult::TempError,
        dmarc: AuthResult::TempError,
        arc: AuthResult::TempError,
        detail: Some(why.to_owned()),
        ..AuthResults::default()
    }
}

impl Inner {
    /// DKIM, ARC and DMARC of `mail`, and what they come to together with `spf`.
    pub(super) async fn judge(
        &self,
        mail: &[u8],
        domain: &str,
        spf: &SpfOutput,
        mut keys: Keys,
        deadline: Instant,
    ) -> AuthResults {
        let mut results = AuthResults { spf: spf_result(spf.result()), ..AuthResults::default() };
        let mut why = Vec::new();
        if !matches!(spf.result(), SpfResult::Pass | SpfResult::None) {
            why.push(format!("spf: {} for {}", spf.result(), spf.domain()));
        }
        let Some(mut message) = AuthenticatedMessage::parse(mail) else {
            results.detail = explain(&why);
            return results;
        };
        let refusals = refuse_signatures(&mut message);
        let chain = arc::check(&message);
        let judged = timeout_at(deadline, async {
            self.look_up_keys(&mut keys, &key_names(&message), deadline).await;
            let dkim = self.verifier.verify_dkim(Parameters::new(&message).with_cache(&keys)).await;
            match chain {
                Ok(false) => {}
                Ok(true) => {
                    let output = self.verifier.verify_arc(Parameters::new(&message).with_cache(&keys)).await;
                    judge_arc(&output, &mut results, &mut why);
                }
                Err(fault) => {
                    results.arc = AuthResult::Fail;
                    why.push(format!("arc: {}", fault.why));
                }
            }
            let parameters = DmarcParameters::new(&message, &dkim, domain, spf);
            let dmarc = self.verifier.verify_dmarc(Parameters::new(parameters).with_cache(&self.dmarc)).await;
            judge_dkim(&dkim, &refusals, &mut results, &mut why);
            judge_dmarc(&message, &dmarc, &mut results, &mut why);
        });
        let judged = judged.await;
        if judged.is_err() {
            why.push("DNS did not answer in time".to_owned());
            let refused = refusals.iter().map(|refusal| refusal.fault.result).reduce(nearest_to_pass);
            let unsigned = message.dkim_signatures().is_empty();
            results.dkim = if unsigned { refused.unwrap_or_default() } else { AuthResult::TempError };
            results.arc = match chain {
                Ok(true) => AuthResult::TempError,
                Ok(false) => AuthResult::None,
                Err(_) => AuthResult::Fail,
            };
            results.dmarc = AuthResult::TempError;
        }
        results.detail = explain(&why);
        results
    }
}

fn explain(why: &[String]) -> Option<String> {
    if why.is_empty() {
        return None;
    }
    Some(why.join("; ").chars().filter(|character| !character.is_control()).take(DETAIL_CHARS_MAX).collect())
}

/// A DKIM signature that is not checked.
pub(super) struct Refusal {
    domain: String,
    fault: Fault,
}

/// Leave those signatures in `message` that are worth checking.
pub(super) fn refuse_signatures(message: &mut AuthenticatedMessage<'_>) -> Vec<Refusal> {
    let spaced = spaced_names(message);
    let mut checked = 0;
    let mut check = |value: &[u8], covered: &[String]| {
        check_dkim(value)?;
        check_spacing(covered, &spaced)?;
        checked += 1;
        if checked > SIGNATURES_MAX { Err(malformed("there are too many signatures")) } else { Ok(()) }
    };
    let faults: Vec<Option<Fault>> =
        message.dkim_signatures().iter().map(|field| check(field.value, &field.header.h).err()).collect();
    let parsed = message.dkim_signatures().iter().zip(&faults);
    let parsed =
        parsed.filter_map(|(field, fault)| fault.map(|fault| Refusal { domain: field.header.d.clone(), fault }));
    // What the library could not read at all.
    let unread =
        message.errors().iter().filter(|field| field.name.trim_ascii().eq_ignore_ascii_case(b"dkim-signature"));
    let unread = unread.map(|field| Refusal {
        domain: String::new(),
        fault: check_dkim(field.value).err().unwrap_or(malformed("the signature can't be read")),
    });
    let refusals = parsed.chain(unread).take(REFUSALS_MAX).collect();
    let mut faults = faults.into_iter();
    // Which error it is told does not matter: it is not asked for it again.
    message.retain_dkim_signatures(|_| match faults.next() {
        Some(None) => Ok(()),
        _ => Err(DkimError::UnsupportedVersion),
    });
    refusals
}

/// One good signature is enough; without one, the result nearest to it.
fn judge_dkim(outputs: &[DkimOutput<'_>], refusals: &[Refusal], results: &mut AuthResults, why: &mut Vec<String>) {
    let mut domains = BTreeSet::new();
    let mut best = refusals.iter().map(|refusal| refusal.fault.result).reduce(nearest_to_pass);
    // Those without a signature are of what was refused.
    for output in outputs {
        let Some(signature) = output.signature() else { continue };
        let result = dkim_result(output.result());
        if result == AuthResult::Pass {
            domains.insert(signature.d.to_ascii_lowercase());
        } else if let Some(error) = dkim_error(output.result()) {
            why.push(format!("dkim for {}: {}", signature.d, told(error)));
        }
        best = Some(best.map_or(result, |best| nearest_to_pass(best, result)));
    }
    for Refusal { domain, fault } in refusals {
        let of = if domain.is_empty() { String::new() } else { format!(" for {domain}") };
        why.push(format!("dkim{of}: {}", fault.why));
    }
    results.dkim = best.unwrap_or_default();
    results.dkim_domains = domains.into_iter().collect();
}

/// Why a key may not be used is ours to say, and comes back in the library's hands.
fn told(error: &mail_auth::Error) -> String {
    if let mail_auth::Error::Io(why) = error { why.clone() } else { error.to_string() }
}

fn nearest_to_pass(one: AuthResult, other: AuthResult) -> AuthResult {
    let rank = |result: AuthResult| match result {
        AuthResult::Pass => 0,
        AuthResult::TempError => 1,
        AuthResult::Fail => 2,
        AuthResult::PermError => 3,
        _ => 4,
    };
    if rank(other) < rank(one) { other } else { one }
}

/// A chain is whole or broken (RFC 8617 §5.2); in between is only DNS that does not answer.
fn judge_arc(output: &ArcOutput<'_>, results: &mut AuthResults, why: &mut Vec<String>) {
    results.arc = match output.result() {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::TempError(_) => AuthResult::TempError,
        _ => AuthResult::Fail,
    };
    match dkim_error(output.result()) {
        Some(error) => why.push(format!("arc: {}", told(error))),
        // Seals or results without a signature over the mail are no chain to the library.
        None if results.arc == AuthResult::Fail => why.push("arc: a part of the chain is missing".to_owned()),
        None => {}
    }
}

fn judge_dmarc(
    message: &AuthenticatedMessage<'_>,
    output: &DmarcOutput,
    results: &mut AuthResults,
    why: &mut Vec<String>,
) {
    let result = output.result();
    results.dmarc = match &result {
        DmarcResult::Pass => AuthResult::Pass,
        DmarcResult::Fail(_) => AuthResult::Fail,
        DmarcResult::TempError(_) => AuthResult::TempError,
        DmarcResult::PermError(_) => AuthResult::PermError,
        DmarcResult::None => AuthResult::None,
    };
    results.dmarc_policy = match output.policy() {
        Policy::Reject => DmarcPolicy::Reject,
        Policy::Quarantine => DmarcPolicy::Quarantine,
        Policy::None | Policy::Unspecified => DmarcPolicy::None,
    };
    match result {
        DmarcResult::Fail(_) => why.push(format!("dmarc: neither SPF nor DKIM speaks for {}", output.domain())),
        DmarcResult::TempError(error) | DmarcResult::PermError(error) => why.push(format!("dmarc: {error}")),
        // Several authors of several domains: which one's policy holds can't be said (RFC 7489 §6.6.1).
        DmarcResult::None if has_several_domains(message.from_addresses()) => {
            results.dmarc = AuthResult::PermError;
            why.push("dmarc: From names several domains".to_owned());
        }
        DmarcResult::Pass | DmarcResult::None => {}
    }
}

fn has_several_domains(addresses: &[String]) -> bool {
    let domain = |address: &String| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    addresses.iter().filter_map(domain).collect::<BTreeSet<_>>().len() > 1
}

fn spf_result(result: SpfResult) -> AuthResult {
    match result {
        SpfResult::Pass => AuthResult::Pass,
        SpfResult::Fail => AuthResult::Fail,
        SpfResult::SoftFail => AuthResult::SoftFail,
        SpfResult::Neutral => AuthResult::Neutral,
        SpfResult::TempError => AuthResult::TempError,
        SpfResult::PermError => AuthResult::PermError,
        SpfResult::None => AuthResult::None,
    }
}

/// A body that does not match its hash is a failed signature (RFC 6376 §6.1.3), and so is one that is over; the rest of what the library
/// calls neutral could not be judged.
fn dkim_result(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(mail_auth::Error::Dkim(DkimError::BodyHashMismatch | DkimError::SignatureExpired)) => {
            AuthResult::Fail
        }
        DkimResult::Neutral(_) => AuthResult::Neutral,
        DkimResult::Fail(_) => AuthResult::Fail,
        DkimResult::PermError(_) => AuthResult::PermError,
        DkimResult::TempError(_) => AuthResult::TempError,
        DkimResult::None => AuthResult::None,
    }
}

fn dkim_error(result: &DkimResult) -> Option<&mail_auth::Error> {
    match result {
        DkimResult::Pass | DkimResult::None => None,
        DkimResult::Neutral(error) | DkimResult::Fail(error) => Some(error),
        DkimResult::PermError(error) | DkimResult::TempError(error) => Some(error),
    }
}
