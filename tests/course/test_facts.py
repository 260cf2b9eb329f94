"""What the course promises and what its fence rests on, as it is published: points, limits, numbers of system calls."""

import ast

import numpy as np
import pytest

from course.drivers import DRIVERS, driver, visible
from course.grading import attempt, beside, fence, points, reading, splice, verdict
from course.manifest import ROOT, load
from course.results import handin, lateness, similarity

# --- assignments ------------------------------------------------------------------------------------------------------

WORTH = {  # points of each part, as docs/course.md and the students' README tell them
    "A1": {"A1.1": 10, "A1.2": 25, "A1.3": 45, "A1.Q1": 10, "A1.Q2": 10},
    "A2": {"A2.1": 20, "A2.2": 25, "A2.3": 40, "A2.Q1": 15},
    "A3": {"A3.1": 15, "A3.2": 30, "A3.3": 20, "A3.4": 15, "A3.Q1": 10, "A3.Q2": 10},
    "A4": {"A4.1": 15, "A4.2": 15, "A4.3": 25, "A4.4": 20, "A4.Q1": 10, "A4.Q2": 15},
    "A5": {"A5.1": 25, "A5.2": 20, "A5.3": 30, "A5.Q1": 25},
}
TESTS = {  # by task: its tests, and what those share that are worth more than one part
    "A1.1": ("sigmoid_backward tanh_backward", {}),
    "A1.2": ("cell_forward", {}),
    "A1.3": ("cell_backward", {}),
    "A2.1": ("grid_order grid_pack", {}),
    "A2.2": ("tree_forward_still tree_forward_joint tree_forward", {"tree_forward": 2}),
    "A2.3": ("tree_backward_still tree_backward_joint tree_backward", {"tree_backward": 2}),
    "A3.1": ("softmax_backward", {}),
    "A3.2": ("informativeness_forward informativeness_backward", {}),
    "A3.3": ("cell_forward gated_cell cell_backward gated_cell_backward", {}),
    "A3.4": ("average_memory refine_memory", {}),
    "A4.1": ("nll nll_streams nll_large", {"nll": 2}),
    "A4.2": ("dropout dropout_mask", {}),
    "A4.3": ("sgd_step sgd_clip sgd_product learning_rate", {}),
    "A4.4": ("training_steps next_step stepwise_schedule", {"training_steps": 2, "next_step": 4}),
    "A5.1": ("body_parts_mean", {}),
    "A5.2": ("body_parts_share", {}),
    "A5.3": ("whole_network two_streams_backward", {}),
}


@pytest.mark.parametrize("id", WORTH)
def test_what_each_part_is_worth(id):
    manifest = load(id)
    assert {part.id: part.points for part in (*manifest.tasks, *manifest.questions)} == WORTH[id]


def test_what_tests_each_task_has():
    tasks = {task.id: task for id in WORTH for task in load(id).tasks}
    assert {id: (" ".join(task.drivers), task.shares) for id, task in tasks.items()} == TESTS
    assert {id: task.earlier for id, task in tasks.items() if task.earlier} == {
        "A3.3": ("cell_forward", "cell_backward"), "A5.3": ("whole_network",),
    }  # fmt: skip


# --- drivers ----------------------------------------------------------------------------------------------------------


def test_sizes_of_visible_tests_are_the_same_for_everybody():
    for one in DRIVERS.values():
        letters = one.letters.split()
        for given, counts in zip(one.sizes, ((3, 4, 2, 5, 6, 7), (5, 3, 4, 6, 2, 7)), strict=True):
            assert given == dict(zip(letters, counts, strict=False))


def test_sizes_of_hidden_tests_are_from_three_to_eight_each_as_often():
    rng = np.random.default_rng(0)
    one = DRIVERS["raster_forward"]
    drawn = [tuple(one.hidden(rng).values()) for _ in range(1200)]
    assert all(len(set(sizes)) == 5 for sizes in drawn)
    for letter in range(5):
        counts = np.bincount([sizes[letter] for sizes in drawn], minlength=9)
        assert counts[:3].sum() == 0 and counts[3:9].min() > 140 and len(counts) == 9  # 200 each, were it even


def test_numbers_of_inputs_are_gaussian_and_weights_keep_gates_moving():
    one = driver.Driver("x", (), "B H", {"a": "B H", "W": "2H B", "U": "H B"}, None, {})
    inputs = one.inputs(np.random.default_rng(0), {"B": 300, "H": 200})
    assert inputs["a"].std() == pytest.approx(1, rel=0.02) and abs(inputs["a"].mean()) < 0.02
    assert inputs["W"].std() == pytest.approx(1.5 / 20, rel=0.02) and inputs["W"].shape == (400, 300)
    assert inputs["U"].std() == pytest.approx(1.5 / np.sqrt(200), rel=0.02) and "K" not in inputs


def test_lengths_of_axes_as_they_are_written():
    sizes = {"B": 3, "C": 5, "H": 7, "K": 11}
    for term, length in (("B", 3), ("2H", 14), ("C+2H", 19), ("K*H", 77), ("3", 3), ("2K*H+B", 157), ("H+C+B", 15)):
        assert driver._length(term, sizes) == length


