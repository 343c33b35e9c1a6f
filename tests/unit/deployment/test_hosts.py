"""The Procfile, the workflow, and the document about all of it."""

from __future__ import annotations

import re

from tests.unit.deployment.files import PROJECT, read, workflow


def test_the_procfile_starts_one_process() -> None:
    assert read("Procfile") == "worker: python -m bot\n"


def test_the_workflow_checks_every_python_with_the_database_of_the_tests() -> None:
    job = workflow()["jobs"]["check"]
    versions = job["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert any(step.get("run", "").startswith("make check") for step in job["steps"])
    database = job["services"]["postgres"]
    assert database["env"] == {"POSTGRES_HOST_AUTH_METHOD": "trust"}
    assert database["ports"] == ["127.0.0.1:5432:5432"]


def test_the_workflow_audits_what_is_pinned_every_week() -> None:
    told = workflow()
    (when,) = told[True]["schedule"]  # YAML takes the key `on` for the truth value
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])
    commands = [step.get("run", "") for step in told["jobs"]["audit"]["steps"]]
    assert any(re.search(r"^pip-audit .*requirements\.lock$", each) for each in commands)
    assert "if" not in told["jobs"]["audit"]


def test_the_workflow_may_do_nothing_but_read() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    uses = [step for job in workflow()["jobs"].values() for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert uses
    assert all(step["with"]["persist-credentials"] is False for step in uses)


# The document


def test_every_way_is_described() -> None:
    told = read("docs/deploying.md")
    for name in ("compose.yaml", "deploy/parley.service", "Procfile", "requirements.txt"):
        assert f"[{name}](../{name})" in told, name


def test_the_places_that_are_named_are_those_of_the_files() -> None:
    told = read("docs/deploying.md")
    places = set(re.findall(r"(?<![\w.:/])/(?:opt|etc|var|home|usr|root|tmp|work)[\w./-]*", told))
    assert places == {
        "/opt/parley", "/etc/parley.env", "/etc/systemd/system/", "/var/lib/parley", "/var/lib/parley/data", "/tmp",
    }  # fmt: skip
