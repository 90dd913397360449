"""What the scripts of this folder share: run(TESTS) is their main and speaks TAP."""
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load(path):
    """The Python program of that path, below the project's top, as a module."""
    sys.dont_write_bytecode = True
    name = os.path.basename(path).split(".")[0].replace("-", "_")
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(TOP, path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def run(tests):
    """Calls each test, with a fresh folder if it takes one; ends the program, 1 if any failed."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, start=1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(*[folder][:test.__code__.co_argcount])
                print(f"ok {number} - {test.__name__}")
            except Exception as e:
                failed = 1
                line = traceback.extract_tb(e.__traceback__)[1].lineno
                print(f"# line {line}: {e!r}\nnot ok {number} - {test.__name__}")
    sys.exit(failed)
