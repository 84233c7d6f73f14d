"""Templates: Helm's with the values of their chart, Jinja's with variables that lie beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_forksafe.analysis import analyse
from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.deployment.templates import LONGEST, render_helm, render_jinja
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.report.remarks import remarks
from flake8_forksafe.settings import Settings

APP = 'from celery import Celery\napp = Celery("proj")\n@app.task\ndef f(): pass\n'
VALUES = """\
worker:
  enabled: true
  pool: solo
  concurrency: 4
  args: ["-E", "-Ofair"]
  queue: ""
  resources:
    limits:
      memory: 256Mi
"""
DEPLOYMENT = """\
{{- if .Values.worker.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "x.fullname" . }}-worker
  labels:
    {{- include "x.labels" . | nindent 4 }}
spec:
  template:
    spec:
      {{- with .Values.nodeSelector }}
      nodeSelector: {{ toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: worker
          command: ["celery", "-A", "proj", "worker"]
          args:
            - "--pool={{ .Values.worker.pool }}"
            - {{ printf "-c%v" .Values.worker.concurrency | quote }}
            {{- range .Values.worker.args }}
            - {{ . | quote }}
            {{- end }}
            {{- if .Values.worker.queue }}
            - "--autoscale=9,1"
            {{- end }}
          env:
            - name: OMP_NUM_THREADS
              value: {{ .Values.worker.threads | default 1 | quote }}
            - name: RELEASE
              value: {{ .Release.Name }}
          resources:
            {{- toYaml .Values.worker.resources | nindent 12 }}
{{- end }}
"""
CHART = {"proj.py": APP, "chart/Chart.yaml": "name: x\n", "chart/values.yaml": VALUES,
         "chart/templates/worker.yaml": DEPLOYMENT}  # fmt: skip


def launches(root: Path, files: dict[str, str]) -> tuple[WorkerLaunch, ...]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return find_launches(Disk(), str(root)).launches


def test_chart(tmp_path: Path) -> None:
    """A worker's command, environment and memory, at the lines of the template."""
    (launch,) = launches(tmp_path, CHART)
    assert launch.argv == ("celery", "-A", "proj", "worker", "--pool=solo", "-c4", "-E", "-Ofair")
    assert (launch.app, launch.pool, launch.concurrency, launch.autoscale) == ("proj", "solo", "4", None)
    assert dict(launch.environ) == {"OMP_NUM_THREADS": "1"}
    lines = DEPLOYMENT.split("\n")
    assert lines[launch.line - 1].strip().startswith("command:")
    assert (launch.memory_mb, lines[launch.memory_line - 1].strip()) == (
        256, "{{- toYaml .Values.worker.resources | nindent 12 }}")  # fmt: skip


def test_values_alone_mention_celery(tmp_path: Path) -> None:
    template = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  template:\n" \
        "    spec:\n      containers:\n        - image: {{ .Values.image }}\n" \
        "          command: {{ .Values.jobs.command | toJson }}\n"  # fmt: skip
    values = "image: x\njobs: {command: [celery, -A, proj, worker, --pool, solo]}\n"
    files = {"proj.py": APP, "chart/Chart.yaml": "name: x\n", "chart/values.yaml": values}
    (launch,) = launches(tmp_path, {**files, "chart/templates/jobs.yaml": template})
    assert (launch.app, launch.pool, launch.line) == ("proj", "solo", 10)


def test_values_decide(tmp_path: Path) -> None:
    """What the values turn off starts nothing; an option that they add is there."""
    off = VALUES.replace("enabled: true", "enabled: false")
    assert launches(tmp_path / "off", {**CHART, "chart/values.yaml": off}) == ()
    more = VALUES.replace('queue: ""', "queue: mails")
    (launch,) = launches(tmp_path / "more", {**CHART, "chart/values.yaml": more})
    assert launch.autoscale == "9,1"


def test_unknown_values_stay_unknown(tmp_path: Path) -> None:
    """A value that no file tells is told as such, and no pool is made up."""
    template = DEPLOYMENT.replace(".Values.worker.pool", ".Release.Pool")
    (launch,) = launches(tmp_path, {**CHART, "chart/templates/worker.yaml": template})
    assert launch.pool == "${template_Release_Pool}"
    assert "template_Release_Pool" in launch.unresolved
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert trace.forks


JINJA = "services:\n  w:\n    build: ..\n{% if limited %}\n    mem_limit: {{ memory }}\n{% endif %}\n" \
    "    command: celery -A proj worker --pool {{ pool | default('solo') }} {{ extra }}\n"  # fmt: skip


@pytest.mark.parametrize(
    ("place", "variables"),
    [
        ("deploy/compose.yaml.j2", "deploy/vars.yaml"),
        ("roles/worker/templates/compose.yaml.j2", "roles/worker/defaults/main.yml"),
        ("roles/worker/templates/compose.yaml.j2", "group_vars/all.yml"),
    ],
)
def test_jinja(tmp_path: Path, place: str, variables: str) -> None:
    values = "limited: yes\nmemory: 512m\npool: threads\n"
    (launch,) = launches(tmp_path, {"proj.py": APP, place: JINJA, variables: values})
    assert (launch.path, launch.line) == (str(tmp_path / place), 7)
    assert (launch.pool, launch.memory_mb) == ("threads", 512)


def test_jinja_without_variables(tmp_path: Path) -> None:
    """What nothing in the repository sets is taken to be unset where it has a default."""
    (launch,) = launches(tmp_path, {"proj.py": APP, "deploy/compose.yaml.j2": JINJA})
    assert launch.pool == "solo"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "celery.service.j2",
            "[Service]\n{# the pool #}\nExecStart=/venv/bin/celery -A proj worker -P {{ pool }}\n",
            3,
        ),
        ("supervisord.conf.j2", "{% set x = 1 %}\n[program:w]\ncommand=celery -A proj worker -P {{ pool }}\n", 3),
        ("Procfile.j2", "{% if pool == 'solo' %}\nworker: celery -A proj worker -P {{ pool }}\n{% endif %}\n", 2),
    ],
)
def test_jinja_of_other_formats(tmp_path: Path, name: str, text: str, line: int) -> None:
    (launch,) = launches(tmp_path, {"proj.py": APP, name: text, "vars.yml": "pool: solo\n"})
    assert (launch.pool, launch.line) == ("solo", line)


