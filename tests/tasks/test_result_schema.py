"""What is told about results is what results are."""

import json

import jsonschema
import pytest

from meetcli.tasks import load_task
from meetcli.tasks.result_schema import result_schema
from tests.cli.command import Command


@pytest.mark.parametrize("task", ["extract", "analyze"])
def test_real_results_match_the_schema(task, tmp_path, samples):
    schema = result_schema(load_task(task))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    meetcli = Command(tmp_path)
    assert meetcli(task, samples, "--engine", "local", "-q").exit_code == 0
    results = [json.loads(content) for content in meetcli.results().values()]
    assert len(results) == 12
    for result in results:
        validator.validate(result)
    missing = {name: value for name, value in results[0].items() if name != "provenance"}
    assert not validator.is_valid(missing)
