import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import processing


def test_the_names_that_type_checkers_see_are_those_that_are_loaded():
    tree = ast.parse(Path(processing.__file__).read_text())
    seen = {
        (node.module, name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for name in node.names
    }
    assert seen == {(home, name) for name, home in processing._HOME_OF.items()}
    for name, home in processing._HOME_OF.items():
        assert getattr(processing, name) is getattr(import_module(f"processing.{home}"), name)


def test_a_function_stays_itself_when_the_module_of_its_name_is_loaded():
    import_module("processing.dif")
    assert callable(processing.dif)
    assert processing.dif.__name__ == "dif"


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, processing; print([m for m in ('pandas', 'scipy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"
