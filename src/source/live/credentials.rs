//! Who the user is to the server: settled once before the first request. The
//! kube crate would run a credential plugin three times.

use std::{
    fmt,
    io::{BufRead, BufReader, IsTerminal, Read},
    process::{Command, Stdio},
};

use jiff::Timestamp;
use k8s_openapi::ByteString;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expiry;
use crate::error::Error;

/// What the server is shown, for the message when it refuses it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Credential {
    pub(super) form: Form,
    pub(super) expires: Option<Timestamp>,
    /// The command that gave it.
    pub(super) plugin: Option<String>,
}

/// The sorts of credential.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Form {
    #[default]
    Nothing,
    Token,
    Certificate,
    Password,
    /// The `auth-provider` of old kubeconfigs.
    Provider,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Nothing => "credentials",
            Form::Token => "token",
            Form::Certificate => "client certificate",
            Form::Password => "password",
            Form::Provider => "auth-provider's token",
        })
    }
}

/// Reads the token file and runs the credential plugin, so that only tokens,
/// certificates and passwords are left; and the file, which is read anew each minute: a pod's token is replaced
/// within the hour.
pub(super) fn settle(user: &mut AuthInfo, who: &str) -> Result<Credential, Error> {
    let mut plugin = None;
    let mut file = user.token_file.take().filter(|_| user.token.is_none());
    if let Some(path) = &file {
        let token = std::fs::read_to_string(path)
            .map_err(|error| Error::new(format!("cannot read the token file {path} of {who}: {error}")))?;
        user.token = Some(token.trim().into());
        // kube takes what stands there as it is.
        file = file.filter(|_| token == token.trim());
    }
    if let Some(exec) = user.exec.take()
        && user.token.is_none()
        && user.username.is_none()
    {
        let status = run(&exec, who)?;
        plugin = exec.command;
        if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
            user.client_certificate_data = Some(base64(certificate));
            user.client_key_data = Some(base64(key).into());
        }
        user.token = status.token.map(Into::into);
    }
    let credential = Credential { plugin, ..shown(user) };
    if file.is_some() {
        // It would go before the file.
        user.token = None;
        user.token_file = file;
    }
    Ok(credential)
}

fn shown(user: &AuthInfo) -> Credential {
    // Secrets in AuthInfo open up only when written out.
    let plain = serde_json::to_value(user).unwrap_or_default();
    let text = |field: &str| plain.get(field).and_then(Value::as_str);
    let certificate = match (text("client-certificate-data"), text("client-certificate")) {
        (Some(data), _) => expiry::base64(data),
        (None, Some(path)) => std::fs::read(path).ok(),
        (None, None) => None,
    };
    // The server looks at the certificate first.
    let (form, expires) = if let Some(pem) = certificate {
        (Form::Certificate, expiry::of_certificate(&pem))
    } else if let Some(token) = text("token") {
        (Form::Token, expiry::of_token(token))
    } else if user.username.is_some() {
        (Form::Password, None)
    } else if user.auth_provider.is_some() {
        (Form::Provider, None)
    } else {
        (Form::Nothing, None)
    };
    Credential { form, expires, plugin: None }
}

fn base64(text: String) -> String {
    match serde_json::to_value(ByteString(text.into_bytes())) {
        Ok(Value::String(encoded)) => encoded,
        _ => String::new(),
    }
}

#[derive(Deserialize)]
struct ExecCredential {
    status: Option<ExecStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

fn run(exec: &ExecConfig, who: &str) -> Result<ExecStatus, Error> {
    let Some(name) = &exec.command else {
        return Err(Error::new(format!("the exec section of {who} names no command: repair the kubeconfig")));
    };
    let plugin = format!("the credential plugin {name} of {who}");
    let asks = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        _ => std::io::stdin().is_terminal(),
    };
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) && !asks {
        return Err(Error::new(format!(
            "{plugin} must ask for something, and there is no terminal: run it in one first"
        )));
    }
    let mut command = Command::new(name);
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let info = json!({
        "kind": "ExecCredential",
        "apiVersion": exec.api_version,
        "spec": {"interactive": asks, "cluster": exec.cluster},
    });
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    command.stdin(if asks { Stdio::inherit() } else { Stdio::null() });
    let output = output(command, asks).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let hint = exec.install_hint.as_deref().and_then(|hint| hint.lines().find(|line| !line.is_empty()));
            Error::new(format!("{plugin} is not installed: {}", hint.unwrap_or("install it, or put it on the PATH")))
        }
        _ => Error::new(format!("{plugin} cannot be run: {error}")),
    })?;
    if !output.success {
        let said = if output.last.is_empty() { "it says nothing more" } else { &output.last };
        return Err(Error::new(format!("{plugin} failed: {said}; log in again, or run it by hand")));
    }
    // JSON, or YAML as client-go takes it.
    let credential: ExecCredential = serde_saphyr::from_str(&output.stdout)
        .map_err(|_| Error::new(format!("{plugin} gave no ExecCredential: run it by hand to see what it prints")))?;
    match credential.status {
        Some(status) if status.token.is_some() || status.client_certificate_data.is_some() => Ok(status),
        _ => Err(Error::new(format!("{plugin} gave no token and no certificate: log in again, or run it by hand"))),
    }
}

