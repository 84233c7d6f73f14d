"""What PyTorch's calls do beside what the catalogue knows.  Read in torch 2.13 (torch/cuda/__init__.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import text
from flake8_forksafe.library.standard_process import ProcessEnvironment


def asks_nvml(machine: Machine) -> bool:
    """Whether the question for CUDA goes to NVML, which does not start it: ``PYTORCH_NVML_BASED_CUDA_CHECK=1``."""
    item = machine.state(ProcessEnvironment).get("PYTORCH_NVML_BASED_CUDA_CHECK")
    return item is not None and item.sure and text(item.value) == "1"


MODELS = Library(excused={"torch.cuda.is_available": asks_nvml})
