"""A computation as the plain list of its operations."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
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
            self.operations[key] = traced(function, *inputs)
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
    _reckon_constants(found)
    for node in found.graph.nodes:
        if node.op == "call_function" and (same := _unchanged(node)) is not None:
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
    if node.target is A.mul.Scalar and node.args[1] == 1:
        # A product is a tensor of its own, which may be written to.
        return None if any(map(_writes, (*node.users, *first.users))) else first
    if node.target in VIEWS:
        one, other = node.meta["val"], first.meta["val"]
        return first if one.shape == other.shape and one.stride() == other.stride() else None
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
    # What is written to is made anew each time, and so is all that may share its numbers.
    changed = {a for node in module.graph.nodes if _writes(node) for a in node.all_input_nodes}
    for node in reversed(values):
        if node in changed:
            changed.update(node.all_input_nodes)
    for node, value in values.items():
        if changed.intersection(node.all_input_nodes):
            changed.add(node)
        used = [user for user in node.users if user not in values]
        if used and isinstance(value, Tensor) and node not in changed:
            name = f"constant_{node.name}"
            module.register_buffer(name, value)
            with module.graph.inserting_before(node):
                constant = module.graph.get_attr(name)
            constant.meta = node.meta
            node.replace_all_uses_with(constant)


def _writes(node: Node) -> bool:
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet).endswith("_")
