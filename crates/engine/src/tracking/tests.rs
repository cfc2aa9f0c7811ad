//! What is kept of a visitor.

use super::*;

#[test]
fn of_an_address_the_network_is_kept() {
    for (ip, network) in [
        ("203.0.113.77", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
    ] {
        assert_eq!(network_of(ip.parse().expect("an address")).to_string(), network);
    }
}

#[test]
fn tracking_is_for_one_recipient_with_html() {
    let tracking = |opens, clicks| Tracking { opens, clicks };
    assert!(tracking(false, false).check(3, true).is_ok());
    assert!(tracking(true, true).check(1, false).is_ok());
    assert!(tracking(true, false).check(1, true).is_ok());
    assert!(tracking(true, false).check(2, false).is_err_and(|why| why.contains("one message a recipient")));
    assert!(tracking(true, true).check(1, true).is_err_and(|why| why.contains("html")));
}
