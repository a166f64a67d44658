"""A case: a manifest whose header says what is asked and what the right answer is."""
import os
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    text: str  # the manifest, with NAMESPACE filled in
    ask: str = ""
    cause: str = ""
    object: str = ""
    also: tuple = ()  # (text, required)
    says: tuple = ()
    never: str = ""
    then: str = ""
    settle: float = 12
    namespace_labels: str = ""
    probe: bool = False
    severity: str = "error"
    needs: tuple = ()
    later: str = ""

    @property
    def expected(self):
        return f"{self.cause} on {self.object}"

    @property
    def namespaces(self):
        """Its own, and those that its manifest makes."""
        return {self.name, *re.findall(r"^kind: Namespace\nmetadata: \{name: ([\w-]+)", self.text, re.M)}

    def claimed(self, rules):
        """Whether the rules that there are claim to name it. A healthy case claims that nothing is said."""
        if self.later:
            return False
        causes = {self.cause, *(text.split()[0] for text, required in self.also if required)}
        return causes - {"none"} <= rules


def header(text):
    """The `# key: value` lines that the file begins with."""
    found = {}
    for line in text.splitlines():
        m = re.match(r"# (\w+): ?(.*)", line)
        if not m:
            break
        found[m[1]] = m[2].strip()
    return found


def parse(name, text):
    h = header(text)
    parts = lambda key, separator: [x.strip() for x in h.get(key, "").split(separator) if x.strip()]
    return Case(
        name=name,
        text=text.replace("NAMESPACE", name),
        ask=h.get("ask", ""),
        cause=h["cause"],
        object=h["object"],
        also=tuple((x.rstrip("?"), not x.endswith("?")) for x in parts("also", ",")),
        says=tuple(parts("says", ";")),
        never=h.get("never", ""),
        then=h.get("then", ""),
        settle=float(h.get("settle", 12)),
        namespace_labels=h.get("namespace_labels", ""),
        probe=bool(h.get("probe")),
        severity=h.get("severity", "error"),
        needs=tuple(h.get("needs", "").split()),
        later=h.get("later", ""),
    )


def load(folder):
    cases = []
    for file in sorted(os.listdir(folder)):
        if file.endswith(".yaml"):
            with open(os.path.join(folder, file), encoding="utf-8") as f:
                cases.append(parse(file[: -len(".yaml")], f.read()))
    return cases


def rules(folder):
    """The ids of the rules in folder/AREA/ID.yaml."""
    return {file[: -len(".yaml")] for _, _, files in os.walk(folder) for file in files if file.endswith(".yaml")}
