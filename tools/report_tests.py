"""A pytest plugin that writes a line when a test begins and when it ends: `pytest -p tools.report_tests`.

A run that is stopped has said by then what failed and what was running. The file is named by TRANSFORMER_EDU_REPORT.
"""

import json
import os

FILE = "TRANSFORMER_EDU_REPORT"


def write(**line):
    """Add one line to the report, at once; say nothing where no report is asked for."""
    if os.environ.get(FILE):
        with open(os.environ[FILE], "a", encoding="utf-8") as report:
            report.write(json.dumps(line) + "\n")


class Reports:
    """Hears of every test, in the process that collects the results of all workers."""

    def pytest_runtest_logstart(self, nodeid):
        write(began=nodeid)

    def pytest_runtest_logreport(self, report):
        write(test=report.nodeid, when=report.when, outcome=report.outcome, seconds=round(report.duration, 3))

    def pytest_collectreport(self, report):
        if report.failed:
            write(test=report.nodeid, when="collect", outcome="failed", seconds=0)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reports())
