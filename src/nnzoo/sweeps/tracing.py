"""A computation as the plain list of its operations."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

A = torch.ops.aten
VIEWS = (A._unsafe_view.default, A.expand.default, A.view.default)


def traced(function: Callable[..., Any], *inputs: Tensor) -> GraphModule:
    """The operations of a function of tensors, gradients among them, to be run again and again.

    Of small tensors, ``vmap`` and the gradient's bookkeeping take as long as the operations. Other
    inputs of these sizes give what the function gives, to the bit; what it reads besides its
    inputs stays as it was.

    Args:
        function: without branches on its inputs' values.
        inputs: tensors of the sizes that it will be called with.
    """
    found: GraphModule = make_fx(function)(*inputs)
    for node in found.graph.nodes:
        if node.op == "call_function" and _changes_nothing(node):
            node.replace_all_uses_with(node.args[0])
    found.graph.eliminate_dead_code()
    found.recompile()
    return found


def _changes_nothing(node: Node) -> bool:
    """Whether an operation gives its first argument as it is."""
    first: Any = node.args[0] if node.args else None
    if node.target is A.detach.default:
        return True
    if node.target is A.mul.Scalar and node.args[1] == 1:
        # A product is a tensor of its own, which may be written to.
        return not any(map(_writes, (*node.users, *first.users)))
    if node.target in VIEWS:
        one, other = node.meta["val"], first.meta["val"]
        return one.shape == other.shape and one.stride() == other.stride()
    return False


def _writes(node: Node) -> bool:
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet).endswith("_")
