"""Tells right from silent (nothing said, or only a true but more general cause) and from wrong (a false claim)."""
import json
from dataclasses import dataclass
from typing import NamedTuple, Optional

# What is true of many causes: said in place of the cause it misses it, and claims nothing false.
GENERAL = {
    "container-create-failed", "crash-loop", "create-failed", "image-pull-failed", "init-container-failing", "job-failed", "pvc-pending",
    "readiness-probe-failing", "restarting", "rollout-stuck", "service-pods-not-ready", "unschedulable", "volume-mount-failed",
}


class Verdict(NamedTuple):
    kind: str  # right, silent or wrong
    why: str = ""


@dataclass
class Answer:
    """What one run of the doctor gave."""
    code: Optional[int]
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0

    @property
    def report(self):
        try:
            return json.loads(self.stdout)
        except ValueError:
            return None


def named(finding):
    return f"{finding['rule']} on {finding['object']['kind']}/{finding['object']['name']}"


def said_in(finding):
    parts = [finding.get(k) for k in ("summary", "evidence", "nearest", "changes", "cures")]
    return json.dumps(parts, ensure_ascii=False).replace('\\"', '"').replace("\\n", "\n").lower()


def judge(case, answer, sweep=False):
    report = answer.report
    if answer.code is None:
        return Verdict("wrong", f"no answer in {answer.seconds:.0f} s")
    if report is None:
        return Verdict("wrong", f"no JSON on stdout (exit {answer.code}): {(answer.stderr or answer.stdout).strip()[-200:]}")
    try:
        return judge_report(case, answer, report, sweep)
    except (KeyError, TypeError, AttributeError) as e:
        return Verdict("wrong", f"its JSON is not a diagnosis: {e!r}")


def judge_report(case, answer, report, sweep):
    if case.never and case.never in answer.stdout + answer.stderr:
        return Verdict("wrong", f"prints {case.never!r}")
    findings = [f for f in report["findings"] if f["severity"] in ("error", "warning")]
    errors = any(f["severity"] == "error" for f in findings)
    if answer.code != (1 if errors else 0):
        return Verdict("wrong", f"exit status {answer.code} with {'an' if errors else 'no'} error")
    if case.cause == "none":
        return judge_healthy(findings, report)

    roots = [f for f in findings if f.get("root")]
    said = "; ".join(map(named, roots)) or "nothing"
    allowed = {case.expected, *(text for text, _ in case.also)}
    others = [f for f in roots if named(f) not in allowed]
    if any(f["rule"] not in GENERAL for f in others):
        return Verdict("wrong", f"said {said}, expected {case.expected}")
    top = next((f for f in roots if named(f) == case.expected), None)
    if top is None:
        return Verdict("silent", f"said {said}, expected {case.expected}")
    if case.ask and not sweep and named(roots[0]) not in allowed:
        return Verdict("silent", f"said {said} in this order, expected {case.expected} first")
    if top["severity"] != case.severity:
        return Verdict("wrong", f"{case.expected} as {top['severity']}, expected {case.severity}")
    text = said_in(top)
    unsaid = [x for x in case.says if x.lower() not in text]
    if unsaid:
        return Verdict("silent", f"{case.expected}, but it does not say {unsaid}")
    missing = [text for text, required in case.also if required and text not in map(named, roots)]
    if missing:
        return Verdict("silent", f"said {said}, but not {', '.join(missing)}")
    if others:
        return Verdict("silent", f"also blames {', '.join(map(named, others))}")
    return Verdict("right")


def judge_healthy(findings, report):
    if findings:
        return Verdict("wrong", f"false alarm: {', '.join(map(named, findings))}")
    if report.get("notChecked"):
        return Verdict("silent", f"healthy, but not checked: {report['notChecked']}")
    return Verdict("right")
