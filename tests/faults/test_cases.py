"""python3 -m unittest discover tests/faults"""
import os
import unittest

from corpus import case, needs

FOLDERS = [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder) for folder in ("cases", "more")]
KEYS = {"ask", "cause", "object", "also", "says", "never", "then", "settle", "namespace_labels", "probe", "severity", "needs", "later"}


class Cases(unittest.TestCase):
    def test_headers(self):
        for path in (os.path.join(folder, file) for folder in FOLDERS for file in os.listdir(folder)):
            with self.subTest(path), open(path, encoding="utf-8") as f:
                h = case.header(f.read())
                self.assertLessEqual({"ask", "cause", "object"}, set(h))
                self.assertLessEqual(set(h), KEYS)
                self.assertLessEqual(set(h.get("needs", "").split()), set(needs.CHECKS))
                self.assertIn(h.get("severity", "error"), ("error", "warning"))
                self.assertEqual(h["cause"] == "none", h["object"] == "-")

    def test_claimed(self):
        parse = lambda more="": case.parse("x", "# cause: a\n# object: Pod/x\n" + more)
        self.assertTrue(parse().claimed({"a"}))
        self.assertFalse(parse().claimed({"b"}))
        self.assertFalse(parse("# later: it needs more\n").claimed({"a"}))
        self.assertFalse(parse("# also: b on Pod/y\n").claimed({"a"}))
        self.assertTrue(parse("# also: b on Pod/y?\n").claimed({"a"}))
        self.assertTrue(case.parse("x", "# cause: none\n# object: -\n").claimed(set()))

    def test_namespaces(self):
        named = case.parse("x", "# cause: a\n# object: Pod/x\nkind: Namespace\nmetadata: {name: other-team}\n")
        self.assertEqual({"x", "other-team"}, named.namespaces)


class Stub:
    """A cluster that answers `get KIND` from a table."""
    def __init__(self, **table):
        self.table = table

    def get(self, kind, *_):
        return self.table.get(kind)


class Needs(unittest.TestCase):
    def test_a_node_that_takes_no_pods_does_not_count(self):
        nodes = [{"spec": {}}, {"spec": {"unschedulable": True}}, {"spec": {"taints": [{"effect": "NoSchedule"}]}}]
        self.assertIsNone(needs.single_node(Stub(nodes={"items": nodes}), None))
        self.assertIn("2 nodes", needs.single_node(Stub(nodes={"items": [{"spec": {}}] * 2}), None))

    def test_default_class(self):
        made = lambda value: {"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": value}}}
        self.assertIsNone(needs.no_default_class(Stub(storageclasses={"items": [made("false")]}), None))
        self.assertIn("fast", needs.no_default_class(Stub(storageclasses={"items": [made("true")]}), None))

    def test_a_case_is_skipped_with_the_reason(self):
        one = case.parse("x", "# cause: a\n# object: Pod/x\n# needs: no-metrics ingress-class-nginx\n")
        self.assertEqual({"ingress-class-nginx": "there is no IngressClass nginx"}, needs.unmet(Stub(), [one]))
        self.assertEqual({}, needs.unmet(Stub(ingressclass={"kind": "IngressClass"}), [one]))
