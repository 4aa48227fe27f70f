"""A computation as the plain list of its operations."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

A = torch.ops.aten
VIEWS = (A._unsafe_view.default, A.expand.default, A.view.default)

OFTEN = 100
"""Calls of a function that take as long as recording its operations."""


class Recordings:
    """The operations of functions that are called often.

    Attributes:
        times: how many times as many calls there will be in all as there were so far.
    """

    def __init__(self) -> None:
        self.times = 1.0
        self.operations: dict[Any, Callable[..., Any]] = {}
        self._calls: Counter[Any] = Counter()

    def of(self, name: Any, function: Callable[..., Any], *inputs: Tensor) -> Callable[..., Any]:
        """A function, or what ``traced`` gives for it if it is called often with such inputs."""
        key = name, tuple(value.shape for value in inputs)
        self._calls[key] += 1
        if self._calls[key] * self.times > OFTEN and key not in self.operations:
            try:
                self.operations[key] = traced(function, *inputs)
            except Exception:  # what cannot be recorded is called, which is only slower
                self.operations[key] = function
        return self.operations.get(key, function)

    def clear(self) -> None:
        """Forget the operations, since what they read besides their inputs has changed."""
        self.operations.clear()


def traced(function: Callable[..., Any], *inputs: Tensor) -> GraphModule:
    """The operations of a function of tensors, gradients among them, to be run again and again.

    Of small tensors, ``vmap`` and the gradient's bookkeeping take longer than the operations. Other
    inputs of these sizes give what the function gives, to the bit; what it reads besides its
    inputs stays as it was.

    Args:
        function: without branches on its inputs' values.
        inputs: tensors of the sizes that it will be called with.
    """
    found: GraphModule = make_fx(function)(*inputs)
    nodes = [node for node in found.graph.nodes if node.op == "call_function"]
    if any(isinstance(n.target, OpOverload) and n.target._schema.is_mutable for n in nodes):
        return found  # what is written to may be seen elsewhere, through a view
    _reckon_constants(found)
    for node in nodes:
        if (same := _unchanged(node)) is not None:
            node.replace_all_uses_with(same)
    found.graph.eliminate_dead_code()
    found.recompile()
    return found


def _unchanged(node: Node) -> Node | None:
    """What an operation was given, if it gives that as it is."""
    first: Any = node.args[0] if node.args else None
    if node.target is A.detach.default:
        return first
    if _turns(node) and _turns(first):
        return first.args[0]
    if node.target in VIEWS or (node.target is A.mul.Scalar and node.args[1] == 1):
        one, other = node.meta["val"], first.meta["val"]
        alike = all(f(one) == f(other) for f in (Tensor.size, Tensor.stride, lambda t: t.dtype))
        return first if alike else None
    return None


def _turns(node: Node) -> bool:
    """Whether an operation turns the rows of matrices, (models, rows, columns), into columns."""
    return node.target is A.transpose.int and node.args[1:] == (1, 2)


def _reckon_constants(module: GraphModule) -> None:
    """Put values in place of operations that hang on no input, such as a mean's 1/n."""
    values: dict[Node, Any] = {}
    for node in module.graph.nodes:
        if (
            node.op == "call_function"
            and all(argument in values for argument in node.all_input_nodes)
            and torch.Tag.nondeterministic_seeded not in node.target.tags
        ):
            arguments = map_arg((node.args, node.kwargs), values.__getitem__)
            values[node] = node.target(*arguments[0], **arguments[1])
    for node, value in values.items():
        used = [user for user in node.users if user not in values]
        if used and isinstance(value, Tensor):
            name = f"constant_{node.name}"
            module.register_buffer(name, value)
            with module.graph.inserting_before(node):
                constant = module.graph.get_attr(name)
            constant.meta = node.meta
            node.replace_all_uses_with(constant)
