//! Snapshots of crust-gather (<https://github.com/crust-gather/crust-gather>): a file for each object of every kind that
//! can be listed, and the logs of each container. What it was told to leave out is written down nowhere.

use super::{Format, Holds, Singles, behind, log, objects_file};

pub const FORMAT: Format = Format { is_mark, holds, timestamps: false, singles: Singles::AllWhereUnfiltered };

fn is_mark(path: &[&str]) -> bool {
    let is_object = |path: &[&str]| matches!(path, ["v1", _, file] if objects_file(file).is_some());
    behind("namespaces", path).is_some_and(|path| path.len() == 4 && is_object(&path[1..]))
        || behind("cluster", path).is_some_and(is_object)
}

fn holds(path: &[&str]) -> Holds {
    match behind("namespaces", path) {
        Some([namespace, "v1", "pod", pod, container, "current.log"]) => log(namespace, pod, container, false),
        Some([namespace, "v1", "pod", pod, container, "previous.log"]) => log(namespace, pod, container, true),
        Some([_, _, _, file]) if objects_file(file).is_some() => Holds::Objects,
        None => match behind("cluster", path) {
            Some([_, _, file]) if objects_file(file).is_some() => Holds::Objects,
            _ => Holds::Nothing,
        },
        Some(_) => Holds::Nothing,
    }
}
