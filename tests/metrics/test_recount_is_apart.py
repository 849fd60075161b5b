"""The recount proves something about the counters only while it shares no code with them."""

import ast
from pathlib import Path

from services.metrics.domain import recount

ALLOWED = ("schemas", "services.domain.business_hours", "services.metrics.domain.business_hours", recount.__name__)


def test_recount_imports_contracts_and_business_hours_only() -> None:
    folder = Path(recount.__file__).parent
    imported = {
        node.module
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    ours = {name for name in imported if name.split(".")[0] in ("schemas", "services")}
    assert ours
    assert not {name for name in ours if not any(name == one or name.startswith(f"{one}.") for one in ALLOWED)}
