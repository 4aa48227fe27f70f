"""A computation as the plain list of its operations."""

from collections import Counter
from collections.abc import Callable
from operator import getitem
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.fx import Graph, GraphModule, Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

A = torch.ops.aten
VIEWS = (A._unsafe_view.default, A.expand.default, A.view.default)

OFTEN = 3
"""Calls of a function that take as long as recording its operations."""


class Recordings:
    """The operations of functions that are called often."""

    def __init__(self) -> None:
        self.operations: dict[Any, Callable[..., Any]] = {}
        self._calls: Counter[Any] = Counter()

    def of(self, name: Any, function: Callable[..., Any], *inputs: Tensor) -> Callable[..., Any]:
        """A function, or what ``traced`` gives for it if it is called often with such inputs."""
        key = name, tuple(value.shape for value in inputs)
        if key not in self.operations:
            self._calls[key] += 1
            if self._calls[key] <= OFTEN:
                return function
            try:
                self.operations[key] = traced(function, *inputs).forward
            except Exception:  # what cannot be recorded is called, which is only slower
                self.operations[key] = function
        return self.operations[key]

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

    Raises:
        RuntimeError: if its operations or their sizes depend on its inputs' values.
    """
    recorder = _Recorder(inputs)
    with recorder:
        result = function(*inputs)
    graph = recorder.graph
    graph.output(recorder.nodes_of(result))
    nodes = [node for node in graph.nodes if isinstance(node.target, OpOverload)]
    # What is written to may be seen elsewhere, through a view.
    if not any(node.target._schema.is_mutable for node in nodes):
        recorder.take_constants()
        for node in nodes:
            if (same := _unchanged(node)) is not None:
                node.replace_all_uses_with(same)
        graph.eliminate_dead_code()
    for node in graph.nodes:
        node.meta.clear()  # which hold all values
    return GraphModule(recorder.module, graph)


class _Recorder(TorchDispatchMode):
    """Within it, torch's operations are written down.

    Args:
        inputs: of what is recorded.

    Attributes:
        graph: of the operations; each node's ``meta["val"]`` is what it came to.
        module: of the tensors that were there before, besides the inputs.
    """

    def __init__(self, inputs: tuple[Tensor, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.graph, self.module = Graph(), nn.Module()
        self._nodes: dict[int, Node] = {}  # by the identity of a tensor that a node holds
        for number, value in enumerate(inputs):
            self._keep(value, self.graph.placeholder(f"input{number}"))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if (
            torch.Tag.data_dependent_output in func.tags
            or torch.Tag.dynamic_output_shape in func.tags
        ):
            raise RuntimeError(f"{func} depends on values")
        if func is A.lift_fresh.default:  # of a tensor that is made of numbers each time
            func = A.lift_fresh_copy.default
        node = self.graph.call_function(func, *self.nodes_of((args, kwargs or {})))
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self._keep(result, node)
        else:
            for number, value in enumerate(result):
                if isinstance(value, Tensor):
                    self._keep(value, self.graph.call_function(getitem, (node, number)))
        return result

    def nodes_of(self, values: Any) -> Any:
        """Nodes in place of tensors."""
        return tree_map_only(Tensor, self._node_of, values)

    def take_constants(self) -> None:
        """Put values in place of operations that hang on no input, such as a mean's 1/n."""
        constant: set[Node] = set()
        for node in list(self.graph.nodes):
            if node.op == "placeholder" or node.op == "output":
                continue
            seeded = torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
            if constant.issuperset(node.all_input_nodes) and not seeded:
                constant.add(node)
        for node in constant:
            used = [user for user in node.users if user not in constant]
            if used and node.op == "call_function" and "val" in node.meta:
                with self.graph.inserting_before(node):
                    node.replace_all_uses_with(self._constant(node.meta["val"]))

    def _node_of(self, value: Tensor) -> Node:
        return self._nodes.get(id(value)) or self._constant(value)

    def _constant(self, value: Tensor) -> Node:
        """A node of a tensor that stays as it is."""
        name = f"constant{len(self.module._buffers)}"
        self.module.register_buffer(name, value.detach())
        node = self.graph.get_attr(name)
        self._keep(value, node)
        return node

    def _keep(self, value: Tensor, node: Node) -> None:
        self._nodes[id(value)] = node
        node.meta["val"] = value  # held, lest its identity is given to another one


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
