//! The setting about reverse proxies in front of the HTTP listener.

use server::TrustedProxies;

use super::{ConfigError, Result, Values};

impl Values {
    pub(super) fn trusted_proxies(&self) -> Result<TrustedProxies> {
        let Some(text) = self.text("trusted_proxies")? else { return Ok(TrustedProxies::default()) };
        TrustedProxies::parse(&text)
            .map_err(|expected| ConfigError::new("trusted_proxies", format!("`{text}` was read; {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn proxies_of_this_machine_are_trusted_until_it_is_said_otherwise() {
        for (values, expected) in [
            (&[][..], "127.0.0.0/8, ::1/128"),
            (&[("trusted_proxies", "off")], ""),
            (&[("trusted_proxies", "10.0.0.0/8, 192.0.2.7")], "10.0.0.0/8, 192.0.2.7/32"),
        ] {
            assert_eq!(read(values).unwrap().trusted_proxies.to_text(), expected, "{values:?}");
        }
        let error = read(&[("trusted_proxies", "10.0.0.1/8")]).unwrap_err().to_string();
        assert!(error.starts_with("POSTROOM_TRUSTED_PROXIES") && error.contains("10.0.0.1/8"), "{error}");
    }
}
