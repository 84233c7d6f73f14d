"""The ways in which a repository starts its workers, one format after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.deployment.repository import Launches, WorkerLaunch, find_launches
from flake8_forksafe.project.disk import Disk


def find(root: Path) -> Launches:
    return find_launches(Disk(), str(root))


def only(root: Path) -> WorkerLaunch:
    """The one launch of a repository without troubles."""
    found = find(root)
    assert found.troubles == ()
    (launch,) = found.launches
    return launch


def at(root: Path, path: str, line: int) -> str:
    """A place, relative to the repository."""
    return f"{Path(path).relative_to(root).as_posix()}:{line}"


def described(root: Path, launch: WorkerLaunch) -> dict[str, object]:
    """What the cases below compare."""
    found: dict[str, object] = {
        "at": at(root, launch.path, launch.line),
        "kind": launch.kind,
        "name": launch.name,
        "app": launch.app,
        "argv": " ".join(launch.argv),
        "pool": launch.pool,
        "concurrency": launch.concurrency,
        "memory": launch.memory_mb,
        "environ": dict(launch.environ),
        "directory": Path(launch.directory).relative_to(root).as_posix(),
        "unresolved": launch.unresolved,
    }
    if launch.memory_line:
        found["memory at"] = at(root, launch.memory_path, launch.memory_line)
    if launch.concurrency_line:
        found["concurrency at"] = at(root, launch.concurrency_path, launch.concurrency_line)
    if (launch.command_path, launch.command_line) != (launch.path, launch.line):
        found["command at"] = at(root, launch.command_path, launch.command_line)
    return found


COMMANDS = {
    "celery -A shop worker": "celery -A shop worker",
    "celery worker -A shop -c 4": "celery worker -A shop -c 4",
    "python -m celery -A shop worker": "python -m celery -A shop worker",
    "/venv/bin/python3.12 -u -m celery -A shop worker": "/venv/bin/python3.12 -u -m celery -A shop worker",
    "/venv/bin/celery -A shop worker": "/venv/bin/celery -A shop worker",
    "exec celery -A shop worker": "celery -A shop worker",
    "nohup celery -A shop worker > log 2>&1 &": "celery -A shop worker",
    "gosu celery celery -A shop worker": "celery -A shop worker",
    "su-exec user:group celery -A shop worker": "celery -A shop worker",
    "uv run --frozen celery -A shop worker": "celery -A shop worker",
    "poetry run celery -A shop worker": "celery -A shop worker",
    "pipenv run python -m celery -A shop worker": "python -m celery -A shop worker",
    "newrelic-admin run-program celery -A shop worker": "celery -A shop worker",
    "dumb-init -- celery -A shop worker": "celery -A shop worker",
    "tini -g -- celery -A shop worker": "celery -A shop worker",
    "watchmedo auto-restart -d . -p '*.py' --recursive -- celery -A shop worker": "celery -A shop worker",
    "watchfiles --filter python 'celery -A shop worker' shop": "celery -A shop worker",
    "watchfiles celery.__main__.main --args '-A shop worker'": "celery.__main__.main -A shop worker",
    "wait-for-it redis:6379 -t 30 -- celery -A shop worker": "celery -A shop worker",
    'sh -c "migrate && celery -A shop worker"': "celery -A shop worker",
    "bash -euo pipefail -c 'cd /srv; exec celery -A shop worker'": "celery -A shop worker",
    "su -m user -c 'celery -A shop worker'": "celery -A shop worker",
    "python manage.py celery worker -c 4": "python manage.py celery worker -c 4",
    "nautobot-server celery worker -l INFO": "nautobot-server celery worker -l INFO",
    "watchmedo auto-restart -- shop-admin celery worker": "shop-admin celery worker",
    "docker compose run --rm web celery -A shop worker": "celery -A shop worker",
    "celery -A shop -b redis://celery worker": "celery -A shop -b redis://celery worker",
    "celery -A shop --loglevel info worker": "celery -A shop --loglevel info worker",
    "celery -A shop $EXTRA worker": "celery -A shop $EXTRA worker",
    "$CELERY_BIN -A shop worker": "$CELERY_BIN -A shop worker",
}

NO_WORKERS = (
    "celery -A shop beat", "celery -A shop flower --port 5555", "celery -A shop inspect ping -d worker",
    "celery -A shop worker --help", "celery multi stop worker", "celery --version", "pkill -f 'celery worker'",
    "echo celery -A shop worker", "systemctl restart celery worker", "docker compose up celery worker",
    "pip install celery worker", "sudo supervisorctl restart celery worker", "celery", "celery shop worker",
    "# celery -A shop worker", "cat <<EOF > run\ncelery -A shop worker\nEOF", "false && celery -A shop worker",
    "if [ production = staging ]; then celery -A shop worker; fi", "exit 1; celery -A shop worker",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_command_that_starts_a_worker(tmp_path: Path, command: str) -> None:
    write(tmp_path, {"run.sh": f"{command}\n"})
    assert " ".join(only(tmp_path).argv) == COMMANDS[command]


@pytest.mark.parametrize("command", NO_WORKERS)
def test_command_that_starts_no_worker(tmp_path: Path, command: str) -> None:
    write(tmp_path, {"run.sh": f"{command}\n"})
    assert find(tmp_path)[:2] == ((), ())


OPTIONS = {
    "-P solo": {"pool": "solo"},
    "-Psolo": {"pool": "solo"},
    "--pool=solo": {"pool": "solo"},
    "--pool solo": {"pool": "solo"},
    "-c4": {"concurrency": "4"},
    "-Ec4": {"concurrency": "4"},
    "-c 4": {"concurrency": "4"},
    "--concurrency 4": {"concurrency": "4"},
    "--concurrency=4 -c 5": {"concurrency": "5"},
    "--pool-start-method spawn": {"start_method": "spawn"},
    "--autoscale=10,3": {"autoscale": "10,3"},
    "--max-tasks-per-child 100 --max-memory-per-child=2000 -c 3": {"concurrency": "3"},
    "-Q a,b --without-gossip -n w1@%h -c 3": {"concurrency": "3"},
    "-- worker.concurrency=3": {"settings": (("worker.concurrency", "3"),)},
}


@pytest.mark.parametrize("options", OPTIONS)
def test_options(tmp_path: Path, options: str) -> None:
    write(tmp_path, {"run.sh": f"celery -A shop worker {options}\n"})
    launch = only(tmp_path)
    fields = ("pool", "start_method", "concurrency", "autoscale", "settings")
    given = {field: getattr(launch, field) for field in fields if getattr(launch, field)}
    assert given == OPTIONS[options]


def test_multi(tmp_path: Path) -> None:
    write(tmp_path, {"run.sh": "celery multi start 3 -A shop -c 5 -c:1 9\n"})
    found = [(launch.app, launch.concurrency, launch.nodes) for launch in find(tmp_path).launches]
    assert found == [("shop", "5", 2), ("shop", "9", 1)]


FORMATS: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "procfile": (
        {"deploy/Procfile": "web: gunicorn shop\nworker: FOO=1 celery -A shop worker -c $WORKERS\n",
         "deploy/.env": "# local\nexport WORKERS=6\nOMP_NUM_THREADS='1' # one\n"},
        {"at": "deploy/Procfile:2", "kind": "procfile", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker -c 6", "pool": None, "concurrency": "6", "concurrency at": "deploy/.env:2",
         "memory": None, "environ": {"WORKERS": "6", "OMP_NUM_THREADS": "1", "FOO": "1"}, "directory": "deploy",
         "unresolved": ()},
    ),
    "supervisor": (
        {"etc/worker.conf": """\
            [supervisord]
            environment=LOG="info"

            [program:worker]  ; the worker
            directory=/srv/shop/src
            command=/venv/bin/celery -A %(ENV_APP_NAME)s worker
                -c 4 --logfile=%(here)s/log
            environment=OMP_NUM_THREADS="1",PATHS="a,b",LEVEL=%(ENV_LEVEL)s

            [program:beat]
            command=celery -A shop beat
            """, "src/shop.py": ""},
        {"at": "etc/worker.conf:6", "kind": "supervisor", "name": "worker", "app": "${APP_NAME}",
         "argv": "/venv/bin/celery -A ${APP_NAME} worker -c 4 --logfile={root}/etc/log", "pool": None,
         "concurrency": "4", "concurrency at": "etc/worker.conf:6", "memory": None,
         "environ": {"LOG": "info", "OMP_NUM_THREADS": "1", "PATHS": "a,b"}, "directory": "src",
         "unresolved": ("APP_NAME", "LEVEL")},
    ),
    "systemd": (
        {"units/worker.service": """\
            [Unit]
            Description=celery
            [Service]
            Type=simple
            WorkingDirectory=/opt/shop/src
            Environment=OMP_NUM_THREADS=1 "GREETING=hello world"
            EnvironmentFile=-/etc/conf.d/worker
            MemoryMax=3G
            ExecStart=-/bin/sh -c '${CELERY_BIN} -A shop worker \\
                --concurrency=${WORKERS} ${OPTIONS}'
            ExecStop=/bin/sh -c 'celery multi stop'
            """, "units/conf.d/worker": 'CELERY_BIN="/venv/bin/celery"\nWORKERS=5\n', "src/shop.py": ""},
        {"at": "units/worker.service:9", "kind": "systemd", "name": "worker", "app": "shop",
         "argv": "/venv/bin/celery -A shop worker --concurrency=5 ${OPTIONS}", "pool": None, "concurrency": "5",
         "concurrency at": "units/worker.service:9", "memory": 3072, "memory at": "units/worker.service:8",
         "environ": {"OMP_NUM_THREADS": "1", "GREETING": "hello world", "CELERY_BIN": "/venv/bin/celery",
                     "WORKERS": "5"},
         "directory": "src", "unresolved": ("OPTIONS",)},
    ),
    "systemd drop-in": (
        {"worker.service": """\
            [Service]
            ExecStart=celery -A shop worker
            """,
         "worker.service.d/limits.conf": "[Service]\nMemoryMax=512M\nEnvironment=CELERY_WORKER_CONCURRENCY=2\n"},
        {"at": "worker.service:2", "kind": "systemd", "name": "worker", "app": "shop", "argv": "celery -A shop worker",
         "pool": None, "concurrency": None, "concurrency at": "worker.service.d/limits.conf:3", "memory": 512,
         "memory at": "worker.service.d/limits.conf:2", "environ": {"CELERY_WORKER_CONCURRENCY": "2"},
         "directory": ".", "unresolved": ()},
    ),
    "kubernetes": (
        {"k8s/all.yaml": """\
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data:
              OMP_NUM_THREADS: "1"
              WORKERS: "7"
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              name: shop
            spec:
              template:
                spec:
                  containers:
                    - name: proxy
                      image: nginx
                    - name: worker
                      workingDir: /srv/shop
                      command: ["sh", "-c"]
                      args:
                        - exec celery -A shop worker --concurrency $(WORKERS)
                      envFrom:
                        - configMapRef: {name: settings}
                      env:
                        - name: CELERY_APP
                          value: shop
                        - name: WORKERS_TWICE
                          value: $(WORKERS)$(WORKERS)
                        - name: PASSWORD
                          valueFrom: {secretKeyRef: {name: x, key: y}}
                      resources:
                        limits:
                          memory: 1500M
            """},
        {"at": "k8s/all.yaml:20", "kind": "kubernetes", "name": "shop/worker", "app": "shop",
         "argv": "celery -A shop worker --concurrency 7", "pool": None, "concurrency": "7",
         "command at": "k8s/all.yaml:22", "concurrency at": "k8s/all.yaml:22", "memory": 1430,
         "memory at": "k8s/all.yaml:34",
         "environ": {"OMP_NUM_THREADS": "1", "WORKERS": "7", "CELERY_APP": "shop", "WORKERS_TWICE": "77"},
         "directory": ".", "unresolved": ("PASSWORD",)},
    ),
    "kubernetes cron job": (
        {"job.yml": """\
            kind: List
            apiVersion: v1
            items:
            - kind: CronJob
              apiVersion: batch/v1
              metadata: {name: nightly}
              spec:
                jobTemplate:
                  spec:
                    template:
                      spec:
                        containers:
                        - args: [celery, -A, shop, worker, -P, solo]
                          resources: {limits: {memory: 2Gi}}
            """},
        {"at": "job.yml:13", "kind": "kubernetes", "name": "nightly", "app": "shop",
         "argv": "celery -A shop worker -P solo", "pool": "solo", "concurrency": None, "memory": 2048,
         "memory at": "job.yml:14", "environ": {}, "directory": ".", "unresolved": ()},
    ),
    "shell": (
        {"bin/start": """\
            #!/usr/bin/env bash
            set -euo pipefail
            cd "$(dirname "${BASH_SOURCE[0]}")/../src"
            export OMP_NUM_THREADS=1 UNUSED
            : "${WORKERS:=4}"
            if [ -z "${QUEUE:-}" ]; then
              QUEUE=default
            fi
            LOCAL=x
            exec celery -A "${APP_NAME:-shop}" worker \\
              --queues "$QUEUE" \\
              --concurrency "$WORKERS"
            """, "src/shop.py": ""},
        {"at": "bin/start:10", "kind": "shell", "name": "", "app": "shop",
         "argv": "celery -A shop worker --queues default --concurrency 4", "pool": None, "concurrency": "4",
         "concurrency at": "bin/start:5", "memory": None, "environ": {"OMP_NUM_THREADS": "1"}, "directory": "src",
         "unresolved": ()},
    ),
    "dockerfile": (
        {"Dockerfile": """\
            # syntax=docker/dockerfile:1
            ARG BASE=python:3.12
            FROM ${BASE} AS base
            ARG WORKERS=4
            ENV APP_HOME=/srv/shop \\
                # not before anything else
                OMP_NUM_THREADS="1" CELERY_WORKER_CONCURRENCY=${WORKERS}
            ENV GREETING hello world
            WORKDIR $APP_HOME
            COPY . .

            FROM base AS web
            CMD ["gunicorn", "shop"]

            FROM base
            RUN <<EOF
            CMD celery -A not worker
            EOF
            HEALTHCHECK CMD celery -A shop inspect ping
            WORKDIR src
            CMD ["celery", "-A", "shop", \\
                 "worker"]
            """, "src/shop.py": ""},
        {"at": "Dockerfile:21", "kind": "dockerfile", "name": "", "app": "shop", "argv": "celery -A shop worker",
         "pool": None, "concurrency": None, "concurrency at": "Dockerfile:7", "memory": None,
         "environ": {"APP_HOME": "/srv/shop", "OMP_NUM_THREADS": "1", "CELERY_WORKER_CONCURRENCY": "4",
                     "GREETING": "hello world"},
         "directory": "src", "unresolved": ()},
    ),
    "dockerfile with an entrypoint script": (
        {"docker/Dockerfile": """\
            FROM python:3.12 AS build
            COPY backend /build/backend
            FROM python:3.12
            COPY docker/entrypoint.sh docker/lib.sh /usr/local/bin/
            COPY --from=build /build/backend /srv/app
            WORKDIR /srv/app
            ENTRYPOINT ["entrypoint.sh", "--wait"]
            CMD ["worker"]
            """,
         "docker/lib.sh": "start_worker() {\n  exec celery -A shop worker -c ${1:-2}\n}\n",
         "docker/entrypoint.sh": """\
            #!/bin/sh
            . /usr/local/bin/lib.sh
            while [ $# -gt 0 ]; do
              case "$1" in
                --wait) sleep 1; shift ;;
                web | serve) exec gunicorn shop ;;
                work*)
                  export ROLE=$1
                  start_worker 3 ;;
                *) exec "$@" ;;
              esac
            done
            """, "backend/shop.py": ""},
        {"at": "docker/Dockerfile:8", "kind": "dockerfile", "name": "", "app": "shop",
         "argv": "celery -A shop worker -c 3", "pool": None, "concurrency": "3",
         "concurrency at": "docker/entrypoint.sh:9", "command at": "docker/lib.sh:2", "memory": None,
         "environ": {"ROLE": "worker"}, "directory": "backend", "unresolved": ()},
    ),
    "dockerfile with a script in a here-document": (
        {"Dockerfile.worker": """\
            FROM python:3.12
            COPY --chmod=755 <<"EOF" /start.sh
            #!/bin/sh
            exec celery -A shop worker "$@"
            EOF
            ENTRYPOINT ["/start.sh"]
            CMD ["-P", "threads"]
            """},
        {"at": "Dockerfile.worker:7", "kind": "dockerfile", "name": "", "app": "shop",
         "argv": "celery -A shop worker -P threads", "pool": "threads", "concurrency": None,
         "command at": "Dockerfile.worker:4", "memory": None, "environ": {}, "directory": ".", "unresolved": ()},
    ),
    "compose": (
        {"compose.yaml": """\
            x-common: &common
              environment: &environment
                OMP_NUM_THREADS: 1
                DEBUG: "no"
              mem_limit: 1g

            services:
              beat:
                image: shop
                command: celery -A shop beat
              worker:
                <<: *common
                image: shop
                environment:
                  <<: *environment
                  DEBUG: "yes"
                  TOKEN:
                command: >
                  celery -A shop worker
                  --pool=${POOL:-prefork}
                  --concurrency ${WORKERS:-${CPUS:-4}}
                deploy:
                  resources:
                    limits:
                      memory: ${MEMORY:-2g}
            """, ".env": "CPUS=12\n"},
        {"at": "compose.yaml:18", "kind": "compose", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker --pool=prefork --concurrency 12", "pool": "prefork", "concurrency": "12",
         "concurrency at": "compose.yaml:21", "command at": "compose.yaml:19", "memory": 2048,
         "memory at": "compose.yaml:25", "environ": {"OMP_NUM_THREADS": "1", "DEBUG": "yes"}, "directory": ".",
         "unresolved": ("TOKEN",)},
    ),
    "compose with lists": (
        {"docker-compose.yml": """\
            services:
              worker:
                build: {context: ., dockerfile: docker/Dockerfile, target: app, args: {HOME_DIR: /app}}
                entrypoint: ["tini", "--"]
                command: ["celery", "-A", "shop", "worker",
                          "-c", "20"]
                env_file: [base.env, {path: extra.env, required: false}]
                environment:
                  - CELERY_WORKER_POOL=prefork
                  - FROM_ENV
                mem_limit: 2048m
            """,
         "docker/Dockerfile": "FROM x AS app\nARG HOME_DIR\nENV FROM_IMAGE=1\nWORKDIR $HOME_DIR\nCOPY code .\n"
                              "FROM app\nENV LATER=1\n",
         ".env": "FROM_ENV=here\n", "base.env": "A=1\nB=${A}2\n", "code/shop.py": ""},
        {"at": "docker-compose.yml:5", "kind": "compose", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker -c 20", "pool": None, "concurrency": "20",
         "concurrency at": "docker-compose.yml:6", "memory": 2048, "memory at": "docker-compose.yml:11",
         "environ": {"FROM_IMAGE": "1", "A": "1", "B": "12", "CELERY_WORKER_POOL": "prefork", "FROM_ENV": "here"},
         "directory": "code", "unresolved": ()},
    ),
    "compose with the command of its image": (
        {"deploy/compose.yml": """\
            services:
              web:
                build: ..
                image: shop:latest
                command: gunicorn shop
              worker:
                image: shop:latest
                volumes: ["../src:/code"]
                working_dir: /code
                deploy: {resources: {limits: {memory: 512M}}}
            """,
         "Dockerfile": "FROM python\nENV X=1\nCMD celery -A shop worker -c $X\n", "src/shop.py": ""},
        {"at": "deploy/compose.yml:7", "kind": "compose", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker -c 1", "pool": None, "concurrency": "1", "concurrency at": "Dockerfile:2",
         "command at": "Dockerfile:3", "memory": 512, "memory at": "deploy/compose.yml:10", "environ": {"X": "1"},
         "directory": "src", "unresolved": ()},
    ),
    "compose that extends": (
        {"docker-compose.yml": """\
            services:
              worker:
                extends: {file: common/base.yml, service: worker}
                environment: [LEVEL=debug]
                command: celery -A shop worker
            """,
         "common/base.yml": """\
            services:
              worker:
                extends: python
                env_file: base.env
                environment: {LEVEL: info, NAME: worker}
                command: celery -A never worker
              python:
                build: ./image
                mem_limit: 300m
            """, "common/base.env": "FILE=1\n", "common/image/Dockerfile": "FROM python\nENV IMAGE=1\n"},
        {"at": "docker-compose.yml:5", "kind": "compose", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker", "pool": None, "concurrency": None, "memory": 300,
         "memory at": "common/base.yml:9",
         "environ": {"LEVEL": "debug", "NAME": "worker", "FILE": "1", "IMAGE": "1"}, "directory": "common/image",
         "unresolved": ()},
    ),
    "compose that runs a script": (
        {"compose.yml": """\
            services:
              worker:
                build: .
                command: /start-worker
                environment: {OMP_NUM_THREADS: "1"}
                deploy: {resources: {limits: {memory: 1GB}}}
            """,
         "Dockerfile": "FROM python\nCOPY ./scripts/entry /entry\nCOPY ./scripts/worker/start /start-worker\n"
                       'ENTRYPOINT ["/entry"]\n',
         "scripts/entry": "#!/bin/bash\nset -o errexit\nexport BROKER=redis://\nexec \"$@\"\n",
         "scripts/worker/start": "#!/bin/bash\n\nexec celery -A shop worker -c 2\n"},
        {"at": "compose.yml:4", "kind": "compose", "name": "worker", "app": "shop",
         "argv": "celery -A shop worker -c 2", "pool": None, "concurrency": "2",
         "concurrency at": "scripts/worker/start:3", "command at": "scripts/worker/start:3", "memory": 1024,
         "memory at": "compose.yml:6", "environ": {"OMP_NUM_THREADS": "1", "BROKER": "redis://"}, "directory": ".",
         "unresolved": ()},
    ),
    "compose that runs supervisor": (
        {"compose.yml": """\
            services:
              all:
                build: .
                environment: {WORKERS: 3}
                mem_limit: 4g
            """,
         "Dockerfile": "FROM python\nCOPY conf/supervisord.conf /etc/\n"
                       'CMD ["supervisord", "-n", "-c", "/etc/supervisord.conf"]\n',
         "conf/supervisord.conf": "[program:worker]\ncommand = celery -A shop worker -c %(ENV_WORKERS)s\n"},
        {"at": "compose.yml:3", "kind": "compose", "name": "all", "app": "shop", "argv": "celery -A shop worker -c 3",
         "pool": None, "concurrency": "3", "concurrency at": "compose.yml:4",
         "command at": "conf/supervisord.conf:2", "memory": 4096, "memory at": "compose.yml:5",
         "environ": {"WORKERS": "3"}, "directory": ".", "unresolved": ()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_format(tmp_path: Path, name: str) -> None:
    files, expected = FORMATS[name]
    write(tmp_path, files)
    argv = str(expected["argv"]).replace("{root}", str(tmp_path))
    assert described(tmp_path, only(tmp_path)) == {**expected, "argv": argv}


def test_nothing_is_parsed_without_celery(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yml": "services: {web: {image: nginx}}\n", "Dockerfile": "FROM x\n", "run.sh": "ls\n"})
    code = (
        "import sys\n"
        "from flake8_forksafe.deployment.repository import find_launches\n"
        "from flake8_forksafe.project.disk import Disk\n"
        f"assert find_launches(Disk(), {str(tmp_path)!r}) [:2] == ((), ())\n"
        "assert not {'yaml', 'configparser', 'shlex'} & sys.modules.keys(), sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})


def test_unsaved_contents(tmp_path: Path) -> None:
    write(tmp_path, {"Procfile": "worker: celery -A old worker\n"})
    overlay = {str(tmp_path / "Procfile"): b"worker: celery -A new worker\n"}
    (launch,) = find_launches(Disk(overlay), str(tmp_path)).launches
    assert launch.app == "new"


def test_every_launch_is_judged_for_itself(tmp_path: Path) -> None:
    """One script, two services with limits of their own; the script is no third launch."""
    write(tmp_path, {
        "compose.yml": """\
            services:
              small: {image: x, command: ./worker.sh 2, mem_limit: 1g}
              large: {image: x, command: ./worker.sh 20, mem_limit: 8g}
            """,
        "worker.sh": "celery -A shop worker -c $1\n",
    })  # fmt: skip
    assert [(launch.name, launch.concurrency, launch.memory_mb) for launch in find(tmp_path).launches] == [
        ("small", "2", 1024),
        ("large", "20", 8192),
    ]


def test_a_branch_that_nothing_is_known_to_take_is_a_launch(tmp_path: Path) -> None:
    """The image runs the web server; whoever gives it the argument ``worker`` is not in the repository."""
    write(tmp_path, {
        "Dockerfile": 'FROM x\nCOPY entry.sh /\nENTRYPOINT ["/entry.sh"]\nCMD ["web"]\n',
        "entry.sh": "case $1 in web) gunicorn ;; worker) celery -A shop worker -c 3 ;; esac\n",
    })  # fmt: skip
    launch = only(tmp_path)
    assert (launch.kind, at(tmp_path, launch.path, launch.line)) == ("shell", "entry.sh:1")


def test_script_that_runs_a_script(tmp_path: Path) -> None:
    write(tmp_path, {
        "all.sh": "export OMP_NUM_THREADS=1\n./bin/worker.sh 4 &\n./bin/beat.sh\n",
        "bin/worker.sh": "celery -A shop worker -c ${1:-2}\n",
    })  # fmt: skip
    launch = only(tmp_path)
    assert (launch.concurrency, dict(launch.environ)) == ("4", {"OMP_NUM_THREADS": "1"})
    assert at(tmp_path, launch.path, launch.line) == "bin/worker.sh:1"


def test_override_and_partial_files_go_over_the_default_one(tmp_path: Path) -> None:
    write(tmp_path, {
        "compose.yaml": """\
            services:
              worker:
                image: x
                command: celery -A shop worker
                environment: {A: 1, B: 1}
            """,
        "compose.override.yaml": "services: {worker: {environment: {B: 2}}}\n",
        "compose.production.yaml": "services: {worker: {mem_limit: 2g, environment: !reset null}}\n",
    })  # fmt: skip
    found = [(dict(launch.environ), launch.memory_mb) for launch in find(tmp_path).launches]
    assert sorted(found, key=str) == sorted(
        [({"A": "1", "B": "1"}, None), ({"A": "1", "B": "2"}, None), ({}, 2048)], key=str
    )


def test_examples_count_only_if_there_is_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, {"examples/Procfile": "worker: celery -A example worker\n", "tests/compose.yml": "celery: [\n"})
    found = find(tmp_path)
    assert ([launch.app for launch in found.launches], len(found.troubles)) == (["example"], 1)
    write(tmp_path, {"Procfile": "worker: celery -A shop worker\n"})
    found = find(tmp_path)
    assert ([launch.app for launch in found.launches], found.troubles) == (["shop"], ())


def test_variables_that_a_script_reads(tmp_path: Path) -> None:
    write(tmp_path, {"run.sh": "celery -A shop worker -c $CELERY_CONCURRENCY -P ${POOL:-solo} $(pwd) $1\n"})
    launch = only(tmp_path)
    assert launch.expanded == ("CELERY_CONCURRENCY", "POOL")
    assert launch.unresolved == ("CELERY_CONCURRENCY",)
    assert launch.concurrency == "$CELERY_CONCURRENCY"


def test_variables_that_may_hold_options(tmp_path: Path) -> None:
    write(tmp_path, {
        "a.sh": "celery -A shop worker -c 2 $OPTIONS\n",
        "b.sh": "celery multi start $NODES -A shop $OPTIONS\n",
        "c.sh": "celery -A shop worker -Q $QUEUE --pool=$POOL\n",
    })  # fmt: skip
    found = [(launch.open_options, launch.nodes) for launch in find(tmp_path).launches]
    assert found == [(("$OPTIONS",), 1), (("$OPTIONS",), 1), ((), 1)]


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    write(tmp_path, {
        "compose.yml": "services: {w: {image: x, command: celery worker, mem_limit: '${MEMORY:-0}'}}\n"
    })  # fmt: skip
    launch = only(tmp_path)
    assert (launch.memory_mb, launch.memory_line) == (None, 0)


def test_limit_that_is_not_known(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yml": "services: {w: {image: x, command: celery worker, mem_limit: '${MEMORY}'}}\n"})
    launch = only(tmp_path)
    assert (launch.memory_mb, launch.memory_line, launch.unresolved) == (None, 1, ("MEMORY",))


def test_script_beside_the_working_directory(tmp_path: Path) -> None:
    """``bash run.sh`` means the one in the working directory, though another has the same name."""
    write(tmp_path, {
        "Dockerfile": 'FROM x\nWORKDIR /app\nCOPY code .\nCMD ["bash", "run.sh"]\n',
        "code/run.sh": "celery -A right worker\n",
        "other/run.sh": "exec gunicorn wrong\n",
    })  # fmt: skip
    launch = only(tmp_path)
    assert (launch.kind, launch.app, launch.directory) == ("dockerfile", "right", str(tmp_path / "code"))


def test_places_of_variables(tmp_path: Path) -> None:
    write(tmp_path, {"run.sh": "export B=2\nexport A=1\ncelery -A shop worker\n"})
    launch = only(tmp_path)
    assert launch.environ == (("A", "1"), ("B", "2"))
    assert [place.line for place in launch.environ_places] == [2, 1]


def test_working_directory_option(tmp_path: Path) -> None:
    write(tmp_path, {"run.sh": "celery -A shop --workdir src worker\n", "src/shop.py": ""})
    assert only(tmp_path).directory == str(tmp_path / "src")


BOMB = "".join(f"b{n}: &b{n} [{', '.join(['*b' + str(n - 1)] * 9)}]\n" for n in range(1, 12))
MERGES = "".join(f"m{n}: &m{n}\n  <<: [{', '.join(['*m' + str(n - 1)] * 9)}]\n  k{n}: {n}\n" for n in range(1, 12))
SERVICE = "services:\n  worker:\n    image: x\n    command: celery -A shop worker\n"
NO_SCRIPT = "it is not a shell script that can be read"

BROKEN = {
    "no YAML": ("compose.yml", "services:\n  worker: [celery\n", 3, "it is not valid YAML"),
    "tabs": ("compose.yml", "services:\n\tworker:\n\t\tcommand: celery -A shop worker\n", 2, "it is not valid YAML"),
    "tabs by another name": ("stack.yml", "services:\n\tworker:\n\t\tcommand: celery worker\n", 2, "it is not valid"),
    "aliases": ("compose.yml", f"b0: &b0 [celery]\n{BOMB}{SERVICE}", 7, "its aliases stand for more than a million"),
    "merges": ("compose.yml", f"m0: &m0 {{k: celery}}\n{MERGES}{SERVICE}", 18, "its aliases stand for more than a mil"),
    "an alias to itself": ("compose.yml", f"x: &x [*x]\n{SERVICE}", 1, "it refers to 'x'"),
    "a template": ("worker.yaml", "kind: Pod\nspec: {{ .Values.x }}\ncontainers: {celery: [\n", 2, "it is a template"),
    "another template": ("compose.yml", "{% if x %}\nservices:\n  celery: [x\n{% endif %}\n", 1, "it is a template"),
    "depth": ("compose.yml", f"x: {'[' * 5000}\n{SERVICE}", 1, "it is nested too deeply"),
    "depth of tables": ("compose.yml", f"x: {'{a: ' * 3000}\n{SERVICE}", 1, "it is nested too deeply"),
    "depth of a block": ("compose.yml", f"celery:\n{'- ' * 5000}\n", 2, "it is nested too deeply"),
    "length": ("compose.yml", f"x: [{'1, ' * 120_000}]\n{SERVICE}", 1, "it holds more than a deployment file"),
    "null bytes": ("compose.yml", "celery\0\n", 1, "it contains null bytes"),
    "memory": ("compose.yml", "services: {w: {image: x, command: celery worker, mem_limit: lots}}\n", 1, "'lots' is"),
    "a quote": ("compose.yml", "services: {w: {image: x, command: \"celery 'worker\"}}\n", 1, "its command cannot"),
    "extends nothing": ("compose.yml", f"{SERVICE}  other:\n    extends: celery\n", 6, "'celery', which is extended"),
    "extends itself": ("compose.yml", "services: {w: {extends: w, command: celery worker}}\n", 1, "'w' extends itself"),
    "a script": ("run.sh", "echo\nif celery -A shop worker\n", 3, f"{NO_SCRIPT}: 'then' is missing"),
    "a quote in a script": ("run.sh", "echo\necho 'celery worker\n", 2, f"{NO_SCRIPT}: a quote is not closed"),
    "nesting in a script": ("run.sh", f"{'{ ' * 5000} celery\n", 1, f"{NO_SCRIPT}: it is nested too deeply"),
    "supervisor": ("worker.ini", "x\n[program:worker]\ncommand=celery worker\n", 1, "it is not a configuration of"),
    "a unit": ("w.service", "[Service]\nExecStart=celery 'worker\n", 2, "its command cannot be split into words"),
    "an endless script": ("run.sh", "f() {\n  ./run.sh x$1 & ./run.sh y$1\n}\nf $1 # celery\n", 1, "it runs more"),
}  # fmt: skip


MOST_PROCESSOR_S = 60.0
"""What a file that is refused may cost: a hundred times what one takes, and far less than a bomb that goes off."""


def test_depth_is_told_alike_by_every_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for name in ("depth", "depth of tables", "depth of a block"):
        path, content, line, reason = BROKEN[name]
        write(tmp_path, {path: content})
        (trouble,) = find(tmp_path).troubles
        assert (trouble.line, trouble.text) == (line, reason)


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_said_once_and_loses_nothing(tmp_path: Path, name: str) -> None:
    path, content, line, reason = BROKEN[name]
    write(tmp_path, {path: content, "Procfile": "worker: celery -A shop worker\n"})
    begin = time.process_time()
    found = find(tmp_path)
    assert time.process_time() - begin < MOST_PROCESSOR_S
    assert [(at(tmp_path, trouble.path, trouble.line), trouble.text[: len(reason)]) for trouble in found.troubles] == [
        (f"{path}:{line}", reason)
    ]
    assert ("procfile", "shop") in [(launch.kind, launch.app) for launch in found.launches]


def test_large_file(tmp_path: Path) -> None:
    write(tmp_path, {"Procfile": "worker: celery -A shop worker\n"})
    with open(tmp_path / "compose.yml", "w") as stream:
        stream.write("services:\n  x: {}\n" + "# nothing at all\n" * 3_000_000 + SERVICE)
    found = find(tmp_path)
    assert [trouble.text for trouble in found.troubles] == ["it is larger than 1024 KiB and was not read"]
    assert [launch.app for launch in found.launches] == ["shop"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "compose.yml")
    os.mkfifo(tmp_path / "run.sh")
    os.symlink("nowhere", tmp_path / "Dockerfile")
    write(tmp_path, {"Procfile": "worker: celery -A shop worker\n"})
    found = find(tmp_path)
    assert [launch.app for launch in found.launches] == ["shop"]
    assert [(Path(trouble.path).name, trouble.text) for trouble in found.troubles] == [
        ("compose.yml", "it is a named pipe, not a regular file"),
        ("run.sh", "it is a named pipe, not a regular file"),
    ]


def test_files_that_do_not_deploy_are_no_trouble(tmp_path: Path) -> None:
    write(tmp_path, {
        "mkdocs.yml": "nav: [celery\n", "values.yaml": "celery: {{ x }}\n", "nginx.conf": "upstream celery { ' }\n",
        ".travis.yml": "services:\n  - celery: [\n", "service.yaml": "kind: Service\nname: celery {{ x }}\n",
        "LICENSE": "celery '\n", "setup.ini": "[celery\n", "x.yml": "services:\n- celery: [\n",
    })  # fmt: skip
    assert find(tmp_path)[:2] == ((), ())


@pytest.mark.parametrize("again", ['exec gosu app "$0" "$@"', 'exec su app -c "$0 $*"', 'exec "$BASH_SOURCE" "$@"'])
def test_a_script_that_runs_itself_as_another_user(tmp_path: Path, again: str) -> None:
    """As the entry points of many images do."""
    script = f'#!/bin/bash\nif [ "$(id -u)" = 0 ]; then\n  {again}\nfi\nexec celery -A shop worker "$@"\n'
    dockerfile = 'FROM python\nCOPY entry.sh /entry.sh\nENTRYPOINT ["/entry.sh"]\nCMD ["--pool", "solo"]\n'
    write(tmp_path, {"shop.py": "", "entry.sh": script, "Dockerfile": dockerfile})
    found = find(tmp_path)
    assert ([launch.pool for launch in found.launches], found.troubles) == (["solo"], ())
