import subprocess
import sys
from importlib import import_module

from survey.job_kinds import _DOERS


def test_somebody_does_every_kind_of_job():
    for module, name in _DOERS.values():
        assert callable(getattr(import_module(f"survey.{module}"), name))


def test_a_worker_that_waits_has_not_loaded_what_counts_results():
    asked = "import sys, survey.job_kinds; print({'pandas', 'scipy'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