def test_large_logits_leave_one_class_alone_in_the_sum():
    """In the first sequence the true class, in the others the one behind it."""
    seen = {}

    class Ops:
        @staticmethod
        def nll_forward(logits, y):
            seen.update(logits=logits, y=y)
            return 0.0, None

        @staticmethod
        def nll_backward(cache):
            return np.zeros(())

    inputs = visible(DRIVERS["nll_large"])[1]
    DRIVERS["nll_large"].run(lambda name: Ops, inputs)
    added, y, C = seen["logits"] - inputs["logits"], inputs["y"], inputs["C"]
    wanted = np.zeros(added.shape)
    for n in range(len(y)):
        wanted[n, y[n] if n == 0 else (y[n] + 1) % C] = 900
    np.testing.assert_allclose(added, wanted, atol=1e-9)


# --- limits -----------------------------------------------------------------------------------------------------------


def test_limits_of_the_fence_and_of_what_is_read():
    limits = fence.Limits()
    assert (limits.cpu_seconds, limits.seconds, limits.memory, limits.file_size) == (10, 60, 1024**3, 32 * 1024**2)
    assert limits.kernel and limits.hook and fence.LIBRARIES == beside.LIBRARIES == ("numpy", "threadpoolctl")
    assert fence.SAID == 1500 and beside.MOST == 20
    assert (splice.LARGEST, splice.LARGEST_ARCHIVE, splice.MOST_FILES) == (64_000, 50_000_000, 10_000)
    assert (reading.LARGEST, reading.MOST, reading.MOST_BYTES) == (1024**2, 2000, 64 * 1024**2)
    assert (reading.LARGEST_TAR, reading.DEEPEST) == (128 * 1024**2, 3)
    assert (points.LEAST, points.MOST, verdict.TOLERANCE) == (0.2, 0.6, 1e-9)
    assert verdict.GATES == ("i", "f_S", "f_T", "o", "u") and handin.LONGEST == 120
    assert (similarity.SHORTEST, similarity.LEAST) == (12, 150)
    assert attempt.mutants is not None


CALLS = {  # Linux, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "socketpair": (53, 199), "clone": (56, 220),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "kill": (62, 129), "ptrace": (101, 117),
    "setrlimit": (160, 164), "mount": (165, 40), "tkill": (200, 130), "tgkill": (234, 131), "unshare": (272, 97),
    "prlimit64": (302, 261), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "bpf": (321, 280),
    "execveat": (322, 281), "pidfd_send_signal": (424, 424), "io_uring_setup": (425, 425), "pidfd_open": (434, 434),
    "clone3": (435, 435),
}  # fmt: skip
AUDIT_ARCH = {"x86_64": 0x80000000 | 0x40000000 | 62, "aarch64": 0x80000000 | 0x40000000 | 183}  # linux/audit.h


def assigned(name):
    """A constant of fenced.py, which runs in the child alone."""
    tree = ast.parse((ROOT / "course" / "grading" / "fenced.py").read_text("utf-8"))
    [value] = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    return ast.literal_eval(value)


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_system_calls_that_are_shut_by_number(machine, column):
    architecture, calls = assigned("FORBIDDEN_CALLS")[machine]
    assert architecture == AUDIT_ARCH[machine]
    assert sorted(calls) == sorted(numbers[column] for numbers in CALLS.values() if numbers[column] is not None)


def test_what_the_hook_refuses_looks_at_and_takes_for_a_change():
    assert set(assigned("REFUSED")) == {
        "subprocess.", "socket.", "ctypes.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
        "os.startfile", "pty.", "os.kill", "os.putenv", "os.unsetenv", "_thread.start", "sys.addaudithook", "gc.",
        "resource.", "signal.pthread_kill", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.", "sys.setprofile",
        "sys.settrace", "os.chflags", "fcntl.", "mmap.",
    }  # fmt: skip
    assert set(assigned("LOOKS")) == {"os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.chdir", "glob."}
    assert set(assigned("CHANGES")) == {
        "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown",
        "os.truncate", "os.utime", "os.mkfifo", "os.mknod", "os.setxattr", "shutil.",
    }  # fmt: skip


# --- months -----------------------------------------------------------------------------------------------------------

MONTHS = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}


@pytest.mark.parametrize("language", MONTHS)
def test_months_in_the_languages_of_platforms(language):
    for month, name in enumerate(MONTHS[language].split(), 1):
        for text in (f"Xday, 7 {name} 2026, 09:05", f"Xday, {name} 7, 2026, 9:05 AM"):
            found = lateness.from_text(text)
            assert found and (found.year, found.month, found.day, found.hour, found.minute) == (2026, month, 7, 9, 5), (
                text
            )


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [("12:00 AM", 0, 0), ("12:30 PM", 12, 30), ("1:05 pm", 13, 5), ("11:59 p.m.", 23, 59), ("00:00", 0, 0),
     ("23:59", 23, 59), ("7.15", 7, 15), ("14h07", 14, 7)],
)  # fmt: skip
def test_the_clock_of_twelve_and_of_twenty_four_hours(text, hour, minute):
    found = lateness.from_text(f"Monday, 9 June 2025, {text}")
    assert (found.hour, found.minute) == (hour, minute)
