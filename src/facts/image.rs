//! An image reference taken apart, and what else of its kind is used nearby.

use std::{cmp::Reverse, collections::BTreeMap};

use k8s_openapi::api::core::v1::{Node, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::nearest::{Candidate, nearest};
use crate::{document::Nearest, inventory::Inventory};

/// An image reference as the container runtime reads it: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`,
/// docker.io and `latest` where they are left out
/// (<https://kubernetes.io/docs/concepts/containers/images/#image-names>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// `docker.io`.
    pub host: String,
    /// `library/nginx`.
    pub path: String,
    /// `1.25`, or `latest`; empty where a digest stands alone.
    pub tag: String,
    /// `sha256:…`, or nothing.
    pub digest: String,
}

impl ImageRef {
    /// Takes a reference apart. Any text has parts; whether they are valid is another question.
    pub fn parse(image: &str) -> Self {
        let (named, digest) = image.split_once('@').unwrap_or((image, ""));
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => ("docker.io", named),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ => (rest, if digest.is_empty() { "latest" } else { "" }),
        };
        let host = if host == "index.docker.io" { "docker.io" } else { host };
        let path = if host == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        Self { host: host.to_owned(), path, tag: tag.to_owned(), digest: digest.to_owned() }
    }

    /// Host and path without the tag.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }
}

/// An image, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ImageFacts {
    /// As the spec writes it.
    pub name: String,
    /// The registry's host, `docker.io` where none is written.
    pub host: String,
    /// Without host and tag.
    pub path: String,
    /// The tag; `latest` where none is written.
    pub tag: String,
    /// Whether other images of the same repository are used in this cluster,
    /// so that the repository is there and the tag is what is missing.
    pub repository_is_used: bool,
    /// The image that worked before in this container; empty where none is known.
    pub previous: String,
    /// Images used elsewhere in this cluster that are near, nearest first.
    pub nearest: Vec<Nearest>,
    /// The host used elsewhere in this cluster that is near this one.
    pub nearest_host: Vec<Nearest>,
    /// The image with that host; empty where there is none.
    pub at_nearest_host: String,
    /// The image to go back to: the previous one, else the nearest; empty where neither is known.
    pub better: String,
    /// What is wrong with the name as written; empty where nothing is.
    pub invalid: String,
}

/// The images in use, each with the first pod or node that has it.
pub struct ImagesInUse(BTreeMap<String, String>);

impl ImagesInUse {
    /// Images that a container really runs, and those that nodes hold.
    pub fn of(inventory: &Inventory) -> Self {
        let mut images: BTreeMap<String, String> = BTreeMap::new();
        for node in inventory.seen_anywhere::<Node>() {
            let held = node.status.as_ref().and_then(|status| status.images.as_deref()).unwrap_or_default();
            for name in held.iter().flat_map(|image| image.names.as_deref().unwrap_or_default()) {
                if !name.contains('@') {
                    let node = super::object::name(&node.metadata);
                    images.insert(short(name), format!("Node/{node} holds it"));
                }
            }
        }
        for pod in inventory.seen_anywhere::<Pod>() {
            let statuses =
                pod.status.as_ref().and_then(|status| status.container_statuses.as_deref()).unwrap_or_default();
            for status in statuses.iter().filter(|status| !status.image_id.is_empty()) {
                // What runs is what the spec names; the status may name another tag of the same content.
                let runs = status.state.as_ref().is_some_and(|state| state.running.is_some());
                let written = spec_image(pod, &status.name).filter(|image| runs || same(image, &status.image));
                let image = written.map_or_else(|| short(&status.image), str::to_owned);
                let runs = format!("Pod/{} runs it", super::object::name(&pod.metadata));
                // The first pod of several is named, and a pod rather than a node.
                match images.get(&image) {
                    Some(known) if known.starts_with("Pod/") => {}
                    _ => drop(images.insert(image, runs)),
                }
            }
        }
        images.retain(|image, _| !image.starts_with("sha256:"));
        Self(images)
    }

