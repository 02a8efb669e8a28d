"""A study through a real queue: a Slurm controller and one node, started here from the system's packages."""

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import small_study

from polystilts import paths

DEFAULT = Path("/etc/slurm/slurm.conf")  # job steps look nowhere else: the executor hides the environment
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")
CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
MpiDefault=none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=study Nodes={host} Default=YES State=UP
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def slurm():
    """The environment in which commands reach a queue of our own."""
    pytest.importorskip(
        "snakemake_executor_plugin_slurm", reason="no Slurm executor: pip install polystilts[slurm]"
    )
    os.environ["PATH"] += ":/usr/sbin"
    if DEFAULT.exists() and subprocess.run(["sinfo"], capture_output=True).returncode == 0:
        yield dict(os.environ)  # this machine belongs to a cluster: its own queue is the better test
        return
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.geteuid() != 0 or DEFAULT.exists():
        pytest.skip(f"no Slurm to start here (as root, from slurm-wlm and munge); missing: {missing}")
    folder = Path("/run") / f"slurm-of-a-test-{os.getpid()}"  # munge wants folders that only root can write
    started = []
    try:
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        host = platform.node().partition(".")[0]
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(folder=folder, host=host, ports=free_ports(2))
        )
        DEFAULT.symlink_to(folder / "slurm.conf")
        (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o400)
        environment = dict(os.environ)
        munge = ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key"]
        munge += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
        munge += [f"--socket={folder}/munge.socket"]
        for command in (munge, ["slurmctld", "-D", "-i"], ["slurmd", "-D", "-N", host]):
            with open(folder / f"{command[0]}.said", "w") as said:
                started.append(subprocess.Popen(command, env=environment, stdout=said, stderr=said))
            time.sleep(2)
        for _ in range(30):
            state = subprocess.run(
                ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True
            )
            if state.stdout.strip() == "idle":
                break
            time.sleep(1)
        else:
            logs = "\n".join(file.read_text()[-600:] for file in folder.glob("*.log"))
            pytest.skip(f"Slurm does not come up here: {state.stdout}{state.stderr}\n{logs}")
        yield environment
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            process.wait(timeout=30)
        if DEFAULT.is_symlink() and DEFAULT.readlink().parent == folder:
            DEFAULT.unlink()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_study_runs_through_a_queue_and_takes_its_orphans_out_of_it(slurm, tmp_path):
    root = small_study.make_repository(tmp_path / "queued", batches=2)
    profile = root / "profiles" / "slurm"
    shutil.copytree(paths.REPOSITORY / "profiles" / "slurm", profile)
    file = profile / "config.yaml"
    text = file.read_text().replace("mem_mb: 8000", "mem_mb: 200").replace("checks: 10", "checks: 4")
    file.write_text(text)
    environment = slurm | small_study.surroundings(root)
    executor = Path(importlib.util.find_spec("snakemake_executor_plugin_slurm").origin).parent.parent
    environment["PYTHONPATH"] += f"{os.pathsep}{executor}"
    command = small_study.command("run", "--scale", "tiny", "--profile", str(profile))

    def listed() -> str:
        return subprocess.run(
            ["squeue", "-h", "-o", "%i %j"], env=environment, capture_output=True, text=True
        ).stdout

    driver = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL)
    for _ in range(120):
        if "polystilts-" in listed():
            break
        time.sleep(0.5)
    assert "polystilts-" in listed(), "no job ever reached the queue"
    driver.kill()
    driver.wait()
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=550)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "08_what_we_learned" in ended.stdout and "the queue of" in ended.stdout
    assert (root / "outputs/tiny/tables/scores.csv").exists()
    assert "polystilts-" not in listed()
