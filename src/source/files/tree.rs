//! Many files at once: a folder, or an archive, whether or not it is packed.

use std::{
    fs,
    io::{self, BufReader, Cursor, Read, Seek},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::cannot_read;
use crate::error::Error;

/// Where the files are.
pub enum Tree {
    Folder(PathBuf),
    /// `.tar`, or `.tar.gz`.
    Archive(PathBuf),
    /// An archive from standard input.
    Bytes(Vec<u8>),
}

/// What is done with each file: its path, with `/` between the folders, and its content.
type Take<'a> = &'a mut dyn FnMut(&str, &mut dyn Read) -> Result<(), Error>;

impl Tree {
    /// The archive in a file, where its first bytes say that it is one.
    ///
    /// # Errors
    /// Where the file cannot be read, or is packed in another way.
    pub fn in_file(path: &Path) -> Result<Option<Self>, Error> {
        let name = path.display().to_string();
        let mut start = Vec::new();
        let file = fs::File::open(path).map_err(|error| cannot_read(&name, &error))?;
        file.take(START).read_to_end(&mut start).map_err(|error| cannot_read(&name, &error))?;
        Ok(is_archive(&name, &start)?.then(|| Self::Archive(path.to_owned())))
    }

    /// The archive in these bytes, or the bytes as they were.
    ///
    /// # Errors
    /// Where they are packed in another way.
    pub fn in_bytes(bytes: Vec<u8>) -> Result<Result<Self, Vec<u8>>, Error> {
        Ok(if is_archive("standard input", &bytes)? { Ok(Self::Bytes(bytes)) } else { Err(bytes) })
    }

    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(path) | Self::Archive(path) => path.display().to_string(),
            Self::Bytes(_) => "standard input".to_owned(),
        }
    }

    /// What to call one of its files.
    pub fn name_of(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(path).display().to_string(),
            Self::Archive(_) | Self::Bytes(_) => format!("{}: {path}", self.name()),
        }
    }

    /// All of a file.
    ///
    /// # Errors
    /// Where it cannot be read, or its archive was cut off.
    pub fn content(&self, path: &str, file: &mut dyn Read) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.unreadable(path, &error))?;
        // crust-gather packs a byte too many of each file.
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        Ok(bytes)
    }

    /// The end of a file that may be large.
    ///
    /// # Errors
    /// As [`Tree::content`].
    pub fn end_of(&self, path: &str, file: &mut dyn Read) -> Result<Vec<u8>, Error> {
        let mut end = Vec::new();
        while file.take(CHUNK).read_to_end(&mut end).map_err(|error| self.unreadable(path, &error))? > 0 {
            let kept = usize::try_from(CHUNK).unwrap_or(usize::MAX);
            end.drain(..end.len().saturating_sub(kept));
        }
        Ok(end)
    }

    fn unreadable(&self, path: &str, error: &io::Error) -> Error {
        match self {
            Self::Folder(_) => cannot_read(&self.name_of(path), error),
            Self::Archive(_) | Self::Bytes(_) => self.broken(error),
        }
    }

    /// The paths of its files.
    ///
    /// # Errors
    /// Where it cannot be read, or was cut off.
    pub fn paths(&self) -> Result<Vec<String>, Error> {
        let mut paths = Vec::new();
        match self {
            Self::Folder(folder) => find_files(folder, "", &mut paths)?,
            Self::Archive(_) | Self::Bytes(_) => self.each(&mut |path, _| {
                paths.push(path.to_owned());
                Ok(())
            })?,
        }
        Ok(paths)
    }

    /// Each file; those of a folder in order.
    ///
    /// # Errors
    /// Where it cannot be read, or was cut off; and what comes of what is done.
    pub fn each(&self, take: Take) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => {
                for path in self.paths()? {
                    let at = folder.join(&path);
                    let mut file =
                        fs::File::open(&at).map_err(|error| cannot_read(&at.display().to_string(), &error))?;
                    take(&path, &mut file)?;
                }
                Ok(())
            }
            Self::Archive(path) => {
                let file = fs::File::open(path).map_err(|error| cannot_read(&self.name(), &error))?;
                self.each_packed(BufReader::new(file), take)
            }
            Self::Bytes(bytes) => self.each_packed(Cursor::new(bytes), take),
        }
    }

    fn each_packed(&self, mut bytes: impl Read + Seek, take: Take) -> Result<(), Error> {
        let broken = |error: io::Error| self.broken(&error);
        let mut start = [0; 2];
        bytes.read_exact(&mut start).and_then(|()| bytes.rewind()).map_err(broken)?;
        if start == GZIP { self.each_entry(MultiGzDecoder::new(bytes), take) } else { self.each_entry(bytes, take) }
    }

    fn each_entry(&self, packed: impl Read, take: Take) -> Result<(), Error> {
        let mut packed = ToItsEnd { packed, ended: false };
        let mut archive = tar::Archive::new(&mut packed);
        for entry in archive.entries().map_err(|error| self.broken(&error))? {
            let mut entry = entry.map_err(|error| self.broken(&error))?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = path.strip_prefix("./").unwrap_or(&path);
            if !path.split('/').any(is_hidden) {
                take(path, &mut entry)?;
            }
        }
        // What packed it writes a mark behind the last file, so that what ends before was cut off.
        io::copy(&mut packed, &mut io::sink()).map_err(|error| self.broken(&error))?;
        if packed.ended { Ok(()) } else { Err(self.broken(&io::ErrorKind::UnexpectedEof.into())) }
    }

    fn broken(&self, error: &io::Error) -> Error {
        let said = error.to_string();
        let why = if error.kind() == io::ErrorKind::UnexpectedEof || said.contains("unexpected EOF") {
            "ends in the middle, so it was cut off".to_owned()
        } else {
            format!("is no whole archive: {}", said.lines().next().unwrap_or_default())
        };
        Error::new(format!("{}: {why}: pack or copy it once more", self.name()))
    }
}

// Whether a `.tar` had its end: two blocks of nothing, which a file that was cut off lacks.
struct ToItsEnd<R> {
    packed: R,
    ended: bool,
}

impl<R: Read> Read for ToItsEnd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.packed.read(buffer)?;
        if read > 0 {
            let last = &buffer[read.saturating_sub(BLOCK)..read];
            self.ended = last.iter().all(|byte| *byte == 0);
        }
        Ok(read)
    }
}

/// Of a log more than is ever kept.
const CHUNK: u64 = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BLOCK: usize = 512;
/// As far as to the word that a tar header holds.
const START: u64 = BLOCK as u64;
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

fn is_archive(name: &str, start: &[u8]) -> Result<bool, Error> {
    let other = match start {
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "packed with zstd",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "packed with xz",
        [b'B', b'Z', b'h', ..] => "packed with bzip2",
        _ => return Ok(start.starts_with(&GZIP) || start.get(TAR_MAGIC) == Some(b"ustar")),
    };
    Err(Error::new(format!("{name}: {other}: unpack it, and name the folder")))
}

// Sorted, down to every folder; what is hidden stays hidden, and no link is
// followed into a folder, for it may lead around in a circle.
fn find_files(folder: &Path, within: &str, found: &mut Vec<String>) -> Result<(), Error> {
    let broken = |error: io::Error| cannot_read(&folder.display().to_string(), &error);
    let mut entries = fs::read_dir(folder).map_err(broken)?.collect::<Result<Vec<_>, _>>().map_err(broken)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        if is_hidden(&name) {
            continue;
        }
        if entry.file_type().map_err(broken)?.is_dir() {
            find_files(&entry.path(), &path, found)?;
        } else if entry.path().is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}
