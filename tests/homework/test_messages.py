"""What crosses between processes comes out as it went in, and a forged message takes nothing."""

import json
import tracemalloc

import numpy as np
import pytest

from tools.homework import messages
from tools.homework.handles import Handle


def no_handles(value):
    raise AssertionError(f"{value!r} should cross")


def crossed(value):
    sent = json.loads(json.dumps(messages.encode(value, no_handles)))
    return messages.decode(sent, no_handles)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, -0.5, "ngon ngữ", "\ud800", float("inf"), 10**40, 2 + 3j),
        *([1, [2.0]], (1, ("a",)), {1, "b"}, frozenset({2}), {"a": (1,), 2: [], (3, 4): None}),
        *(np.float32(0.1), np.int8(-3), np.bool_(True), np.str_("word"), np.complex128(1j)),
        *(np.zeros((0, 3)), np.array(1.5), np.arange(6.0).reshape(2, 3)[:, ::2]),
        *(np.array(["a", "divergent"]), np.array("word"), np.array([], dtype="U1")),
        *(np.array([1, 2], dtype=">i4"), np.array([True, False]), np.float16([1, np.nan])),
        *(np.array(["a", None, 3.5], dtype=object), np.array([[1, "x"]], dtype=object)),
    ],
)
def test_a_value_comes_out_as_it_went_in(value):
    found = crossed(value)
    assert type(found) is type(value)
    if isinstance(value, (np.ndarray, np.generic)):
        assert found.dtype.kind == value.dtype.kind
        assert found.shape == value.shape
        np.testing.assert_array_equal(found, value)
    else:
        assert found == value


COLLIDING = [number * (2**61 - 1) for number in range(20_000)]  # all of them have the hash 0
FORGED = {
    "words of a claimed length": {"array": [0, 1, 2, 3], "dtype": "U25000000"},
    "words of a claimed length, as bytes": {"array": "AAAA", "dtype": "<U25000000", "shape": [1]},
    "one long word and many short ones": {"words": ["x" * 10**6] + [""] * 10**5, "shape": [100001]},
    "objects": {"array": "AAAAAAAA", "dtype": "|O", "shape": [1]},
    "records": {"array": "AAAAAAAA", "dtype": "|V8", "shape": [1]},
    "dates": {"array": "AAAAAAAAAAA=", "dtype": "<M8[ns]", "shape": [1]},
    "a dtype that is a list": {"array": "", "dtype": ["<f8"], "shape": [0]},
    "a shape that is larger": {"array": "AAAAAAAAAAA=", "dtype": "<f8", "shape": [10**9]},
    "a shape of nothing, but long": {"array": "", "dtype": "<f8", "shape": [0, 2_000_000]},
    "a negative shape": {"array": "AAAAAAAAAAA=", "dtype": "<f8", "shape": [-1, -1]},
    "a shape of fractions": {"array": "AAAAAAAAAAA=", "dtype": "<f8", "shape": [0.5, 2]},
    "many axes": {"array": "AAAAAAAAAAA=", "dtype": "<f8", "shape": [1] * 65},
    "half a number": {"array": "AAAA", "dtype": "<f8", "shape": [1]},
    "no base64": {"array": "ä", "dtype": "<f8", "shape": [1]},
    "words that are none": {"words": [1, 2], "shape": [2]},
    "a long list": {"list": [0] * 200_000},
    "keys that fall onto each other": {"set": COLLIDING},
    "the same in a dictionary": {"dict": [[key, 0] for key in COLLIDING]},
    "a key without a hash": {"dict": [[{"list": []}, 0]]},
    "a list that is none": {"list": "abc"},
    "a complex number of words": {"complex": ["x", "y"]},
    "a bare list": [1, 2],
}


@pytest.mark.parametrize("message", FORGED.values(), ids=FORGED.keys())
def test_a_forged_message_is_refused_and_takes_no_memory(message):
    text = json.dumps(message)
    assert len(text) < messages.LARGEST
    received = json.loads(text)
    tracemalloc.start()
    try:
        with pytest.raises(messages.MessageError):
            messages.decode(received, no_handles)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_truth_value_is_0_or_1():
    found = messages.decode({"array": "Bw==", "dtype": "|b1", "shape": [1]}, no_handles)
    assert found.view("u1").tolist() == [1]


class Student:
    """Answers what a test asks of a handle with what a forger likes."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def do(self, operation, handle, *arguments, **keywords):
        self.asked.append(operation)
        return self.answers[operation]


def test_a_handle_is_compared_by_its_numbers_alone():
    student = Student({"array": np.array([2.0, 4.0])})
    handle = Handle(student, 0, "Yes")
    assert (handle == [2.0, 5.0]).tolist() == [True, False]
    assert (handle > 3.0).tolist() == [False, True]
    assert (handle - 1).tolist() == [1.0, 3.0]
    assert set(student.asked) == {"array"}
    with pytest.raises(TypeError):
        np.asarray(Handle(Student({"array": "no array"}), 0, "Yes"))


def test_a_handle_that_never_ends_is_left():
    endless = Student({"length": 10**12, "next": [1]})
    endless.answers["iterate"] = Handle(endless, 1, "iterator")
    handle = Handle(endless, 0, "range")
    for look in (len, list, sorted, set):
        with pytest.raises(ValueError, match="at most"):
            look(handle)
