"""The command line: a file for each command, with its options and what it does; here is what `--help` says of all.

So `--help` imports no command, and a command imports no other.
"""

COMMANDS = {  # what each does, in a line
    "demo": "learn the synthetic actions stepwise, beside the same network without attention, and draw what it looks "
    "at",
    "train": "train and test a network",
    "evaluate": "test a trained network again",
    "predict": "ask a trained network about recordings: the class of each, with its probability, or none of these",
    "compare": "compare two runs on the same test sequences: the difference of their accuracies with its interval",
    "plot": "draw a figure of a trained network",
    "stepper": "write a page to step through a small network, cell by cell, forward and backward",
    "convert": "convert the original files of a data set to one file of the neutral format",
    "info": "say what a file of skeletons is, what it holds, and which command comes next",
    "table": "run a table of the paper, and print what was measured beside what the paper reports",
    "gradcheck": "prove every gradient by complex step and central differences; exit code 1 if any is wrong",
}
EXAMPLES = {  # how each is called
    "demo": [
        "demo --out demo-run",
    ],
    "train": [
        "train --dataset utkinect --data UTKinect --protocol loso --fold 3 --preset small --out run",
        "train --data skeletons.npz --protocol half --preset small --iterations 1 --out run",
        "train --resume --out run",
    ],
    "evaluate": [
        "evaluate run",
        "evaluate run --data others.npz --protocol all --predictions answers.csv",
    ],
    "predict": [
        "predict run wave.json",
        "predict run recordings/*.bvh --out answers.csv",
        "predict run long.skeleton --window 60 --stride 15 --plot answers.png",
    ],
    "compare": [
        "compare run-without-attention run",
        "compare a.csv b.csv",
    ],
    "plot": [
        "plot all run",
        "plot strip run",
        "plot convergence run-stepwise run-direct",
    ],
    "stepper": [
        "stepper --out stepper.html",
    ],
    "convert": [
        "convert --dataset ntu --data nturgb+d_skeletons --out ntu.npz --jobs 8",
        "convert --data dances --label '(?P<label>[a-z]+)[0-9]*_(?P<subject>[^_]+)' --out dances.npz",
        "convert --list",
    ],
    "info": [
        "info skeletons.npz",
        "info walk.bvh --plot walk.png",
        "info --dataset utkinect --data UTKinect",
    ],
    "table": [
        "table IX --data sbu.npz --out table-IX",
        "table V --data utkinect.npz --protocol loso --rows stepwise --seeds 3",
    ],
    "gradcheck": [
        "gradcheck --json gradients.json",
    ],
}
