//! Whether a person or a machine followed a mark, by what it says of itself and by when it came. Pure. What looks like a person may be a
//! machine all the same: it can say what it likes.

use std::time::Duration;

use model::Timestamp;
use store::engagement::Act;

use super::Visit;

/// Nobody reads a mail and clicks so soon after it was handed over: what does is a scanner that follows every link.
const SOONEST_CLICK: Duration = Duration::from_secs(2);

/// What kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Apple Mail's privacy protection, which loads all images of all mail.
    ApplePrivacy,
    /// Looks for danger in links and images.
    Scanner,
    /// A browser or program that loads what somebody might open next.
    Prefetch,
    /// A mail provider's store of images: there was an open perhaps, but nobody can say when or where.
    Proxy,
}

impl By {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplePrivacy => "applePrivacy",
            Self::Scanner => "scanner",
            Self::Prefetch => "prefetch",
            Self::Proxy => "proxy",
        }
    }
}

const PROXIES: [&str; 4] = ["googleimageproxy", "yahoomailproxy", "yahoocachesystem", "yandeximages"];

/// Of security products, of what fetches pages without a person, and of libraries.
const SCANNERS: [&str; 30] = [
    "barracuda",
    "proofpoint",
    "mimecast",
    "symantec",
    "messagelabs",
    "fireeye",
    "trendmicro",
    "trend micro",
    "sophos",
    "forcepoint",
    "ironport",
    "bitdefender",
    "kaspersky",
    "mcafee",
    "safelinks",
    "cloudmark",
    "urlscan",
    "virustotal",
    "bingpreview",
    "headlesschrome",
    "phantomjs",
    "python-",
    "curl/",
    "wget/",
    "go-http-client",
    "java/",
    "libwww",
    "crawler",
    "spider",
    "bot/",
];

/// `None`: a person, as far as can be seen.
pub(super) fn judge(act: Act, visit: &Visit, delivered_at: Option<Timestamp>) -> Option<By> {
    let agent = visit.user_agent.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    let purpose = visit.purpose.to_ascii_lowercase();
    let says = |names: &[&str]| names.iter().any(|name| agent.contains(name));
    if ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word)) {
        Some(By::Prefetch)
    } else if says(&PROXIES) {
        Some(By::Proxy)
    } else if visit.head || agent.is_empty() || says(&SCANNERS) {
        Some(By::Scanner)
    } else if act == Act::Open && agent == "mozilla/5.0" {
        // That and no more is all it says.
        Some(By::ApplePrivacy)
    } else if act == Act::Click && delivered_at.is_some_and(|delivered| visit.at < delivered.plus(SOONEST_CLICK)) {
        Some(By::Scanner)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    const AT: Timestamp = Timestamp::from_millis(1_705_314_600_000);

    fn visit(agent: &str, head: bool, purpose: &str) -> Visit {
        Visit { at: AT, ip: None, user_agent: Some(agent.into()), head, purpose: purpose.into() }
    }

    #[test]
    fn machines_are_told_by_what_they_say() {
        for (agent, head, purpose, expected) in [
            (FIREFOX, false, "", None),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", false, "", None),
            ("Mozilla/5.0", false, "", Some(By::ApplePrivacy)),
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                false,
                "",
                Some(By::Proxy),
            ),
            ("YahooMailProxy; https://help.yahoo.com/", false, "", Some(By::Proxy)),
            ("Barracuda Sentinel (EE)", false, "", Some(By::Scanner)),
            ("python-requests/2.31", false, "", Some(By::Scanner)),
            ("", false, "", Some(By::Scanner)),
            (FIREFOX, true, "", Some(By::Scanner)),
            (FIREFOX, false, "prefetch", Some(By::Prefetch)),
            (FIREFOX, false, "Prefetch;prerender", Some(By::Prefetch)),
        ] {
            assert_eq!(judge(Act::Open, &visit(agent, head, purpose), None), expected, "{agent} {head} {purpose}");
        }
    }

    #[test]
    fn a_click_right_after_the_delivery_is_a_scanners() {
        let delivered = |seconds: i64| Some(Timestamp::from_millis(AT.as_millis() - seconds * 1_000_i64));
        assert_eq!(judge(Act::Click, &visit(FIREFOX, false, ""), delivered(1)), Some(By::Scanner));
        assert_eq!(judge(Act::Click, &visit(FIREFOX, false, ""), delivered(2)), None);
        assert_eq!(judge(Act::Click, &visit(FIREFOX, false, ""), None), None);
        assert_eq!(judge(Act::Open, &visit(FIREFOX, false, ""), delivered(1)), None);
    }
}
