"""Asks the doctor about the cases that are applied, one after the other, and keeps the tally."""
import json
import re
import shlex
import statistics
import subprocess
import textwrap
import time

from .judge import Answer, Verdict, judge, named
from .needs import met

WORKLOADS = "deployments,statefulsets,daemonsets,jobs,cronjobs,services,ingresses,persistentvolumeclaims"
PATIENCE = 180  # seconds for one diagnosis
SECOND_LOOK = 20  # seconds later


def diagnose(cluster, case, doctor, ask):
    argv = [*shlex.split(doctor), *ask.split(), "-n", case.name, "-o", "json", *(["--probe", "--yes"] if case.probe else [])]
    started = time.time()
    try:
        out = cluster.run(*argv, timeout=PATIENCE)
        return Answer(out.returncode, out.stdout, out.stderr, time.time() - started)
    except subprocess.TimeoutExpired:
        return Answer(None, seconds=PATIENCE)


def score(cluster, cases, doctor, sweep=False, rules=None, verbose=False):
    """True where nothing failed. With rules only what they claim has to be named; nothing may be wrong."""
    count = len(cases)
    cases = met(cluster, cases)
    applied = cluster.namespaces()

    def look(case):
        if case.name not in applied:
            return None, Verdict("wrong", "it is not applied")
        answer = diagnose(cluster, case, doctor, "" if sweep else case.ask)
        return answer, judge(case, answer, sweep)

    seen = {case.name: look(case) for case in cases}
    times = [answer.seconds for answer, _ in seen.values() if answer]
    claimed = {case.name for case in cases if rules is None or case.claimed(rules)}
    if rules is not None:
        look_again(look, cases, seen, claimed)
    failed = 0
    for name, (answer, verdict) in seen.items():
        if verdict.kind == "wrong" or (verdict.kind == "silent" and name in claimed):
            failed += 1
            print(f"{verdict.kind.upper():6} {name}: {verdict.why}")
            if verbose and answer:
                print(answer.stdout)
    kinds = [verdict.kind for _, verdict in seen.values()]
    unclaimed = {name: verdict.kind for name, (_, verdict) in seen.items() if name not in claimed}
    if unclaimed:
        named_all_the_same = sum(kind == "right" for kind in unclaimed.values())
        print(f"{len(unclaimed)} not claimed by a rule yet, {named_all_the_same} of them named all the same:")
        print(textwrap.fill(" ".join(unclaimed), 120, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False))
    skipped = count - len(cases)
    print(f"{kinds.count('right')} of {len(cases)} causes named, {kinds.count('silent')} silent, {kinds.count('wrong')} wrong; "
          f"median {statistics.median(times or [0]) * 1000:.0f} ms" + (f"; {skipped} skipped" if skipped else ""))
    print(f"{kinds.count('right')} passed, {failed} failed")
    return failed == 0


def look_again(look, cases, seen, claimed):
    """What crashes shows its cause in some moments and not in others: whoever hears nothing looks again. What was
    wrong stays so."""
    silent = [case for case in cases if case.name in claimed and seen[case.name][1].kind == "silent"]
    if silent:
        time.sleep(SECOND_LOOK)
    for case in silent:
        why = seen[case.name][1].why
        seen[case.name] = look(case)
        if seen[case.name][1].kind == "right":
            print(f"at the second look {case.name} is named; at the first: {why}")


def things(cluster, case):
    """What the namespace holds, with its replicas; not what a controller made."""
    return {(i["kind"], i["metadata"]["name"]): i.get("spec", {}).get("replicas")
            for i in cluster.get("-n", case.name, WORKLOADS)["items"] if not i["metadata"].get("ownerReferences")}


def cure(cluster, cases, doctor, verbose=False):
    """Runs the first cure of the first root as printed. Healed: what it was for is gone, nothing is found that was not
    there before, nothing was taken away. Where there is more than one fault, it goes on with the other roots' cures."""
    tally = {"healed": 0, "healed, and left something else": 0, "not healed": 0}
    for case in met(cluster, [c for c in cases if c.cause != "none"]):
        kind, steps = heal(cluster, case, doctor)
        if not steps:
            continue
        tally[kind] += 1
        if verbose or kind != "healed":
            print("\n".join([f"{kind.upper()} {case.name}", *(f"  {step}" for step in steps)]), flush=True)
    tried, failed = sum(tally.values()), tally["not healed"]
    print(f"{tally['healed']} of {tried} cures healed all, {tally['healed, and left something else']} what they were for; {len(cases)} cases")
    print(f"{tried - failed} passed, {failed} failed")
    return failed == 0


def heal(cluster, case, doctor):
    """How it came out, and each command with what came of it; no steps where the first cure is no command."""
    answer, steps = diagnose(cluster, case, doctor, case.ask), []
    ready = first_cures(answer.report)[:1]
    while True:
        root, command = next(((root, command) for root, command in ready if command), (None, None))
        if not command:
            return "healed, and left something else" if findings(answer.report) else "healed", steps
        known, before = findings(answer.report), things(cluster, case)
        run = cluster.run("sh", "-c", command, timeout=120)
        time.sleep(case.settle + 10)
        answer, after = diagnose(cluster, case, doctor, case.ask), things(cluster, case)
        lost = [f"{kind}/{name}" for (kind, name), replicas in before.items()
                if (kind, name) not in after or (replicas and not after[kind, name])]
        left, roots = findings(answer.report), findings(answer.report, lambda f: f["root"])
        said = f"; {run.stderr.strip()[:200]}" if run.returncode else ""
        steps.append(f"{command}\n    exit {run.returncode}{said}; left: {sorted(roots)}; lost: {lost}")
        if run.returncode or answer.report is None or lost or root in left or roots - known:
            return "healed, and left something else" if len(steps) > 1 else "not healed", steps
        ready = first_cures(answer.report)


def findings(report, which=lambda f: True):
    """What is wrong, in words."""
    return {named(f) for f in (report or {}).get("findings", []) if f["severity"] in ("error", "warning") and which(f)}


def first_cures(report):
    """Each root, and its first cure's command where there is nothing to fill in."""
    roots = [f for f in (report or {}).get("findings", []) if f.get("root")]
    commands = [next((c.get("command") for c in root.get("cures", [])[:1]), None) for root in roots]
    is_ready = lambda command: command and not re.search(r"<[a-zA-Z -]+>", command)  # a placeholder is for a person to fill in
    return [(named(root), command if is_ready(command) else None) for root, command in zip(roots, commands)]
