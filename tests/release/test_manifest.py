"""The krew manifest, checked as krew checks one before it installs anything
(https://github.com/kubernetes-sigs/krew/blob/master/internal/index/validation/validate.go)."""
import hashlib, importlib.machinery, importlib.util, itertools, pathlib, re, tarfile, tempfile, unittest, zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
loader = importlib.machinery.SourceFileLoader("dist", str(ROOT / ".ci/dist"))
dist = importlib.util.module_from_spec(importlib.util.spec_from_loader("dist", loader))
loader.exec_module(dist)

KNOWN = list(itertools.product(["linux", "darwin", "windows"], ["amd64", "arm64"]))
TEMPLATE = (ROOT / "krew-manifest.yaml").read_text()


def platforms(manifest):
    """Each platform as its fields: the file is written by a template, and is flat."""
    for block in re.split(r"^  - selector:", manifest, flags=re.M)[1:]:
        field = lambda pattern: re.search(pattern, block)[1]
        yield {
            "os": field(r"os: (\w+)"),
            "arch": field(r"arch: (\w+)"),
            "uri": field(r"uri: (\S+)"),
            "sha256": field(r'sha256: "(\S+)"'),
            "files": re.findall(r"from: ([^,]+),", block),
            "bin": field(r"bin: (\S+)"),
        }


def complaints(manifest, archives):
    said = []
    expect = lambda holds, what: holds or said.append(what)
    value = lambda key: (re.search(rf"^ *{key}: (.*)$", manifest, re.M) or [None, ""])[1]
    expect(value("apiVersion") == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion")
    expect(value("kind") == "Plugin", "kind")
    expect(re.fullmatch(r"[\w-]+", value("name")), "name")
    expect(re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", value("version")), "version: semver with a v")
    expect(0 < len(value("shortDescription")) <= 50 and not value("shortDescription").startswith(("|", ">")), "shortDescription: one line")
    found = list(platforms(manifest))
    expect(found, "platforms")
    for one in KNOWN:
        expect(sum((each["os"], each["arch"]) == one for each in found) <= 1, f"{one}: selectors overlap")
    for each in found:
        expect((each["os"], each["arch"]) in KNOWN, f"{each['os']}/{each['arch']}: no platform of krew's")
        expect(re.fullmatch(r"https://\S+\.(tar\.gz|zip)", each["uri"]), "uri")
        expect(re.fullmatch("[a-f0-9]{64}", each["sha256"]), "sha256")
        expect(value("version") in each["uri"].split("/"), "uri: of another version")
        expect(each["bin"] in each["files"] and "LICENSE" in each["files"], "files: the binary and the LICENSE")
        archive = archives / each["uri"].rsplit("/", 1)[1]
        if archive.exists():
            expect(hashlib.sha256(archive.read_bytes()).hexdigest() == each["sha256"], f"{archive.name}: sha256")
            inside = zipfile.ZipFile(archive).namelist() if archive.suffix == ".zip" else tarfile.open(archive).getnames()
            expect(set(each["files"]) <= set(inside), f"{archive.name}: lacks a file")
        else:
            expect(archives == NOWHERE, f"{archive.name}: is not there")
    return said


NOWHERE = pathlib.Path("/nonexistent")


class Manifest(unittest.TestCase):
    def test_the_template_is_a_manifest_for_all_platforms_without_a_sum(self):
        self.assertEqual(complaints(TEMPLATE, NOWHERE), [])
        self.assertEqual({f"{each['os']}-{each['arch']}" for each in platforms(TEMPLATE)}, set(dist.TARGETS))
        self.assertEqual({each["sha256"] for each in platforms(TEMPLATE)}, {dist.NO_SUM})
        self.assertIn(f"version: v{dist.version()}\n", TEMPLATE)

    def test_what_is_made_names_the_archives_that_there_are_by_their_true_sums(self):
        with tempfile.TemporaryDirectory() as folder:
            dist.DIST = pathlib.Path(folder)
            dist.ROOT = pathlib.Path(folder)
            (dist.ROOT / "docs").mkdir()
            for file in ["LICENSE", "docs/kubectl-doctor.1"]:
                (dist.ROOT / file).write_text("free")
            for platform, name in [("linux-arm64", "kubectl-doctor"), ("windows-amd64", "kubectl-doctor.exe")]:
                (dist.ROOT / name).write_text("a program")
                dist.archive(platform, dist.ROOT / name)
            sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.DIST.glob("kubectl-doctor-*")}
            made = dist.manifest(TEMPLATE, "1.2.3", sums)
            self.assertEqual(complaints(made, dist.DIST), [])
            self.assertEqual([each["os"] for each in platforms(made)], ["linux", "windows"])
            self.assertIn("version: v1.2.3\n", made)
            self.assertNotIn(dist.NO_SUM, made)

    def test_what_lies_in_dist_is_what_its_manifest_says(self):
        manifest = ROOT / "dist/doctor.yaml"
        if not manifest.exists():
            self.skipTest("nothing was built: just dist")
        self.assertEqual(complaints(manifest.read_text(), ROOT / "dist"), [])

    def test_a_wrong_sum_an_overlap_and_a_missing_v_are_seen(self):
        self.assertEqual(complaints(TEMPLATE.replace("version: v", "version: "), NOWHERE)[0], "version: semver with a v")
        self.assertIn("sha256", complaints(TEMPLATE.replace(dist.NO_SUM, "abc", 1), NOWHERE))
        self.assertIn("('linux', 'amd64'): selectors overlap", complaints(TEMPLATE.replace("arch: arm64", "arch: amd64", 1), NOWHERE))


if __name__ == "__main__":
    unittest.main()