    /// What is known of an image, given the one that worked before.
    pub fn facts(&self, image: &str, previous: Option<String>) -> ImageFacts {
        let wanted = ImageRef::parse(image);
        let others: Vec<_> = self.0.iter().filter(|(other, _)| !same(other, image)).collect();
        let of_repository: Vec<_> =
            others.iter().filter(|(other, _)| ImageRef::parse(other).repository() == wanted.repository()).collect();
        let nearest: Vec<Nearest> = if of_repository.is_empty() {
            nearest_repository(&wanted, image, &others)
        } else {
            let mut tags: Vec<_> = of_repository
                .iter()
                .map(|(other, who)| (tag_distance(&wanted, &ImageRef::parse(other).tag), *other, *who))
                .collect();
            tags.sort();
            tags.into_iter().take(3).map(|(_, other, who)| Nearest { value: other.clone(), why: who.clone() }).collect()
        };
        let hosts: Vec<_> =
            others.iter().map(|(other, _)| ImageRef::parse(other).host).filter(|host| *host != wanted.host).collect();
        let nearest_host = super::nearest::nearest(
            &wanted.host,
            hosts.iter().map(|host| Candidate {
                name: host,
                holds: false,
                note: "used elsewhere in this cluster".to_owned(),
            }),
        );
        let previous = previous.filter(|previous| !same(previous, image)).unwrap_or_default();
        let better = if previous.is_empty() {
            nearest.first().map(|nearest| nearest.value.clone()).unwrap_or_default()
        } else {
            previous.clone()
        };
        ImageFacts {
            name: image.to_owned(),
            at_nearest_host: nearest_host
                .first()
                .filter(|_| image.starts_with(&wanted.host))
                .map(|near| image.replacen(&wanted.host, &near.value, 1))
                .unwrap_or_default(),
            host: wanted.host,
            path: wanted.path,
            tag: wanted.tag,
            repository_is_used: !of_repository.is_empty(),
            previous,
            nearest,
            nearest_host,
            better,
            invalid: what_is_invalid(image),
        }
    }
}

/// Whether two references name the same image.
pub fn same(one: &str, other: &str) -> bool {
    ImageRef::parse(one) == ImageRef::parse(other)
}

fn spec_image<'a>(pod: &'a Pod, container: &str) -> Option<&'a str> {
    let containers = &pod.spec.as_ref()?.containers;
    containers.iter().find(|spec| spec.name == container)?.image.as_deref()
}

/// As people write it: `docker.io/blux2/hello-server:1.0` is `blux2/hello-server:1.0`.
pub fn short(image: &str) -> String {
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    image.strip_prefix("library/").unwrap_or(image).to_owned()
}

// Of tags that are written alike the next version is nearer: 1.0 before 1.9 for 1.1. Where no tag was chosen
// the newest is nearest, as far as its numbers tell.
fn tag_distance(wanted: &ImageRef, tag: &str) -> (usize, Reverse<Vec<u64>>, u64) {
    if wanted.tag.is_empty() || wanted.tag == "latest" {
        let numbers = tag.split(|it: char| !it.is_ascii_digit()).filter_map(|number| number.parse().ok());
        return (usize::from(tag != "latest"), Reverse(numbers.collect()), 0);
    }
    let last = |tag: &str| tag.rsplit('.').next().and_then(|number| number.parse::<u64>().ok());
    let versions = last(&wanted.tag).zip(last(tag)).map_or(u64::MAX, |(wanted, tag)| wanted.abs_diff(tag));
    (strsim::osa_distance(&wanted.tag, tag), Reverse(Vec::new()), versions)
}

