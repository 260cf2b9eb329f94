"""joblib on a Dask cluster: the data on its way, tasks that outlive their workers, and one sentence when all is lost.

docs/cluster.md says how to start a cluster. Importing this needs the package distributed.
"""

import contextlib
import re
from concurrent.futures import CancelledError

import distributed
from joblib._dask import DaskDistributedBackend

from .. import __version__
from ..support.errors import InputError, shown

AGAIN = "what is finished stays: give the same command again"


class Backend(DaskDistributedBackend):
    """joblib's Dask backend, but for two things.

    It would wait for ever for a task that Dask gives up: here the error is raised. It would run everything in this
    process where the cluster has a single worker with a single thread: here that one is used.
    """

    def effective_n_jobs(self, n_jobs):
        return max(2, super().effective_n_jobs(n_jobs))

    def submit(self, func, callback=None):
        future = super().submit(func, callback)
        future.add_done_callback(lambda done: callback(done.exception()) if done.exception() else None)
        return future

    def retrieve_result_callback(self, out):
        if isinstance(out, BaseException):
            raise out
        return super().retrieve_result_callback(out)


@contextlib.contextmanager
def connected(address, data):
    """A backend for joblib on the cluster whose scheduler is at `address`; InputError when it fails.

    `data` goes to the scheduler once and from there to the workers. It is the result of a task, not "scattered", so
    that Dask brings it back should every worker that has it die; tasks of dead workers are run again by Dask itself.
    """
    if not re.fullmatch(r"(tcp|tls|ws|wss)://.+:\d+", address):
        raise InputError(f"--cluster {shown(address)} is no address of a Dask scheduler; give it as tcp://HOST:PORT")
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--cluster {address} cannot be reached ({error}); start a Dask scheduler there") from None
    with client:
        try:
            _check_versions(client)
            backend = Backend(client=client)
            backend.data_futures[id(data)] = client.submit(_itself, data, pure=False)
            yield backend
        except distributed.KilledWorker as error:
            raise InputError(
                f"a task ended every worker that tried it, perhaps for lack of memory ({error}); {AGAIN} on workers "
                "with more"
            ) from error
        except TimeoutError as error:
            raise InputError(f"the cluster at {address} has no workers; start some (docs/cluster.md)") from error
        except (CancelledError, OSError) as error:
            raise InputError(f"the cluster at {address} was lost on the way ({error}); {AGAIN}") from error


def _check_versions(client):
    """InputError unless every worker that is there now has this version of the package."""

    def version():  # sent as it stands, for a worker may not have this module
        try:
            from .. import __version__
        except ImportError:
            return "none"
        return __version__

    for worker, found in client.run(version).items():
        if found != __version__:
            raise InputError(
                f"worker {worker} has gca_scratch {found}, not {__version__}; install the same version on all workers"
            )


def _itself(data):
    return data
