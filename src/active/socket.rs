//! The sockets of `/proc/net/tcp`, `tcp6`, `udp` and `udp6`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};

/// A socket that listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Socket {
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// The address that it is bound to: `0.0.0.0`, `127.0.0.1`, `::`.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

impl Socket {
    /// From `tcp6/00000000000000000000000000000000:1F90`: four bytes after each other as the machine has them, which
    /// is the last first on all that Kubernetes runs on but s390x.
    pub fn from_proc(text: &str) -> Option<Self> {
        let (table, bound) = text.split_once('/')?;
        let (address, port) = bound.split_once(':')?;
        let protocol = if table.starts_with("tcp") { "TCP" } else { "UDP" };
        let port = u16::from_str_radix(port, 16).ok()?;
        let mut words = Vec::new();
        for start in (0..address.len()).step_by(8) {
            words.push(u32::from_str_radix(address.get(start..start + 8)?, 16).ok()?.swap_bytes());
        }
        let address = match words.as_slice() {
            [word] => IpAddr::V4(Ipv4Addr::from(*word)),
            [a, b, c, d] => {
                let bits = (u128::from(*a) << 96) | (u128::from(*b) << 64) | (u128::from(*c) << 32) | u128::from(*d);
                IpAddr::V6(Ipv6Addr::from(bits))
            }
            _ => return None,
        };
        // What is bound to an address of the other family is bound to that.
        let address = address.to_canonical();
        Some(Self { protocol: protocol.to_owned(), address, port })
    }

    /// Whether it can be reached from inside the pod alone.
    pub fn is_local(&self) -> bool {
        self.address.is_loopback()
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.protocol == "TCP" { "" } else { "/UDP" };
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}:{}{protocol}", self.port),
            IpAddr::V6(address) => write!(f, "[{address}]:{}{protocol}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Socket::from_proc(text).map(|socket| socket.to_string())
    }

    #[test]
    fn a_socket_is_read_as_the_kernel_writes_it() {
        assert_eq!(shown("tcp/0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(shown("udp/00000000:0035").as_deref(), Some("0.0.0.0:53/UDP"));
        assert_eq!(shown("tcp6/00000000000000000000000000000000:01BB").as_deref(), Some("[::]:443"));
        assert_eq!(shown("tcp6/00000000000000000000000001000000:01BB").as_deref(), Some("[::1]:443"));
        assert_eq!(
            shown("tcp6/B80D01200000000067452301EFCDAB89:0050").as_deref(),
            Some("[2001:db8::123:4567:89ab:cdef]:80")
        );
    }

    #[test]
    fn what_is_bound_to_an_address_of_the_other_family_is_shown_as_that() {
        assert_eq!(shown("tcp6/0000000000000000FFFF00000100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "tcp/", "tcp/0100007F", "tcp/xx:1F90", "tcp/0100007F01:1F90"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
