//! When a client certificate or a token ends: what a server that answers 401
//! does not say.

use jiff::Timestamp;
use k8s_openapi::ByteString;
use serde_json::Value;

/// The certificates of a PEM file, in DER.
pub(super) fn certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|rest| rest.split_once("-----END CERTIFICATE-----"))
        .filter_map(|(body, _)| base64(body))
        .collect()
}

/// `notAfter` of the first certificate of a PEM file.
pub(super) fn of_certificate(pem: &[u8]) -> Option<Timestamp> {
    let der = certificates(pem).into_iter().next()?;
    let (_, certificate) = element(&mut der.as_slice())?;
    let (_, mut fields) = element(&mut { certificate })?;
    // [0] version (absent in version 1), serial number, algorithm, issuer, validity.
    let (tag, _) = element(&mut fields)?;
    for _ in 0..if tag == 0xa0 { 3 } else { 2 } {
        element(&mut fields)?;
    }
    let (_, mut validity) = element(&mut fields)?;
    element(&mut validity)?;
    let (tag, end) = element(&mut validity)?;
    moment(tag, std::str::from_utf8(end).ok()?)
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

/// Decodes base64, whatever white space stands in it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.split_whitespace().collect();
    let bytes: ByteString = serde_json::from_value(Value::String(packed)).ok()?;
    Some(bytes.0)
}

// One DER element: its tag and its content.
fn element<'a>(der: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, mut rest) = rest.split_first()?;
    let mut length = usize::from(short);
    if short >= 0x80 {
        let (long, after) = rest.split_at_checked(usize::from(short & 0x7f))?;
        length =
            long.iter().try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    *der = after;
    Some((tag, content))
}

// UTCTime (0x17) has two digits for the year, GeneralizedTime four.
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = match (tag, text) {
        (0x17, text) if text.get(..2)? < "50" => format!("20{text}"),
        (0x17, text) => format!("19{text}"),
        (_, text) => text.to_owned(),
    };
    let part = |from: usize| digits.get(from..from + 2);
    let (month, day) = (part(4)?, part(6)?);
    let (hour, minute, second) = (part(8)?, part(10)?, part(12)?);
    format!("{}-{month}-{day}T{hour}:{minute}:{second}Z", digits.get(..4)?).parse().ok()
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

    #[test]
    fn a_broken_certificate_has_no_end() {
        let cut = PEM.replace("MII", "MIA");
        assert_eq!(of_certificate(cut.as_bytes()), None);
        assert_eq!(of_certificate(b""), None);
        assert_eq!(element(&mut [0x30, 0x89, 0xff].as_slice()), None);
        assert_eq!(element(&mut [0x30, 0xff].as_slice()), None);
    }
}
