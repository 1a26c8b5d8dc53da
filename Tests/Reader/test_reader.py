#!/usr/bin/env python3
"""Tests of the reader: the values in docs/FORMAT.md, hostile records, Tests/Vectors/v1, and damage to copies of it.

    test_reader.py          runs all
    test_reader.py -k TEXT  only tests with TEXT in their name

The last line is `N passed, N failed`. Exit status: 0 if none failed.
"""
import sys
import time
import unittest

from tests import access, damage, hostile, journal, rules, values, vectors


class Result(unittest.TextTestResult):
    """Says what a case of several is about, and counts what passed."""
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    started = time.monotonic()
    loader, suite = unittest.TestLoader(), unittest.TestSuite()
    if sys.argv[1:2] == ["-k"]:
        loader.testNamePatterns = [f"*{text}*" for text in sys.argv[2:]]
    for module in (values, hostile, vectors, access, rules, journal, damage):
        suite.addTests(loader.loadTestsFromModule(module))
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2).run(suite)
    failed = len({test.id() for test, _ in result.failures + result.errors})
    print(f"{time.monotonic() - started:.0f} s\n{result.passed} passed, {failed} failed")
    return 1 if failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
