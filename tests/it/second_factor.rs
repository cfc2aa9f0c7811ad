//! The second factor from outside: asked for after a restart and with a new vault key as before, taken away on the command line.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(a_second_factor_outlives_a_restart_and_a_new_vault_key, a_command_takes_a_lost_second_factor_away);

const EMAIL: &str = "tessa@example.test";
/// Of those whom `as_new_user` adds.
const PASSWORD: &str = "a long pass phrase";

/// RFC 6238: what an authenticator app shows so many half minutes from now.
fn code(secret: &str, steps: u64) -> String {
    let bits = secret.bytes().fold(String::new(), |bits, letter| {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).expect("base 32");
        bits + &format!("{value:05b}")
    });
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0')))
        .collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &(now / 30 + steps).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let value = tag[offset..offset + 4].iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
    format!("{:06}", (value & 0x7fff_ffff) % 1_000_000)
}

/// Tessa's app, and her recovery codes.
async fn set_up(api: &Api) -> (String, Vec<String>) {
    let tessa = api.as_new_user(EMAIL, "agent").await;
    let secret = text(&tessa.post("/users/me/second-factor", json!({})).await.expect(200).json(), "/secret");
    let confirm = json!({ "code": code(&secret, 0) });
    let codes = tessa.post("/users/me/second-factor/confirm", confirm).await.expect(200).json();
    let codes = codes["recoveryCodes"].as_array().expect("codes").iter();
    (secret, codes.map(|code| code.as_str().expect("a code").to_owned()).collect())
}

async fn first_step(api: &Api) -> Value {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    api.without_key().post("/session", body).await.expect(202).json()
}

async fn second_step(api: &Api, first: &Value, code: &str) -> crate::api::Answer {
    api.without_key().post("/session/second-step", json!({ "token": first["token"], "code": code })).await
}

async fn a_second_factor_outlives_a_restart_and_a_new_vault_key(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (secret, codes) = set_up(&postroom.api()).await;
    let first = first_step(&postroom.api()).await;
    postroom.kill();
    postroom.run(&["vault", "rotate"]);
    postroom.launch().await;
    let api = postroom.api();
    second_step(&api, &first, "000000").await.expect(401);
    // What was begun before goes on; the code that confirmed the app is used, the next one is not.
    let signed_in = second_step(&api, &first, &code(&secret, 1)).await.expect(200).json();
    assert_eq!(signed_in["user"]["email"], EMAIL);
    let first = first_step(&api).await;
    second_step(&api, &first, &codes[0]).await.expect(200);
    let first = first_step(&api).await;
    second_step(&api, &first, &codes[0]).await.expect(401);
}

async fn a_command_takes_a_lost_second_factor_away(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    set_up(&api).await;
    first_step(&api).await;
    postroom.run(&["user", "reset-second-factor", "--email", EMAIL]);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    api.without_key().post("/session", body).await.expect(200);
    let log = api.get("/audit-log?action=secondFactor.reset").await.expect(200).json();
    assert_eq!(log["items"][0]["actor"]["type"], "commandLine");
    assert_eq!(log["items"][0]["target"]["name"], EMAIL);
    let again = postroom.run_any(&["user", "reset-second-factor", "--email", EMAIL]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("has no second factor"), "{said}");
}
