//! From what the verifiers found to the results the product records. Owns the judgement over several signatures; never
//! looks anything up that was not looked up before, if it can help it.

use std::collections::BTreeSet;

use mail_auth::crypto::Algorithm;
use mail_auth::dkim::DkimError;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    ArcOutput, AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, Parameters, SpfOutput, SpfResult,
};
use model::auth::{AuthResult, AuthResults, DmarcPolicy};
use tokio::time::{Instant, timeout_at};

use super::Inner;

/// DKIM signatures checked of one mail; those beyond are ignored.
const SIGNATURES_MAX: usize = 20;
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
    pub(super) async fn judge(&self, mail: &[u8], domain: &str, spf: &SpfOutput, deadline: Instant) -> AuthResults {
        let mut results = AuthResults { spf: spf_result(spf.result()), ..AuthResults::default() };
        let mut why = Vec::new();
        if !matches!(spf.result(), SpfResult::Pass | SpfResult::None) {
            why.push(format!("spf: {} for {}", spf.result(), spf.domain()));
        }
        let Some(mut message) = AuthenticatedMessage::parse(mail) else {
            results.detail = explain(&why);
            return results;
        };
        refuse_weak_signatures(&mut message);
        let judged = timeout_at(deadline, async {
            let dkim = self.verifier.verify_dkim(Parameters::new(&message).with_cache(&self.dkim)).await;
            let arc = self.verifier.verify_arc(Parameters::new(&message).with_cache(&self.dkim)).await;
            let parameters = DmarcParameters::new(&message, &dkim, domain, spf);
            let dmarc = self.verifier.verify_dmarc(Parameters::new(parameters).with_cache(&self.dmarc)).await;
            judge_dkim(&message, &dkim, &mut results, &mut why);
            judge_arc(&message, &arc, &mut results, &mut why);
            judge_dmarc(&message, &dmarc, &mut results, &mut why);
        });
        let judged = judged.await;
        if judged.is_err() {
            why.push("DNS did not answer in time".to_owned());
            let unsigned = message.dkim_signatures().is_empty();
            let unsealed = message.arc_seals().is_empty();
            results.dkim = if unsigned { AuthResult::None } else { AuthResult::TempError };
            results.arc = if unsealed { AuthResult::None } else { AuthResult::TempError };
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

/// rsa-sha1 proves nothing any more (RFC 8301 §3.1), and nobody signs a mail that often in earnest.
fn refuse_weak_signatures(message: &mut AuthenticatedMessage<'_>) {
    let mut count = 0;
    message.retain_dkim_signatures(|signature| {
        count += 1;
        if signature.a == Algorithm::RsaSha1 || count > SIGNATURES_MAX {
            return Err(DkimError::UnsupportedAlgorithm);
        }
        Ok(())
    });
}

/// One good signature is enough; without one, the result nearest to it.
fn judge_dkim(
    message: &AuthenticatedMessage<'_>,
    outputs: &[DkimOutput<'_>],
    results: &mut AuthResults,
    why: &mut Vec<String>,
) {
    let mut domains = BTreeSet::new();
    let mut best: Option<AuthResult> = None;
    for output in outputs {
        let result = dkim_result(output.result());
        let domain = output.signature().map_or("", |signature| signature.d.as_str());
        if result == AuthResult::Pass {
            domains.insert(domain.to_ascii_lowercase());
        } else if let Some(error) = dkim_error(output.result()) {
            let of = if domain.is_empty() { String::new() } else { format!(" for {domain}") };
            why.push(format!("dkim{of}: {error}"));
        }
        best = Some(best.map_or(result, |best| nearest_to_pass(best, result)));
    }
    // A signature that can't even be read gives no output.
    let unreadable = message.has_dkim_errors().then_some(AuthResult::Neutral);
    results.dkim = best.or(unreadable).unwrap_or_default();
    results.dkim_domains = domains.into_iter().collect();
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
fn judge_arc(
    message: &AuthenticatedMessage<'_>,
    output: &ArcOutput<'_>,
    results: &mut AuthResults,
    why: &mut Vec<String>,
) {
    let weak = message.arc_message_signatures().iter().any(|header| header.header.a == Algorithm::RsaSha1)
        || message.arc_seals().iter().any(|header| header.header.a == Algorithm::RsaSha1);
    let pieces = !message.arc_seals().is_empty() || !message.arc_authentication_results().is_empty();
    results.arc = match output.result() {
        DkimResult::Pass if !weak => AuthResult::Pass,
        DkimResult::None if !pieces => AuthResult::None,
        DkimResult::TempError(_) => AuthResult::TempError,
        _ => AuthResult::Fail,
    };
    if let Some(error) = dkim_error(output.result()) {
        why.push(format!("arc: {error}"));
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

/// A body that does not match its hash is a failed signature (RFC 6376 §6.1.3), and so is a weak one; the rest of what the
/// library calls neutral could not be judged.
fn dkim_result(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(mail_auth::Error::Dkim(
            DkimError::BodyHashMismatch | DkimError::UnsupportedAlgorithm | DkimError::SignatureExpired,
        )) => AuthResult::Fail,
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
