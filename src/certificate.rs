//! What a certificate says in public: from when to when, and for which names.

use jiff::Timestamp;
use k8s_openapi::ByteString;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webpki::EndEntityCert;

/// What is kept of a certificate; the certificate itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last one.
    pub not_after: Timestamp,
    /// The DNS names of its subjectAltName, which is all that clients look at; nothing where they can't be read.
    pub names: Option<Vec<String>>,
}

impl Certificate {
    /// The first certificate of a PEM file: the server's own, those behind it are its issuers'.
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        let der = of_pem(pem).into_iter().next()?;
        let (not_before, not_after) = validity(&der)?;
        let of_names = |certificate: EndEntityCert| certificate.valid_dns_names().map(str::to_owned).collect();
        let names = EndEntityCert::try_from(&CertificateDer::from(der.as_slice())).ok().map(of_names);
        Some(Self { not_before, not_after, names })
    }

    /// Whether it is for this host: a wildcard stands for one label.
    pub fn is_for(&self, host: &str) -> bool {
        let above = |name: &str| name.split_once('.').map(|(_, above)| above.to_lowercase());
        self.names.as_ref().is_none_or(|names| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host) || (name.starts_with("*.") && above(name) == above(host)))
        })
    }
}

/// The certificates of a PEM file, in DER.
pub fn of_pem(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|rest| rest.split_once("-----END CERTIFICATE-----"))
        .filter_map(|(body, _)| base64(body))
        .collect()
}

/// Decodes base64, whatever white space stands in it.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.split_whitespace().collect();
    let bytes: ByteString = serde_json::from_value(Value::String(packed)).ok()?;
    Some(bytes.0)
}

// `notBefore` and `notAfter`.
fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = element(&mut { der })?;
    let (_, mut fields) = element(&mut { certificate })?;
    // [0] version (absent in version 1), serial number, algorithm, issuer, validity.
    let (tag, _) = element(&mut fields)?;
    for _ in 0..if tag == 0xa0 { 3 } else { 2 } {
        element(&mut fields)?;
    }
    let (_, mut validity) = element(&mut fields)?;
    let mut next = || {
        let (tag, text) = element(&mut validity)?;
        moment(tag, std::str::from_utf8(text).ok()?)
    };
    Some((next()?, next()?))
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

    // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=shop -days 1
    //   -addext subjectAltName=DNS:shop.example.com,DNS:*.shop.example.com
    const PEM: &str = include_str!("certificate.pem");

    #[test]
    fn dates_and_names_are_read() {
        let certificate = Certificate::of_pem(PEM.as_bytes()).unwrap();
        assert_eq!(certificate.not_after, certificate.not_before + jiff::Span::new().hours(24));
        assert_eq!(certificate.names.unwrap(), ["shop.example.com", "*.shop.example.com"]);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let certificate = Certificate::of_pem(PEM.as_bytes()).unwrap();
        for (host, is_for) in [
            ("shop.example.com", true),
            ("SHOP.example.com", true),
            ("a.shop.example.com", true),
            ("a.b.shop.example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(certificate.is_for(host), is_for, "{host}");
        }
    }

    #[test]
    fn a_broken_certificate_says_nothing() {
        let cut = PEM.replace("MII", "MIA");
        assert_eq!(Certificate::of_pem(cut.as_bytes()), None);
        assert_eq!(Certificate::of_pem(b""), None);
        assert_eq!(element(&mut [0x30, 0x89, 0xff].as_slice()), None);
        assert_eq!(element(&mut [0x30, 0xff].as_slice()), None);
    }
}
