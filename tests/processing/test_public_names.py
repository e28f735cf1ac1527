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


def test_no_room_bears_the_name_of_a_public_function():
    # Loading it would put the room in the function's place.
    rooms = {path.parent.name for path in Path(processing.__file__).parent.glob("*/__init__.py")}
    assert rooms
    assert rooms.isdisjoint(processing._HOME_OF)


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, processing; print([m for m in ('pandas', 'scipy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"
