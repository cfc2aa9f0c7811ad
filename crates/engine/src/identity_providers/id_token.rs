//! What an ID token says, once it is verified (OpenID Connect Core 1.0 §3.1.3.7). Pure but for the clock of its expiry: keys come in, a
//! person comes out.

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

/// Those of public keys: a token that was signed by a secret we share would be one that we could make, too.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// §2: never more than 255 ASCII characters.
const SUBJECT_CHARS_MAX: usize = 255;

/// Who signed in at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Value,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// Some say it as a text.
    #[serde(default)]
    email_verified: Value,
    #[serde(default)]
    name: Option<String>,
}

/// What a token has to be for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
}

/// Who the token speaks of; the error says why it is not believed, for the log.
pub(super) fn verify(token: &str, keys: &JwkSet, expected: Expected<'_>) -> Result<Person, String> {
    let header = decode_header(token).map_err(|error| format!("the ID token can't be read: {error}"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(format!("the ID token is signed by {:?}, which is not expected", header.alg));
    }
    let key = key_for(keys, header.kid.as_deref(), header.alg)?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[expected.client_id]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let claims = decode::<Claims>(token, &key, &validation).map_err(|error| format!("the ID token: {error}"))?.claims;
    let several = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    if (several || claims.azp.is_some()) && claims.azp.as_deref() != Some(expected.client_id) {
        return Err("the ID token is for another party".into());
    }
    let nonce = claims.nonce.unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err("the ID token is of another sign-in".into());
    }
    if claims.sub.is_empty() || claims.sub.chars().count() > SUBJECT_CHARS_MAX {
        return Err("the ID token names nobody".into());
    }
    let email_verified = is_true(&claims.email_verified);
    Ok(Person { subject: claims.sub, email: claims.email, email_verified, name: claims.name })
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || value == "true"
}

impl Person {
    /// With what the provider's user info says of the same person. Many say there what the ID token leaves out.
    pub fn with(self, info: &Value) -> Result<Self, String> {
        if info["sub"].as_str() != Some(self.subject.as_str()) {
            return Err("the user info is of another person".into());
        }
        let text = |name: &str| info[name].as_str().map(str::to_owned);
        Ok(match self.email {
            Some(_) => Self { name: self.name.or_else(|| text("name")), ..self },
            // An address and whether it is verified are said in one place.
            None => Self {
                email: text("email"),
                email_verified: is_true(&info["email_verified"]),
                name: self.name.or_else(|| text("name")),
                ..self
            },
        })
    }
}

