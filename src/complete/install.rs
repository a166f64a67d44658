//! Puts on the PATH what kubectl looks for to complete the words of a plugin.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::COMMAND;
use crate::error::Error;

#[cfg(windows)]
const NAMES: [&str; 2] = ["kubectl_complete-doctor.cmd", "kubectl-doctor.exe"];
#[cfg(not(windows))]
const NAMES: [&str; 2] = ["kubectl_complete-doctor", "kubectl-doctor"];

/// Writes it beside the plugin as the PATH has it, else into the first folder of the PATH that takes it; says where.
///
/// # Errors
/// Where no folder takes it, or another program has that name.
pub fn install() -> Result<String, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let (beside, others): (Vec<&PathBuf>, Vec<_>) = folders.iter().partition(|folder| folder.join(NAMES[1]).is_file());
    let mut refused = None;
    for folder in beside.into_iter().chain(others) {
        let file = folder.join(NAMES[0]);
        if fs::read_to_string(&file).is_ok_and(|text| !text.contains(COMMAND)) {
            return Err(Error::new(format!("{} is another program; it is left as it is", file.display())));
        }
        match write(&file) {
            Ok(()) => return Ok(format!("wrote {}; kubectl completes kubectl doctor from now on\n", file.display())),
            Err(error) => refused = refused.or(Some(format!("cannot write {}: {error}", file.display()))),
        }
    }
    let why = refused.unwrap_or_else(|| "the PATH has no folder".to_owned());
    Err(Error::new(format!("{why}; put a folder that you may write to on the PATH")))
}

fn write(file: &Path) -> std::io::Result<()> {
    fs::write(file, script())?;
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

fn script() -> String {
    match cfg!(windows) {
        true => format!("@kubectl-doctor {COMMAND} %*\r\n"),
        false => format!("#!/bin/sh\nexec kubectl-doctor {COMMAND} \"$@\"\n"),
    }
}
