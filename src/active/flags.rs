//! The flags of active checks.

use std::time::Duration;

use crate::duration::{self, Limit};

/// The image that checks run in: any with sh and curl or wget does.
const IMAGE: &str = "docker.io/curlimages/curl:8.17.0";

const LONGEST: Duration = Duration::from_secs(60);

/// Whether and how to check actively.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Active checks")]
pub struct Flags {
    /// Make connections as well: inside the pod, to the pod, through the Service. Makes a pod and an ephemeral container
    #[arg(long, global = true)]
    pub probe: bool,
    /// Do not ask before something is made or changed in the cluster
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// The path to ask for [default: that of the pod's own probes, else /]
    #[arg(long, global = true, value_name = "PATH")]
    pub path: Option<String>,
    /// The Host header, and the name in TLS
    #[arg(long, global = true, value_name = "NAME")]
    pub host: Option<String>,
    /// A header to send, as in 'X-Tenant: shop'; may be repeated, and can be read in the spec of what is made
    #[arg(long, global = true, value_name = "HEADER")]
    pub header: Vec<String>,
    /// How long to wait for one answer, from 1s to 60s
    #[arg(long, global = true, value_name = "DURATION", default_value = "4s", value_parser = whole_seconds)]
    pub timeout: Limit,
    /// The image of the checks, with sh and curl or wget
    #[arg(long, global = true, value_name = "IMAGE", default_value = IMAGE)]
    pub probe_image: String,
}

impl Flags {
    /// How many seconds to wait for one answer.
    pub fn seconds(&self) -> u64 {
        self.timeout.unwrap_or(LONGEST).as_secs()
    }

    /// What is wrong with them; nothing where they do.
    pub fn complaint(&self) -> Option<String> {
        let one_line = |text: &String| !text.chars().any(char::is_control);
        let is_path = |path: &String| path.starts_with('/') && path.chars().all(|sign| sign.is_ascii_graphic());
        if self.path.as_ref().is_some_and(|path| !is_path(path)) {
            return Some(
                "--path has to start with a slash, and to be escaped (%20 for a blank), as in --path /healthz"
                    .to_owned(),
            );
        }
        if self.host.as_ref().is_some_and(|host| !host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)))
        {
            return Some("--host has to be a host's name, as in --host shop.example.com".to_owned());
        }
        let is_header = |header: &String| one_line(header) && header.contains(':');
        if let Some(header) = self.header.iter().find(|header| !is_header(header)) {
            return Some(format!("--header {header:?} is no header; write 'Name: value'"));
        }
        None
    }
}

fn whole_seconds(text: &str) -> Result<Limit, String> {
    let limit = duration::parse(text)?;
    let is_whole = |limit: &Duration| limit.subsec_nanos() == 0 && (1..=LONGEST.as_secs()).contains(&limit.as_secs());
    limit.filter(is_whole).map(Some).ok_or_else(|| "write whole seconds from 1s to 60s".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    fn complaint(words: &[&str]) -> Option<String> {
        Cli::try_parse_from(["doctor"].iter().chain(words)).unwrap().active.complaint()
    }

    #[test]
    fn what_would_not_be_a_request_is_complained_of() {
        for words in [
            ["--path", "healthz"],
            ["--path", "/a\nHost: b"],
            ["--path", "/a b"],
            ["--host", "a b"],
            ["--host", "a/../b"],
            ["--header", "nothing"],
            ["--header", "A: b\r\nC: d"],
        ] {
            assert!(complaint(&words).is_some(), "{words:?}");
        }
        assert_eq!(complaint(&["--path", "/a?b=c", "--host", "shop.example.com", "--header", "X-Tenant: shop"]), None);
    }
}
