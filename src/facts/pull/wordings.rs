//! What container runtimes really say of a pull that failed, and which rule each belongs to.

use serde_json::json;

use crate::{
    engine,
    facts::World,
    graph::{Graph, Reach},
    inventory::{About, Inventory},
    kind::Kind,
    rule::Rules,
};

// The runtime's words as the kubelet passes them on, without its own prefix. `owner/project#number` is the
// issue on GitHub that quotes them; `cluster` was seen on the cluster of tests/cluster.
const WORDINGS: &[(&str, &str, &str)] = &[
    // --- there is no such image
    (
        "image-not-found",
        "cluster",
        r#"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/web:1": failed to resolve reference "docker.io/library/web:1": docker.io/library/web:1: not found"#,
    ),
    (
        "image-not-found",
        "cri-o/cri-o#4388",
        "rpc error: code = Unknown desc = Error reading manifest latest in registry.example.com/image: manifest unknown: manifest unknown",
    ),
    (
        "image-not-found",
        "containers/crun#324",
        "initializing source docker://registry.example.com/hello-world:latest: reading manifest latest in registry.example.com/hello-world: manifest unknown: manifest unknown",
    ),
    (
        "image-not-found",
        "moby distribution/errors.go",
        "rpc error: code = Unknown desc = Error response from daemon: manifest for nginx:1.99 not found: manifest unknown: manifest unknown",
    ),
    (
        "image-not-found",
        "distribution registry/api/errcode: NAME_UNKNOWN",
        "rpc error: code = Unknown desc = reading manifest 1 in registry.example.com/nosuch: name unknown: repository name not known to registry",
    ),
    // --- the registry wants other credentials
    (
        "image-pull-unauthorized",
        "containerd core/remotes/docker",
        r#"failed to pull and unpack image "docker.io/team/web:1": failed to resolve reference "docker.io/team/web:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#,
    ),
    (
        "image-pull-unauthorized",
        "nloui/paperless-mcp#10",
        r#"failed to pull and unpack image "ghcr.io/nloui/paperless-mcp:latest": failed to resolve reference "ghcr.io/nloui/paperless-mcp:latest": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Anloui%2Fpaperless-mcp%3Apull&service=ghcr.io: 403 Forbidden"#,
    ),
    (
        "image-pull-unauthorized",
        "akuity/kargo#778",
        "failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden",
    ),
    (
        "image-pull-unauthorized",
        "bank-vaults/bank-vaults#1640",
        r#"rpc error: code = Unknown desc = failed to pull and unpack image "ghcr.io/banzaicloud/vault-env:1.15.0": failed to copy: httpReaderSeeker: failed open: unexpected status code https://ghcr.io/v2/banzaicloud/vault-env/blobs/sha256:766c: 401 Unauthorized - Server message: unauthorized: unauthenticated: User cannot be authenticated with the token provided."#,
    ),
    (
        "image-pull-unauthorized",
        "cri-o/cri-o#2331",
        "rpc error: code = Unknown desc = Error reading manifest latest in docker.io/crio/busybox: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required",
    ),
    (
        "image-pull-unauthorized",
        "stolostron/deploy#2",
        "rpc error: code = Unknown desc = Error reading manifest sha256:ba91 in quay.io/open-cluster-management/operator-bundle: unauthorized: access to the requested resource is not authorized",
    ),
    (
        "image-pull-unauthorized",
        "octarinesec/octarine-operator#15",
        "rpc error: code = Unknown desc = Error response from daemon: pull access denied for octarinesec/guardrails-enforcer, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ),
    (
        "image-pull-unauthorized",
        "octarinesec/octarine-operator#15",
        "rpc error: code = Unknown desc = Error response from daemon: unauthorized: authentication required",
    ),
    (
        "image-pull-unauthorized",
        "kubernetes/community#4003",
        "rpc error: code = Unknown desc = Error response from daemon: Get https://1234.dkr.ecr.ap-southeast-1.amazonaws.com/v2/webbook/webbook/manifests/latest: no basic auth credentials",
    ),
    (
        "image-pull-unauthorized",
        "esnet/gdg#122",
        r#"rpc error: code = Unknown desc = Error response from daemon: Head "https://ghcr.io/v2/esnet/gdg/manifests/0.3.1": denied: denied"#,
    ),
    (
        "image-pull-unauthorized",
        "beeper/registration-relay#3",
        r#"Error response from daemon: Head "https://ghcr.io/v2/beeper/registration-relay/manifests/latest": unauthorized"#,
    ),
    (
        "image-pull-unauthorized",
        "kubernetes/registry.k8s.io#273",
        r#"Error response from daemon: Head "https://europe-west3-docker.pkg.dev/v2/k8s-artifacts-prod/images/sig-storage/csi-provisioner/manifests/v4.0.0": Forbidden"#,
    ),
    (
        "image-pull-unauthorized",
        "moby distribution/errors.go, Docker 17",
        "rpc error: code = 2 desc = Error: repository team/web not found: does not exist or no pull access",
    ),
    (
        "image-pull-unauthorized",
        "mccutchen/go-httpbin#223, containers/image",
        "initializing source docker://ghcr.io/mccutchen/go-httpbin:2: Requesting bearer token: received unexpected HTTP status: 403 Forbidden",
    ),
    (
        "image-pull-unauthorized",
        "containers/image docker_client.go",
        "initializing source docker://docker.io/team/web:1: unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password",
    ),
    // --- too many pulls
    (
        "image-rate-limited",
        "kata-containers/kata-containers#10109",
        r#"rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/busybox:latest": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/busybox/manifests/sha256:50aa: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"#,
    ),
    (
        "image-rate-limited",
        "kubernetes/kubernetes#9534, Docker",
        "Error: Status 429 trying to pull repository google_containers/etcd",
    ),
    (
        "image-rate-limited",
        "Docker Hub's answer through containers/image",
        "initializing source docker://nginx:latest: reading manifest latest in docker.io/library/nginx: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    ),
    // --- the registry can't be reached
    (
        "image-registry-unreachable",
        "cluster",
        r#"rpc error: code = Unknown desc = failed to pull and unpack image "no.such.host/web:1": failed to resolve reference "no.such.host/web:1": failed to do request: Head "https://no.such.host/v2/web/manifests/1": dial tcp: lookup no.such.host on 10.0.0.2:53: no such host"#,
    ),
    (
        "image-registry-unreachable",
        "cri-o/cri-o#2331",
        r#"rpc error: code = Unknown desc = error pinging docker registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": proxyconnect tcp: dial tcp: lookup http: Temporary failure in name resolution"#,
    ),
    (
        "image-registry-unreachable",
        "cluster",
        r#"failed to do request: Head "https://127.0.0.1:1/v2/web/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused"#,
    ),
    (
        "image-registry-unreachable",
        "cri-o/cri-o#2723",
        "rpc error: code = Unknown desc = pinging docker registry returned: Get http://registry-1.docker.io/v2/: dial tcp 34.199.40.84:80: i/o timeout",
    ),
    (
        "image-registry-unreachable",
        "net/http",
        r#"Error response from daemon: Get "https://registry.example.com/v2/": net/http: TLS handshake timeout"#,
    ),
    (
        "image-registry-unreachable",
        "net/http",
        r#"Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"#,
    ),
    (
        "image-registry-unreachable",
        "crypto/x509",
        r#"failed to do request: Head "https://registry.example.com/v2/web/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
    ),
    (
        "image-registry-unreachable",
        "crypto/x509",
        r#"pinging container registry 10.0.0.9: Get "https://10.0.0.9/v2/": x509: cannot validate certificate for 10.0.0.9 because it doesn't contain any IP SANs"#,
    ),
    (
        "image-registry-unreachable",
        "cri-o/cri-o#5415",
        r#"rpc error: code = Unknown desc = error pinging local-repo:4000: Get "https://local-repo:4000/v2/": http: server gave HTTP response to HTTPS client"#,
    ),
    (
        "image-registry-unreachable",
        "crypto/tls",
        r#"Get "https://registry.example.com/v2/": tls: first record does not look like a TLS handshake"#,
    ),
    (
        "image-registry-unreachable",
        "net/http",
        r#"failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://registry.example.com/v2/web/blobs/sha256:1": unexpected EOF"#,
    ),
    (
        "image-registry-unreachable",
        "containerd core/remotes/errors",
        r#"failed to resolve reference "registry.example.com/web:1": unexpected status from HEAD request to https://registry.example.com/v2/web/manifests/1: 503 Service Unavailable"#,
    ),
    // --- it is for other nodes
    (
        "image-platform-mismatch",
        "cluster",
        r#"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/web:1": no match for platform in manifest: not found"#,
    ),
    (
        "image-platform-mismatch",
        "cri-o/cri-o#3626",
        "rpc error: code = Unknown desc = Error choosing image instance: no image found in manifest list for architecture arm, variant v8, OS linux",
    ),
    (
        "image-platform-mismatch",
        "containers/image, since 5.25",
        r#"choosing image instance: no image found in image index for architecture "arm64", variant "v8", OS "linux""#,
    ),
    (
        "image-platform-mismatch",
        "cri-o/cri-o#3233",
        r#"rpc error: code = Unknown desc = Image architecture mismatch: image uses "amd64", expecting "arm64""#,
    ),
    (
        "image-platform-mismatch",
        "moby distribution/pull_v2.go",
        "Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries",
    ),
    (
        "image-platform-mismatch",
        "moby distribution/pull_v2_windows.go",
        r#"Error response from daemon: image operating system "windows" cannot be used on this platform"#,
    ),
    // --- something else
    (
        "image-pull-failed",
        "suxess-it/kubriX#1825",
        r#"failed to pull and unpack image "mcr.microsoft.com/playwright:v1.57.0": failed to extract layer sha256:ba31: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/604/fs/usr/lib/libLLVM.so.20.1: no space left on device: unknown"#,
    ),
    (
        "image-pull-failed",
        "tableau/tableau-server-in-kubernetes#14",
        "rpc error: code = Unknown desc = failed to register layer: Error processing tar file(exit status 1): write /tableau-server.rpm: no space left on device",
    ),
    (
        "image-pull-failed",
        "kubernetes-sigs/cri-tools#1137",
        r#"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/victoriametrics/victoria-metrics:v1.76.1": failed to unpack image on snapshotter overlayfs: unexpected media type text/html for sha256:04a7: not found"#,
    ),
    (
        "image-pull-failed",
        "canonical/microk8s#3687",
        r#"rpc error: code = Unknown desc = failed to pull and unpack image "ghcr.io/x/dash-api@sha256:cfb0": failed to unpack image on snapshotter overlayfs: failed to extract layer sha256:1: failed to get stream processor for application/vnd.in-toto+json: no processor for media-type: unknown"#,
    ),
    (
        "image-pull-failed",
        "munnerz/kube-plex#46",
        r#"rpc error: code = Unknown desc = failed to pull and unpack image "quay.io/munnerz/kube-plex:latest": failed to copy: httpReaderSeeker: failed open: could not fetch content descriptor sha256:13ff (application/vnd.docker.distribution.manifest.v1+prettyjws; charset=utf-8) from remote: not found"#,
    ),
    (
        "image-pull-failed",
        "containerd/containerd#3974",
        r#"failed to pull and unpack image "registry.example.com/web:1": failed commit on ref "layer-sha256:36": unexpected commit digest sha256:11, expected sha256:36: failed precondition"#,
    ),
    (
        "image-pull-failed",
        "containerd archive/compression",
        r#"failed to pull and unpack image "registry.example.com/web:1": failed to extract layer sha256:36: unexpected EOF: unknown"#,
    ),
    (
        "image-pull-failed",
        "containers/image signature policy",
        "Source image rejected: A signature was required, but no signature exists",
    ),
];

fn causes(rules: &Rules, message: &str) -> Vec<String> {
    let waiting = json!({"reason": "ErrImagePull", "message": message});
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "web", "image": "registry.example.com/web:1"}]},
        "status": {"phase": "Pending", "containerStatuses": [
            {"name": "web", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": waiting}}
        ]},
    });
    let about = About {
        server: None,
        context: None,
        namespace: "shop".into(),
        now: jiff::Timestamp::UNIX_EPOCH,
        recorded: true,
    };
    let mut inventory = Inventory::new(about);
    inventory.insert(Kind::Pod, pod).unwrap();
    let world = World::of(&inventory, &rules.logs);
    let reach = Reach::everything(&Graph::of(&inventory, &world.workloads, &rules.logs), Some("shop".into()));
    let outcome = engine::run(rules, &world.parts(&reach));
    assert!(outcome.bugs.is_empty(), "{:?}", outcome.bugs);
    outcome.findings.into_iter().map(|finding| finding.rule).filter(|rule| rule.starts_with("image-")).collect()
}

#[test]
fn each_runtimes_words_belong_to_one_cause() {
    let rules = Rules::built_in().unwrap();
    let wrong: Vec<_> = WORDINGS
        .iter()
        .map(|(expected, source, message)| (expected, source, causes(&rules, message), message))
        .filter(|(expected, _, found, _)| *found != [**expected])
        .collect();
    assert!(wrong.is_empty(), "expected, source, found, words: {wrong:#?}");
}
