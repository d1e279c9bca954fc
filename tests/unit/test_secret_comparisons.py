"""Secrets are compared by hash or in constant time: nowhere by ``==``, ``in`` or a method of texts."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "airflow_provider_webwork"
PLACES = [PACKAGE / "secrets.py", *(PACKAGE / "receiver").rglob("*.py"), *(PACKAGE / "events").rglob("*.py")]

SECRET = re.compile(r"(?:^|_)(?:secrets?|tokens?|keys?|signatures?|digests?|passwords?|hmac|mac|expected|bare)$")
TELLS_EQUALITY = {"startswith", "endswith", "find", "index", "count", "match", "fullmatch", "__eq__"}

HARMLESS = {
    "receiver/app.py": {"'/' in key", "self._directory.find(key)"},  # a look at the path; a search by hash
    "events/callbacks.py": {"'/' not in key"},  # likewise
    "secrets.py": {"secret in text"},  # a search for what is to be masked, as by the replacing that follows it
    "events/rotations.py": {"token == but"},  # two that we hold: nobody else can choose one of them
    "events/log.py": {"key in known", "key not in known", "table.c.key == sa.bindparam('b_key')"},  # of identities
}
"""What only reads like a comparison of a secret."""


def name_of(node):
    """Return the name by which an expression goes, as far as it has one."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return name_of(node.value) if node.attr == "value" else node.attr
    if isinstance(node, ast.Subscript | ast.Starred | ast.Await):
        return name_of(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return name_of(node.func.value)  # secret.encode(), key.lower()
    return ""


def holds_a_secret(node):
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(map(holds_a_secret, node.elts))
    name = name_of(node)
    return bool(SECRET.search(name)) and name != "run_key"  # the name of a task


def comparisons(source):
    """Return the expressions that compare a secret in a time that depends on it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            pairs = zip(operands, node.ops, operands[1:], strict=False)
            for left, operator, right in pairs:
                if isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) and (
                    holds_a_secret(left) or holds_a_secret(right)
                ):
                    found.append(ast.unparse(node))
        elif isinstance(node, ast.Match) and holds_a_secret(node.subject):
            found.append(f"match {ast.unparse(node.subject)}")
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in TELLS_EQUALITY
            and any(map(holds_a_secret, [node.func.value, *node.args]))
        ):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", PLACES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_secret_is_compared_in_a_time_that_depends_on_it(path):
    assert set(comparisons(path.read_text())) - HARMLESS.get(str(path.relative_to(PACKAGE)), set()) == set()


def test_what_is_excused_is_still_there():
    for name, excused in HARMLESS.items():
        assert excused <= set(comparisons((PACKAGE / name).read_text()))


MUTANTS = ["{0} == {1}", "{1} == {0}", "{0} in [{1}]", "{1}.startswith({0})", "not {0} != {1}"]


class Planted(ast.NodeTransformer):
    """Puts another comparison in the place of the one in constant time."""

    def __init__(self, mutant):
        self.mutant = mutant
        self.planted = 0

    def visit_Call(self, node):
        self.generic_visit(node)
        if ast.unparse(node.func) != "hmac.compare_digest":
            return node
        self.planted += 1
        return ast.parse(self.mutant.format(*map(ast.unparse, node.args)), mode="eval").body


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("name", ["tokens", "signatures"])
def test_a_planted_comparison_is_found(name, mutant):
    planted = Planted(mutant)
    source = ast.unparse(planted.visit(ast.parse((PACKAGE / "receiver" / "proofs" / f"{name}.py").read_text())))

    assert planted.planted == 1
    assert len(comparisons(source)) == 1


def test_everything_that_compares_in_constant_time_was_mutated_above():
    users = {path.stem for path in PLACES if "compare_digest" in path.read_text()}

    assert users == {"tokens", "signatures"}


@pytest.mark.parametrize(
    "line",
    [
        "endpoint.webhook_token == given",
        "given in endpoint.secrets",
        "key != endpoint.pending_key",
        "secret.value.encode() == given",
        "given.startswith(token)",
        "re.fullmatch(key, given)",
        "match token:\n    case 'x': pass",
        "0 < 1 == digest",
    ],
)
def test_comparisons_of_every_kind_are_found(line):
    assert len(comparisons(line)) == 1


@pytest.mark.parametrize("line", ["key_hash in hashes", "token is None", "hash_key(key) in hashes", "len(secret) < 8"])
def test_comparisons_by_hash_are_fine(line):
    assert comparisons(line) == []
