//! What a long error message comes down to.

use std::sync::LazyLock;

use regex_lite::Regex;

/// The message without who passed it on to whom: the kubelet, containerd, its shim and runc each put a
/// prefix before the error of the one below.
pub fn of(message: &str) -> &str {
    static PASSED_ON: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let prefixes = [
            r#"Back-off pulling image "[^"]*""#,
            r#"Failed to pull image "[^"]*""#,
            "ErrImagePull",
            r"rpc error: code = \w+ desc = ",
            r#"failed to pull and unpack image "[^"]*""#,
            r#"failed to resolve reference "[^"]*""#,
            "failed to copy",
            "httpReadSeeker",
            "failed open",
            "failed to do request",
            "failed to create containerd task",
            "failed to create shim task",
            "OCI runtime create failed",
            "runc create failed",
            "unable to start container process",
            "error during container init",
        ];
        Regex::new(&format!("^(?:(?:{})(?:: )?)+", prefixes.join("|"))).ok()
    });
    let message = message.trim().trim_end_matches(": unknown");
    let passed_on = PASSED_ON.as_ref().and_then(|prefixes| prefixes.find(message)).map_or(0, |found| found.end());
    match &message[passed_on..] {
        "" => message,
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_the_error_itself() {
        for (message, gist) in [
            (
                r#"Back-off pulling image "web:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/web:1": failed to resolve reference "docker.io/library/web:1": docker.io/library/web:1: not found"#,
                "docker.io/library/web:1: not found",
            ),
            (
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: mkdir /etc/group: not a directory: unknown",
                "mkdir /etc/group: not a directory",
            ),
            (r#"Back-off pulling image "web:1""#, r#"Back-off pulling image "web:1""#),
            ("cannot open /data", "cannot open /data"),
            ("", ""),
        ] {
            assert_eq!(of(message), gist);
        }
    }
}