def test_what_stays_unreadable_is_one_remark(tmp_path: Path) -> None:
    broken = {
        f"chart/templates/{name}.yaml": "kind: Pod\nspec: {containers: [celery {{ .Values.x }}\n  }}: ["
        for name in "ab"
    }
    launches(tmp_path, {**CHART, **broken})
    report = analyse(Settings(str(tmp_path)))
    assert not [one for one in report.findings if one.code == "FS192"]
    (remark,) = [one.text for one in remarks(report.context) if one.text.startswith("not read")]
    assert "2 deployment files are templates" in remark


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('a: {{ .Values.a.b | default "x" | quote }}', "a: 1"),
        ('a: {{ default "x" .Values.a.c }}', "a: x"),
        ("a: {{ .Values.a.c }}", "a: "),
        ("a: {{ $.Values.a.b }}", "a: 1"),
        ("{{- $x := .Values.a }}a: {{ $x.b }}", "a: 1"),
        ("{{- with .Values.a }}a: {{ .b }}{{ end }}", "a: 1"),
        ('{{ if and .Values.a (eq .Values.a.b "1") }}yes{{ else }}no{{ end }}', "yes"),
        ("{{ if not .Values.a }}yes{{ else if .Values.off }}off{{ else }}no{{ end }}", "no"),
        ("{{ if .Capabilities.X }}yes{{ else }}no{{ end }}", "yes"),
        ("{{/* a {{ comment }} */}}a", "a"),
        ('{{ define "x" }}hidden{{ end }}a', "a"),
        ('a: {{ ternary "t" "f" .Values.off }}', "a: f"),
        ('a: {{ join "," .Values.l }}', "a: p,q"),
        ("a: {{ toYaml .Values.l }}", 'a: ["p", "q"]'),
        ("{{ range $i, $v := .Values.l }}- {{ $v }};{{ end }}", "- ${template_v};- ${template_v};"),
        ("a: {{ lookup 1 2 }}", "a: ${template_lookup_1_2}"),
        ("{{ end }}{{ else }}a", "a"),
        ("{{ if .Values.a }}a", "a"),
    ],
)
def test_helm_language(template: str, text: str) -> None:
    values = {"a": {"b": "1"}, "off": "false", "l": ["p", "q"]}
    assert render_helm(template, values, "x").text == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ a.b }} {{ a['b'] }}", "1 ${template_a_b}"),
        ("{{ n | default('x') }}", "x"),
        ("{% if n is defined %}a{% else %}b{% endif %}", "a"),
        ("{% if a.b == '1' and off %}a{% elif a %}b{% endif %}", "b"),
        ("{% raw %}x{% endraw %}{% macro m() %}y{% endmacro %}", "x"),
        ("{# c\n #}a", "\na"),
    ],
)
def test_jinja_language(template: str, text: str) -> None:
    assert render_jinja(template, {"a": {"b": "1"}, "off": "false"}) == text


@pytest.mark.parametrize(
    "text",
    ["{{ if .Values.a }}" * 5000, "{{ (" + "(" * 5000 + " }}", "{{ .Values.l | nindent 99999999999 }}", "{{" * 9999],
)
def test_bounds(tmp_path: Path, text: str) -> None:
    """No template of any depth or size does harm."""
    mark = "kind: Pod\nspec: {containers: [celery]}\n"
    launches(tmp_path, {**CHART, "chart/templates/odd.yaml": mark + text})


def test_growth_is_bounded(tmp_path: Path) -> None:
    nested = "{{ range $.Values.l }}" * 8 + "x" * 50 + "{{ end }}" * 8
    values = "l: [" + ", ".join("abcdefghij") + "]\n"
    root = {
        **CHART,
        "chart/values.yaml": values,
        "chart/templates/odd.yaml": "kind: Pod\ncontainers: celery\n" + nested,
    }
    assert LONGEST < 10**8 * 50
    launches(tmp_path, root)
    report = analyse(Settings(str(tmp_path)))
    assert [one.text for one in remarks(report.context) if one.text.startswith("not read: a template")]


@pytest.mark.parametrize("ending", ["j2", "jnj", "tmpl", "template"])
def test_templates_have_many_endings(tmp_path: Path, ending: str) -> None:
    text = (
        "[program:w]\ncommand={% if debug -%}\n  celery -A proj worker -c 2\n{% else -%}\n  celery beat\n{% endif -%}\n"
    )
    (tmp_path / f"supervisord.conf.{ending}").write_text(text)
    assert [launch.concurrency for launch in find_launches(Disk(), str(tmp_path)).launches] == ["2"]
