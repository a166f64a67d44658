"""Every crate that is depended on has its reason in CONTRIBUTING.md, and nothing has one that is not depended on."""
import pathlib, re, tomllib, unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Dependencies(unittest.TestCase):
    def test_each_has_its_reason(self):
        manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
        section = (ROOT / "CONTRIBUTING.md").read_text().split("## What it depends on")[1]
        rows = re.findall(r"^\| (?!crate \|)([a-z0-9, _-]+) \| .+ \|$", section, re.M)
        told = [name for row in rows for name in row.split(", ")]
        self.assertEqual(sorted(told), sorted(manifest["dependencies"]))
        of_tests = re.search(r"^For tests alone: (.*)\.$", section, re.M)[1].split(", ")
        self.assertEqual(sorted(of_tests), sorted(manifest["dev-dependencies"]))


if __name__ == "__main__":
    unittest.main()
