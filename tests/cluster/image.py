"""An image of some files, put into the node's containerd without a registry."""
import hashlib, io, json, pathlib, subprocess, tarfile, tempfile

CLUSTER = pathlib.Path(__file__).resolve().parent / "cluster"


def imported(name, files):
    """Makes an image of one layer, {path in it: bytes}, all of them executable, under a name, and imports it; what went wrong, or nothing.
    https://github.com/opencontainers/image-spec/blob/main/image-layout.md"""
    blobs = {}

    def kept(data, kind):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    lay = kept(packed(files, 0o755), "layer.v1.tar")
    config = kept({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [lay["digest"]]}}, "config.v1+json")
    manifest = kept({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [lay]}, "manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": name}
    blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(packed(blobs, 0o644))
        file.flush()
        command = [CLUSTER, "exec", "ctr", "--address", "/run/kdoc-containerd/containerd.sock", "-n", "k8s.io", "images", "import", file.name]
        ran = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ran.stdout if ran.returncode else None


def packed(files, mode):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()
