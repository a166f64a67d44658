"""python3 -m unittest discover tests/faults"""
import json
import unittest

from corpus.case import parse
from corpus.judge import Answer, judge

HEADER = """# ask: service web
# cause: service-selector-mismatch
# object: Service/web
# says: app: wbe; app: web
# never: hunter2
"""
RIGHT = {"rule": "service-selector-mismatch", "severity": "error", "root": True, "object": {"kind": "Service", "name": "web"},
         "summary": "selector app: wbe matches no pod", "nearest": [{"value": "app: web"}]}


def finding(rule, on, **more):
    kind, name = on.split("/")
    return {"rule": rule, "severity": "error", "root": True, "object": {"kind": kind, "name": name}, **more}


def answer(*findings, code=1, stderr="", **more):
    return Answer(code, json.dumps({"findings": findings, **more}), stderr)


class Judge(unittest.TestCase):
    case = parse("case", HEADER)

    def verdict(self, given, case=None, sweep=False):
        return judge(case or self.case, given, sweep).kind

    def test_right_where_the_cause_stands_first_and_says_all(self):
        self.assertEqual("right", self.verdict(answer(RIGHT)))

    def test_what_the_cause_explains_is_no_root_and_does_not_matter(self):
        self.assertEqual("right", self.verdict(answer(RIGHT, finding("ingress-no-address", "Ingress/web", root=False))))

    def test_silent_where_nothing_is_said(self):
        self.assertEqual("silent", self.verdict(answer(code=0)))

    def test_silent_where_only_a_general_cause_is_said(self):
        self.assertEqual("silent", self.verdict(answer(finding("service-pods-not-ready", "Service/web"))))

    def test_silent_where_a_text_is_not_said(self):
        self.assertEqual("silent", self.verdict(answer({**RIGHT, "nearest": []})))

    def test_silent_where_a_general_cause_is_blamed_as_well(self):
        self.assertEqual("silent", self.verdict(answer(RIGHT, finding("crash-loop", "Pod/web"))))

    def test_in_a_sweep_the_order_does_not_matter(self):
        given = answer(finding("crash-loop", "Pod/web"), RIGHT)
        self.assertIn("first", judge(self.case, given).why)
        self.assertIn("also blames", judge(self.case, given, sweep=True).why)

    def test_wrong_where_another_cause_is_claimed(self):
        self.assertEqual("wrong", self.verdict(answer(RIGHT, finding("oom-killed", "Pod/web"))))
        self.assertEqual("wrong", self.verdict(answer(finding("service-selector-mismatch", "Service/other"))))

    def test_wrong_where_the_severity_or_the_exit_status_differs(self):
        self.assertEqual("wrong", self.verdict(answer({**RIGHT, "severity": "warning"}, code=0)))
        self.assertEqual("wrong", self.verdict(answer(RIGHT, code=0)))

    def test_wrong_where_a_secret_is_printed_anywhere(self):
        self.assertEqual("wrong", self.verdict(answer(RIGHT, stderr="hunter2")))

    def test_wrong_where_there_is_no_diagnosis(self):
        for given in (Answer(2, "", "boom"), Answer(None, seconds=180), Answer(0, "[]"), Answer(0, '{"findings": [{}]}')):
            self.assertEqual("wrong", self.verdict(given))

    def test_further_roots(self):
        case = parse("case", HEADER + "# also: image-not-found on Pod/a, ingress-no-address on Ingress/web?\n")
        image = finding("image-not-found", "Pod/a")
        self.assertEqual("silent", self.verdict(answer(RIGHT), case))
        self.assertEqual("right", self.verdict(answer(RIGHT, image), case))
        self.assertEqual("right", self.verdict(answer(image, RIGHT, finding("ingress-no-address", "Ingress/web")), case))

    def test_healthy(self):
        case = parse("case", "# ask: pod web\n# cause: none\n# object: -\n")
        self.assertEqual("right", self.verdict(answer(code=0), case))
        self.assertEqual("right", self.verdict(answer(finding("x", "Pod/web", severity="info"), code=0), case))
        self.assertEqual("wrong", self.verdict(answer(finding("x", "Pod/web", severity="warning"), code=0), case))
        self.assertEqual("silent", self.verdict(answer(code=0, notChecked=[{"what": "secrets"}]), case))
