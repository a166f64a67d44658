//! When a client certificate or a token ends: what a server that answers 401
//! does not say.

use jiff::Timestamp;
use serde_json::Value;

use crate::certificate::Certificate;
pub(super) use crate::certificate::{base64, of_pem as certificates};

/// `notAfter` of the first certificate of a PEM file.
pub(super) fn of_certificate(pem: &[u8]) -> Option<Timestamp> {
    Certificate::of_pem(pem).map(|certificate| certificate.not_after)
}

/// `exp` of a token, if it is a JWT.
pub(super) fn of_token(token: &str) -> Option<Timestamp> {
    let claims = token.split('.').nth(1)?;
    let mut standard = claims.replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    let claims: Value = serde_json::from_slice(&base64(&standard)?).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_f64()? as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=jane -days 1
    const PEM: &str = include_str!("expired.pem");

    #[test]
    fn the_end_of_a_certificate_is_read() {
        assert_eq!(of_certificate(PEM.as_bytes()), "2021-01-02T03:04:05Z".parse().ok());
    }

    #[test]
    fn the_end_of_a_token_is_read_where_it_is_a_jwt() {
        // {"exp":1700000000}
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.c2ln";
        assert_eq!(of_token(token), Timestamp::from_second(1_700_000_000).ok());
        assert_eq!(of_token("abcdef.0123456789abcdef"), None);
        assert_eq!(of_token("opaque"), None);
    }
}
