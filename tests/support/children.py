"""Programs that a test runs beside the gateway."""
import contextlib
import os
import pathlib
import signal
import subprocess

from waiting import accepts, environment, until


class Children:
    """Programs that run in `folder`, each with a session of its own, and write into one file there."""

    def __init__(self, folder, log="children.log"):
        self.folder, self.log, self.processes = folder, pathlib.Path(folder, log), []

    def spawn(self, *command, **variables):
        """Starts one more, with more variables of the environment."""
        with self.log.open("ab") as log:
            self.processes.append(subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                env=environment(**variables)))

    def until_listening(self, port, patience=60):
        """Returns once somebody listens on a port of loopback; fails if one of them ends before."""
        def listens():
            ended = [process.args[0] for process in self.processes if process.poll() is not None]
            assert not ended, f"{ended} ended: {self.log.read_text(errors='replace')[-2000:]}"
            return accepts(port)
        until(f"somebody listens on {port}", listens, patience)

    def stop(self, how=signal.SIGTERM, patience=20):
        """Ends them all, and what they have started. Kills those that this signal does not end."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        for process in self.processes:
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes = []
