"""How far an answer may be wrapped."""

import json

import pytest

from meetcli.answers.dressed import undressed


@pytest.mark.parametrize(("envelopes", "is_found"), [(0, True), (1, True), (3, True), (4, False)])
def test_an_answer_stands_in_three_envelopes_at_most(envelopes, is_found):
    answer = {"summary": "They met.", "topics": []}
    wrapped = answer
    for _ in range(envelopes):
        wrapped = {"result": wrapped}
    found = undressed(json.dumps(wrapped), ["summary", "topics"])
    assert (found is not None and json.loads(found) == answer) is is_found
