"""A computation as the plain list of its operations."""

from collections import Counter
from collections.abc import Callable, Sequence
from operator import getitem
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.fx import Graph, GraphModule, Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

A = torch.ops.aten
VIEWS = (A._unsafe_view.default, A.expand.default, A.view.default)

OFTEN = 3
"""Calls of a function that take as long as recording its operations."""


class Recordings:
    """The operations of functions that are called often."""

    def __init__(self) -> None:
        self.operations: dict[Any, Callable[..., Any]] = {}
        self._unproved: dict[Any, Callable[..., Any]] = {}
        self._calls: Counter[Any] = Counter()

    def of(self, name: Any, function: Callable[..., Any], *inputs: Tensor) -> Callable[..., Any]:
        """A function, or what ``traced`` gives for it if it is called often with such inputs, and
        came to the same on others than it was recorded with."""
        key = name, tuple(value.shape for value in inputs)
        if key in self.operations:
            return self.operations[key]
        self._calls[key] += 1
        if self._calls[key] <= OFTEN:
            return function
        if key not in self._unproved:
            try:
                self._unproved[key] = traced(function, *inputs).forward
            except Exception:  # what cannot be recorded is called, which is only slower
                self.operations[key] = function
            return function
        recorded = self._unproved.pop(key)
        same = _come_to_the_same(function, recorded, inputs)
        self.operations[key] = recorded if same else function
        return self.operations[key]

    def clear(self) -> None:
        """Forget the operations, since what they read besides their inputs has changed."""
        self.operations.clear()
        self._unproved.clear()


def _come_to_the_same(
    one: Callable[..., Any], other: Callable[..., Any], inputs: Sequence[Tensor]
) -> bool:
    """Whether two functions of tensors give equal ones, with the same random numbers."""
    state = torch.get_rng_state()
    results = tree_leaves(one(*inputs))
    torch.set_rng_state(state)
    pairs = zip(results, tree_leaves(other(*inputs)), strict=True)
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in pairs)


def traced(function: Callable[..., Any], *inputs: Tensor) -> GraphModule:
    """The operations of a function of tensors, gradients among them, to be run again and again.

    Of small tensors, ``vmap`` and the gradient's bookkeeping take longer than the operations. Other
    inputs of these sizes, strides and types give what the function gives, to the bit, if all that
    it does with them are torch's operations, and what it reads besides does not change. Results
    are not to be written to.

    Args:
        function: without branches on its inputs' values; it is called once.
        inputs: tensors like those that it will be called with.

    Raises:
        RuntimeError: if its operations or their sizes depend on its inputs' values.
    """
    inputs = tuple(value.detach() for value in inputs)  # each by itself, also one given twice
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
        graph.eliminate_dead_code(lambda node: node.is_impure() or _checks(node))
    for node in graph.nodes:
        node.meta.clear()  # which hold values
    return GraphModule(recorder.module, graph)


class _Recorder(TorchDispatchMode):
    """Within it, torch's operations are written down.

    Args:
        inputs: of what is recorded.

    Attributes:
        graph: of the operations; a node's ``meta`` has the ``form`` of what it came to: size,
            strides and type.
        module: of the tensors that were there before, besides the inputs.
    """

    def __init__(self, inputs: tuple[Tensor, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.graph, self.module = Graph(), nn.Module()
        self._nodes = WeakTensorKeyDictionary()
        self._constants: dict[Node, Any] = {}  # what hangs on no input, and its value
        for number, value in enumerate(inputs):
            self._keep(value, self.graph.placeholder(f"input{number}"))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if _depends_on_values(func, args):
            raise RuntimeError(f"{func} depends on values")
        if func is A.lift_fresh.default:  # of a tensor that is made of numbers each time
            func = A.lift_fresh_copy.default
        node = self.graph.call_function(func, *self.nodes_of((args, kwargs or {})))
        result = func(*args, **(kwargs or {}))
        seeded = torch.Tag.nondeterministic_seeded in func.tags
        constant = not seeded and all(one in self._constants for one in node.all_input_nodes)
        if isinstance(result, Tensor):
            self._keep(result, node, constant)
        elif result is not None:
            for number, value in enumerate(result):
                if isinstance(value, Tensor):
                    part = self.graph.call_function(getitem, (node, number))
                    self._keep(value, part, constant)
        return result

    def nodes_of(self, values: Any) -> Any:
        """Nodes in place of tensors."""
        return tree_map_only(Tensor, self._node_of, values)

    def take_constants(self) -> None:
        """Put values in place of operations that hang on no input, such as a mean's 1/n."""
        for node, value in list(self._constants.items()):
            used = [user for user in node.users if user not in self._constants]
            if used and node.op == "call_function":
                with self.graph.inserting_before(node):
                    node.replace_all_uses_with(self._constant(value))

    def _node_of(self, value: Tensor) -> Node:
        node: Node | None = self._nodes.get(value)
        return self._constant(value) if node is None else node

    def _constant(self, value: Tensor) -> Node:
        """A node of a tensor that stays as it is."""
        name = f"constant{len(self.module._buffers)}"
        self.module.register_buffer(name, value.detach())
        node = self.graph.get_attr(name)
        self._keep(value, node, constant=True)
        return node

    def _keep(self, value: Tensor, node: Node, constant: bool = False) -> None:
        self._nodes[value] = node
        node.meta["form"] = value.size(), value.stride(), value.dtype
        if constant:
            self._constants[node] = value


def _depends_on_values(func: Any, args: Any) -> bool:
    """Whether an operation's results, or their sizes, hang on its inputs' values otherwise than by
    numbers in tensors."""
    if func is A.index.Tensor:  # by numbers, or by what is true
        return any(one is not None and one.dtype in (torch.bool, torch.uint8) for one in args[1])
    return not {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}.isdisjoint(
        func.tags
    )


def _checks(node: Node) -> bool:
    """Whether an operation has no result, but raises an error where there is one."""
    return isinstance(node.target, OpOverload) and not node.target._schema.returns


def _unchanged(node: Node) -> Node | None:
    """What an operation was given, if it gives that as it is."""
    first: Any = node.args[0] if node.args else None
    if node.target is A.detach.default:
        return first
    if _turns(node) and _turns(first):
        return first.args[0]
    if node.target in VIEWS or (node.target is A.mul.Scalar and node.args[1] == 1):
        return first if node.meta["form"] == first.meta["form"] else None
    return None


def _turns(node: Node) -> bool:
    """Whether an operation turns the rows of matrices, (models, rows, columns), into columns."""
    return node.target is A.transpose.int and node.args[1:] == (1, 2)
