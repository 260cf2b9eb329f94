#!/usr/bin/env bash
# cosmic-ray: a mutant that could not be made counts as killed; so does one of an exception with a dot in its name.
#
# Versions: cosmic-ray 8.7.0, parso 0.8.7; Python 3.11.
# Behaviour: in `except (socket.herror, OSError):` ExceptionReplacer finds two names and fails on the dotted one. No
#   test runs, the result is "incompetent", and cr-rate counts it among the killed, as all that did not survive. In
#   `except socket.timeout:` it puts its name in the place of the dot alone.
# Guessed: where tests pass whatever the code does, every mutant survives, and cr-rate says 100; a mutant that could not
#   be made is left out of the rate, or told.
# Source: cosmic_ray/operators/exception_replacer.py, _name_nodes: `return test_list.children[::2]`, of which mutate
#   sets `.value`; cosmic_ray/work_item.py, is_killed: `self.test_outcome != TestOutcome.SURVIVED`.
# Who is hurt: whoever holds the rate against a limit (cr-rate --fail-over): handlers that nothing tests look tested.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0 parso==0.8.7
cat > waiting.py <<'PY'
import socket


def plain(read):
    try:
        return read()
    except OSError:
        return None


def dotted(read):
    try:
        return read()
    except socket.timeout:
        return None


def several(read):
    try:
        return read()
    except (socket.herror, OSError):
        return None
PY
cat > settings.toml <<'TOML'
[cosmic-ray]
module-path = "waiting.py"
timeout = 20.0
test-command = "true"

[cosmic-ray.distributor]
name = "local"
TOML
env/bin/cosmic-ray init settings.toml session.sqlite > said.txt 2>&1
env/bin/cosmic-ray exec settings.toml session.sqlite >> said.txt 2>&1
env/bin/cr-report session.sqlite --show-diff > report.txt
seen=$(grep -E "^worker outcome|^[+] " report.txt | LC_ALL=C sort | uniq -c | sed 's/^ *//'
echo "survival rate, where no test can fail: $(env/bin/cr-rate session.sqlite)")
echo "$seen"
expected="1 +    except (socket.herror, CosmicRayTestingException):
1 +    except CosmicRayTestingException:
1 +    except socketCosmicRayTestingExceptiontimeout:
1 worker outcome: WorkerOutcome.EXCEPTION, test outcome: TestOutcome.INCOMPETENT
3 worker outcome: WorkerOutcome.NORMAL, test outcome: TestOutcome.SURVIVED
survival rate, where no test can fail: 75.00"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; cat said.txt; exit 1; }