/// The key a token names, or the only one that could have signed it.
fn key_for(keys: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, String> {
    let family = family_of(algorithm);
    let signs = |key: &&Jwk| key.common.public_key_use.as_ref().is_none_or(|wanted| *wanted == PublicKeyUse::Signature);
    let named = |key: &&Jwk| kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
    let fitting: Vec<DecodingKey> = keys
        .keys
        .iter()
        .filter(signs)
        .filter(named)
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .filter(|key| key.family() == family)
        .collect();
    let [key] = &fitting[..] else {
        return Err(format!("{} keys of the provider could have signed the ID token", fitting.len()));
    };
    Ok(key.clone())
}

/// For the fuzzer: whether a token is believed, by keys as a provider publishes them.
#[doc(hidden)]
pub fn fuzz_id_token(token: &str, keys: &[u8]) -> bool {
    let expected = Expected { issuer: "https://id.example.org", client_id: "postroom", nonce: "once" };
    serde_json::from_slice(keys).is_ok_and(|keys| verify(token, &keys, expected).is_ok())
}

fn family_of(algorithm: Algorithm) -> AlgorithmFamily {
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => AlgorithmFamily::Ec,
        Algorithm::EdDSA => AlgorithmFamily::Ed,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => AlgorithmFamily::Hmac,
        _ => AlgorithmFamily::Rsa,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use model::Timestamp;
    use serde_json::json;

    use super::*;

    /// A key pair, as it signs and as it is published.
    fn key(kid: &str) -> (EncodingKey, Value) {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let public = json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": part(1), "y": part(33)});
        (EncodingKey::from_ec_der(document.as_ref()), public)
    }

    fn set(keys: &[&Value]) -> JwkSet {
        serde_json::from_value(json!({ "keys": keys })).unwrap()
    }

    fn token(key: &EncodingKey, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, key).unwrap()
    }

    fn claims() -> Value {
        let now = Timestamp::now().as_millis() / 1_000;
        json!({
            "iss": "https://login.example", "aud": "postroom", "sub": "1234", "exp": now + 300, "iat": now,
            "nonce": "once", "email": "ann@example.org", "email_verified": true, "name": "Ann",
        })
    }

    const EXPECTED: Expected<'_> = Expected { issuer: "https://login.example", client_id: "postroom", nonce: "once" };

    #[test]
    fn a_good_token_says_who_it_is() {
        let (private, public) = key("a");
        let person = verify(&token(&private, Some("a"), &claims()), &set(&[&public]), EXPECTED).unwrap();
        assert_eq!((person.subject.as_str(), person.email.as_deref()), ("1234", Some("ann@example.org")));
        assert!(person.email_verified);
        // Without a name, the only key there is.
        assert!(verify(&token(&private, None, &claims()), &set(&[&public]), EXPECTED).is_ok());
    }

    #[test]
    fn a_token_is_believed_by_the_key_that_it_names_alone() {
        let ((old, old_public), (new, new_public)) = (key("old"), key("new"));
        let rotated = set(&[&new_public, &old_public]);
        assert!(verify(&token(&new, Some("new"), &claims()), &rotated, EXPECTED).is_ok());
        assert!(verify(&token(&old, Some("old"), &claims()), &rotated, EXPECTED).is_ok());
        // Once the old one is gone, what it signed is worth nothing.
        assert!(verify(&token(&old, Some("old"), &claims()), &set(&[&new_public]), EXPECTED).is_err());
        assert!(verify(&token(&old, Some("new"), &claims()), &rotated, EXPECTED).is_err());
        assert!(verify(&token(&old, None, &claims()), &rotated, EXPECTED).is_err(), "which of the two is not known");
    }

    #[test]
    fn what_is_not_for_this_sign_in_is_not_believed() {
        let (private, public) = key("a");
        let keys = set(&[&public]);
        let now = Timestamp::now().as_millis() / 1_000;
        for (name, value) in [
            ("iss", json!("https://login.example/")),
            ("aud", json!("another")),
            ("aud", json!(["postroom", "another"])),
            ("azp", json!("another")),
            ("exp", json!(now - 120)),
            ("nbf", json!(now + 600)),
            ("nonce", json!("twice")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", json!("x".repeat(256))),
        ] {
            let mut wrong = claims();
            wrong[name] = value.clone();
            assert!(verify(&token(&private, Some("a"), &wrong), &keys, EXPECTED).is_err(), "{name}: {value}");
        }
        for name in ["iss", "aud", "exp", "sub", "nonce"] {
            let mut wrong = claims();
            wrong.as_object_mut().unwrap().remove(name);
            assert!(verify(&token(&private, Some("a"), &wrong), &keys, EXPECTED).is_err(), "without {name}");
        }
        let mut several = claims();
        several["aud"] = json!(["postroom", "another"]);
        several["azp"] = json!("postroom");
        // For others too, and we are the one it was made for: the library takes it, and so do we.
        assert!(verify(&token(&private, Some("a"), &several), &keys, EXPECTED).is_ok());
    }

    #[test]
    fn tokens_without_a_signature_or_by_a_shared_secret_are_refused() {
        let (_, public) = key("a");
        let keys = set(&[&public]);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims()));
        assert!(verify(&unsigned, &keys, EXPECTED).is_err());
        // The published key, taken for a secret.
        let secret = EncodingKey::from_secret(public["x"].as_str().unwrap().as_bytes());
        let by_secret = encode(&Header::new(Algorithm::HS256), &claims(), &secret.unwrap()).unwrap();
        assert!(verify(&by_secret, &keys, EXPECTED).is_err());
    }

    #[test]
    fn what_the_token_leaves_out_is_taken_of_the_same_person_alone() {
        let person = Person { subject: "1".into(), email: None, email_verified: true, name: None };
        let info = json!({"sub": "1", "email": "ann@example.org", "email_verified": false, "name": "Ann"});
        let with = person.clone().with(&info).unwrap();
        assert_eq!((with.email.as_deref(), with.email_verified), (Some("ann@example.org"), false));
        assert!(person.clone().with(&json!({"sub": "2", "email": "ann@example.org"})).is_err());
        assert!(person.with(&json!({"email": "ann@example.org"})).is_err());
        let said =
            Person { email: Some("a@example.org".into()), subject: "1".into(), email_verified: false, name: None };
        let other = json!({"sub": "1", "email": "b@example.org", "email_verified": true});
        assert_eq!(said.clone().with(&other).unwrap(), said);
    }

    #[test]
    fn an_address_is_verified_only_where_it_is_said() {
        let (private, public) = key("a");
        for (said, verified) in
            [(json!(true), true), (json!("true"), true), (json!(false), false), (Value::Null, false)]
        {
            let mut claims = claims();
            claims["email_verified"] = said;
            let person = verify(&token(&private, Some("a"), &claims), &set(&[&public]), EXPECTED).unwrap();
            assert_eq!(person.email_verified, verified);
        }
    }
}