// Only repositories count here; the tag that was asked for is preferred where it is in use.
fn nearest_repository(wanted: &ImageRef, image: &str, others: &[(&String, &String)]) -> Vec<Nearest> {
    let mut by_repository: BTreeMap<String, (&String, &String)> = BTreeMap::new();
    for (other, who) in others {
        let parsed = ImageRef::parse(other);
        let exact = parsed.tag == wanted.tag;
        let repository = short(&parsed.repository());
        if exact || !by_repository.contains_key(&repository) {
            by_repository.insert(repository, (other, who));
        }
    }
    let repository = short(&ImageRef::parse(image).repository());
    let candidates =
        by_repository.iter().map(|(name, (_, who))| Candidate { name, holds: false, note: (*who).clone() });
    nearest(&repository, candidates)
        .into_iter()
        .filter_map(|found| {
            let (other, who) = by_repository.get(&found.value)?;
            Some(Nearest { value: (*other).clone(), why: (*who).clone() })
        })
        .collect()
}

// The grammar of github.com/distribution/reference, by the part that breaks it.
fn what_is_invalid(image: &str) -> String {
    let part = ImageRef::parse(image);
    let path_character = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    if image.is_empty() {
        return "it is empty".to_owned();
    }
    if let Some(found) = image.chars().find(|c| c.is_whitespace()) {
        return format!("it contains white space ({found:?})");
    }
    if image.starts_with("http://") || image.starts_with("https://") {
        return "it begins with a URL scheme".to_owned();
    }
    if let Some(found) = part.path.chars().find(char::is_ascii_uppercase) {
        return format!("the repository {:?} has an upper-case letter ({found:?})", part.path);
    }
    if let Some(found) = part.path.chars().find(|c| !path_character(*c)) {
        return format!("the repository {:?} has the character {found:?}", part.path);
    }
    if part.path.is_empty() || part.path.split('/').any(str::is_empty) {
        return "a part of the repository is empty".to_owned();
    }
    if part.tag.is_empty() && part.digest.is_empty() {
        return "the tag is empty".to_owned();
    }
    if let Some(found) = part.tag.chars().find(|c| !c.is_ascii_alphanumeric() && !"._-".contains(*c)) {
        return format!("the tag {:?} has the character {found:?}", part.tag);
    }
    if part.tag.starts_with(['.', '-']) || part.tag.len() > 128 {
        return format!("the tag {:?} is not one", part.tag);
    }
    if !part.digest.is_empty() && !part.digest.contains(':') {
        return format!("the digest {:?} has no algorithm", part.digest);
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_apart_as_the_runtime_does() {
        for (image, host, path, tag) in [
            ("nginx", "docker.io", "library/nginx", "latest"),
            ("blux2/hello-server:1.1", "docker.io", "blux2/hello-server", "1.1"),
            ("localhost/a:1", "localhost", "a", "1"),
            ("private.local:5001/team/api", "private.local:5001", "team/api", "latest"),
            ("ghcr.io/x/y@sha256:00", "ghcr.io", "x/y", ""),
        ] {
            let parsed = ImageRef::parse(image);
            assert_eq!((parsed.host.as_str(), parsed.path.as_str(), parsed.tag.as_str()), (host, path, tag), "{image}");
        }
    }

    #[test]
    fn the_same_image_is_recognised_however_it_is_written() {
        assert!(same("docker.io/library/nginx:latest", "nginx"));
        assert!(!same("nginx:1.25", "nginx:1.26"));
    }

    #[test]
    fn the_part_of_a_name_that_is_wrong_is_told() {
        for (image, part) in [
            ("blux2/Hello Server:1.0", "white space"),
            ("blux2/Hello:1.0", "upper-case"),
            ("https://a.example/b", "URL scheme"),
            ("a//b:1", "empty"),
            ("nginx:", "tag is empty"),
            ("nginx:1.0+x", "tag"),
        ] {
            assert!(what_is_invalid(image).contains(part), "{image}: {}", what_is_invalid(image));
        }
        assert_eq!(what_is_invalid("private.local:5001/team/api:1.0"), "");
    }
}
