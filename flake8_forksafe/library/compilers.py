"""Models of what compiles functions of the project: JAX's and TensorFlow's trace them in Python when they are called.

Read in jax 0.12 (jax/_src/api.py) and TensorFlow 2.21 (tensorflow/python/eager/polymorphic_function).
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value

COMPILERS = ("jax.jit", "jax.pmap", "jax.vmap", "jax.grad", "jax.value_and_grad", "tensorflow.function")


def compiled(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``jax.jit(f)``; ``@tf.function(jit_compile=True)`` waits for the function."""
    waits = not arguments.positional and arguments.complete
    return function if waits else External(f"{function.path}.compiled", None, arguments)


def call_compiled(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A compiled function is called: what it does in Python happens."""
    given = function.arguments
    machine.call((given.get(0, "fun") if given is not None else None) or UNKNOWN, arguments, frame)
    return machine.call(External(f"{function.path.removesuffix('.compiled')}()"), arguments, frame)


MODELS = Library(
    functions={
        **dict.fromkeys(COMPILERS, compiled),
        **{f"{path}.compiled": call_compiled for path in COMPILERS},
    }
)
