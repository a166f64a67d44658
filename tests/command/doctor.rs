//! Runs the binary, away from whatever this machine is configured for.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

/// The binary, with no kubeconfig, no home and no terminal.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-doctor"));
    command.args(args).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// What one run gave.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    /// The only line on stderr, where nothing is diagnosed: without a word on stdout, with exit status 2.
    #[track_caller]
    pub fn complaint(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        self.line()
    }

    /// The only line on stderr.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').expect("a whole line");
        assert!(!line.contains('\n') && !line.contains("panicked"), "{line}");
        line.strip_prefix("error: ").expect("an error")
    }

    /// The document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The rules of the findings, in their order.
    #[track_caller]
    pub fn found(&self) -> Vec<String> {
        let document = self.json();
        let findings = document["findings"].as_array().expect("findings");
        findings.iter().map(|finding| finding["rule"].as_str().expect("a rule").to_owned()).collect()
    }
}

pub fn doctor(args: &[&str]) -> Run {
    command(args).output().unwrap().into()
}

/// With this on standard input.
pub fn doctor_reading(args: &[&str], input: &[u8]) -> Run {
    let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

/// What `kubectl get pods,svc,deploy -o yaml` printed: a Service selects `hello-serve`, its pods carry `hello-server`.
pub const TYPO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/input/selector-typo.yaml");

/// A folder that is gone at the end of its test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("command-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a file, and says where.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