struct Output {
    success: bool,
    stdout: String,
    /// The last line on standard error.
    last: String,
}

// Where the plugin may ask, what it says is passed on as it says it ("open this
// page, enter this code").
fn output(mut command: Command, asks: bool) -> std::io::Result<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take();
    let said = std::thread::spawn(move || {
        let mut last = String::new();
        for line in stderr.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
            if asks {
                eprintln!("{line}");
            }
            if !line.trim().is_empty() {
                last = line.trim().to_owned();
            }
        }
        last
    });
    let mut stdout = Vec::new();
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout)?;
    }
    let success = child.wait()?.success();
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    Ok(Output { success, stdout, last: said.join().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(value: Value) -> AuthInfo {
        serde_json::from_value(value).unwrap()
    }

    fn plugin(script: &str) -> AuthInfo {
        user(json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": "sh", "args": ["-c", script],
        }}))
    }

    #[test]
    fn a_plugin_gives_its_token() {
        let mut user = plugin(r#"echo '{"kind":"ExecCredential","status":{"token":"t1"}}'"#);
        let credential = settle(&mut user, "user \"u\"").unwrap();
        assert_eq!(credential.form, Form::Token);
        assert_eq!(credential.plugin.as_deref(), Some("sh"));
        assert!(user.exec.is_none());
        assert_eq!(serde_json::to_value(&user).unwrap()["token"], "t1");
    }

    #[test]
    fn a_plugin_is_told_what_it_is_asked_for() {
        let mut user = plugin(r#"echo "status: {token: '$KUBERNETES_EXEC_INFO'}""#);
        settle(&mut user, "user \"u\"").unwrap();
        let token = serde_json::to_value(&user).unwrap()["token"].as_str().unwrap().to_owned();
        let info: Value = serde_json::from_str(&token).unwrap();
        assert_eq!(info["apiVersion"], "client.authentication.k8s.io/v1");
        assert_eq!(info["spec"]["interactive"], false);
    }

    #[test]
    fn a_failing_plugin_is_told_by_its_last_line() {
        let mut user = plugin("echo first >&2; echo 'token is expired, run sso login' >&2; exit 1");
        let error = settle(&mut user, "user \"u\"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the credential plugin sh of user \"u\" failed: token is expired, run sso login; log in again, or run it by hand"
        );
    }

    #[test]
    fn an_absent_plugin_is_told_with_its_install_hint() {
        let mut user = user(json!({"exec": {"command": "no-such-plugin-1", "installHint": "\nbrew install it\n"}}));
        let error = settle(&mut user, "user \"u\"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the credential plugin no-such-plugin-1 of user \"u\" is not installed: brew install it"
        );
    }

    #[test]
    fn a_plugin_that_prints_something_else_is_an_error() {
        for script in ["echo Login:", "echo '{}'", "true"] {
            assert!(settle(&mut plugin(script), "user \"u\"").is_err(), "{script}");
        }
    }

    #[test]
    fn a_token_goes_before_the_plugin() {
        let mut user = plugin("exit 1");
        user.token = Some("given".into());
        assert_eq!(settle(&mut user, "user \"u\"").unwrap().plugin, None);
    }

    #[test]
    fn a_token_file_is_read_without_its_line_end() {
        let path = std::env::temp_dir().join(format!("kubectl-doctor-{}-token", std::process::id()));
        std::fs::write(&path, "t2\n").unwrap();
        let mut user = user(json!({"tokenFile": path}));
        settle(&mut user, "user \"u\"").unwrap();
        assert_eq!(serde_json::to_value(&user).unwrap()["token"], "t2");
    }

    #[test]
    fn a_token_file_is_kept_to_be_read_again() {
        let path = std::env::temp_dir().join(format!("kubectl-doctor-{}-kept", std::process::id()));
        std::fs::write(&path, "t3").unwrap();
        let mut user = user(json!({"tokenFile": path}));
        let credential = settle(&mut user, "user \"u\"").unwrap();
        assert_eq!(credential.form, Form::Token);
        assert!(user.token.is_none());
        assert_eq!(user.token_file.as_deref(), path.to_str());
    }

    #[test]
    fn the_end_of_a_client_certificate_is_known() {
        let pem = base64(include_str!("expired.pem").to_owned());
        let mut user = user(json!({"client-certificate-data": pem}));
        let credential = settle(&mut user, "user \"u\"").unwrap();
        assert_eq!(credential.form, Form::Certificate);
        assert_eq!(credential.expires, "2021-01-02T03:04:05Z".parse().ok());
    }
}
