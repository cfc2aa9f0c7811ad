//! What the listener does with what sender authentication says.

use model::auth::{AuthResult, DmarcPolicy};

use super::listener::{Server, exchange};
use crate::auth::tests::authenticator;
use crate::auth::tests::zone::Zone;

/// A mail from `from` to `recipient`, whose envelope sender is nobody's proof.
fn mail(from: &str, recipient: &str) -> Vec<u8> {
    let envelope = format!("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<{recipient}@inbox.test>\r\nDATA\r\n");
    format!("{envelope}From: {from}\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n").into_bytes()
}

#[tokio::test]
async fn a_channel_that_rejects_refuses_what_fails_where_its_domain_asks_for_it() {
    let zone = Zone::default()
        .txt("_dmarc.reject.test", "v=DMARC1; p=reject")
        .txt("_dmarc.quarantine.test", "v=DMARC1; p=quarantine");
    let names = zone.serve().await;
    let server = Server::start_verifying(authenticator(&names)).await;
    let cases = [
        ("ann@reject.test", "strict", false),
        ("ann@reject.test", "a", true),
        ("ann@quarantine.test", "strict", true),
        ("ann@elsewhere.test", "strict", true),
    ];
    for (from, recipient, accepted) in cases {
        let before = server.mails().len();
        let replies = exchange(server.address, &mail(from, recipient)).await;
        assert_eq!(server.mails().len() - before, usize::from(accepted), "{from} to {recipient}: {replies}");
        let refused = "550 5.7.1 the mail fails DMARC and the sender's domain asks to reject it: ";
        assert_eq!(replies.contains(refused), !accepted, "{replies}");
        assert_eq!(replies.contains("neither SPF nor DKIM speaks for reject.test"), !accepted, "{replies}");
    }
    let recorded = server.mails()[0].auth.clone().expect("results");
    assert_eq!((recorded.dmarc, recorded.dmarc_policy), (AuthResult::Fail, DmarcPolicy::Reject));
    server.stop().await;
}
