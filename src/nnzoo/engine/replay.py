"""Replay of a function as a list of its tensor operations.

For small tensors, ``vmap`` and the bookkeeping of gradients take longer than the operations.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf, nan
from operator import getitem
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import Graph, Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

A = torch.ops.aten
VIEWS = (A._unsafe_view.default, A.expand.default, A.view.default)
VALUES = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
"""Tags of operations whose numbers or sizes depend on values of the inputs."""

MIN_CALLS = 3
"""Calls of a function before it is captured; a capture takes about as long as these calls."""


class Replay:
    """The captured operations of functions that are called often.

    Attributes:
        operations: by key, the replay that replaces a function, or the function itself.
    """

    def __init__(self) -> None:
        self.operations: dict[Any, Callable[..., Any]] = {}
        self._unchecked: dict[Any, Callable[..., Any]] = {}
        self._calls: Counter[Any] = Counter()

    def of(self, key: Any, function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
        """Return a function, or its replay once both have given equal results on other inputs.

        Args:
            key: equal for calls of the same function with inputs of the same shapes.
            function: a function of tensors; what it reads besides its inputs must not change.
            inputs: inputs of the next call.
        """
        if (known := self.operations.get(key)) is not None:
            return known
        self._calls[key] += 1
        if self._calls[key] <= MIN_CALLS:
            return function
        if (replayed := self._unchecked.pop(key, None)) is not None:
            self.operations[key] = replayed if _agree(function, replayed, inputs) else function
            return self.operations[key]
        try:
            self._unchecked[key] = capture(function, *inputs)
        except Exception:  # it cannot be captured and is called instead
            self.operations[key] = function
        return function


def _agree(first: Callable[..., Any], second: Callable[..., Any], inputs: Sequence[Any]) -> bool:
    """Return whether two functions give equal results, with the same random numbers."""
    state = torch.get_rng_state()
    results = tree_leaves(first(*inputs))
    torch.set_rng_state(state)
    pairs = zip(results, tree_leaves(second(*inputs)), strict=True)
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in pairs)


def capture(function: Callable[..., Any], *inputs: Any) -> Callable[..., Any]:
    """Return a function's tensor operations, those of its gradients included, as a new function.

    For inputs of the same sizes, strides and dtypes its results are bitwise equal, if the original
    uses only torch's operations and nothing else that it reads changes. Do not modify the results.

    Args:
        function: without branches on values of its inputs; it is called once.
        inputs: tensors like those of later calls; other inputs are the same in all calls.

    Raises:
        RuntimeError: if the operations or their sizes depend on values of the inputs.
    """
    # Distinct tensors, even if one is passed twice.
    inputs = tuple(value.detach() if isinstance(value, Tensor) else value for value in inputs)
    recorder = _Recorder(inputs)
    with recorder:
        result = function(*inputs)
    graph = recorder.graph
    graph.output(recorder.nodes_of(result))
    nodes = [node for node in graph.nodes if isinstance(node.target, OpOverload)]
    # A write may change other tensors through views: then nothing is optimized.
    if not any(node.target._schema.is_mutable for node in nodes):
        recorder.fold_constants()
        for node in nodes:
            if (same := _unchanged(node)) is not None:
                node.replace_all_uses_with(same)
        graph.eliminate_dead_code(lambda node: node.is_impure() or _checks(node))
    return _compiled(graph, recorder.constants)


def _compiled(graph: Graph, constants: dict[str, Tensor]) -> Callable[..., Any]:
    """Return a graph as a Python function of its inputs.

    ``torch.fx`` can do this too, but its code calls each operation through a Python method.
    """
    # An argument's repr is its code: that of a node is the name of its variable.
    names: dict[str, Any] = {"torch": torch, "device": torch.device, "inf": inf, "nan": nan}
    last_use = {used: node for node in graph.nodes for used in node.all_input_nodes}
    inputs, lines = [], []
    for node in graph.nodes:
        if node.op == "placeholder":
            inputs.append(node.name)
        elif node.op == "get_attr":
            names[node.name] = constants[node.target]
        elif node.op == "output":
            lines.append(f"return {node.args[0]!r}")
        else:
            names[name := f"op{len(names)}"] = getattr(node.target, "_op", node.target)
            keywords = [f"{key}={argument!r}" for key, argument in node.kwargs.items()]
            lines.append(f"{node.name} = {name}({', '.join([*map(repr, node.args), *keywords])})")
            # Free the memory of values that are no longer used.
            used = [n for n in node.all_input_nodes if last_use[n] is node]
            lines += [f"del {n.name}" for n in used if n.op == "call_function"]
    body = "".join(f"    {line}\n" for line in lines)
    exec(f"def replay({', '.join(inputs)}):\n{body}", names)
    compiled: Callable[..., Any] = names["replay"]
    return compiled


class _Recorder(TorchDispatchMode):
    """A mode that records torch's operations.

    Args:
        inputs: inputs of the recorded function.

    Attributes:
        graph: the operations; ``meta["form"]`` of a node is the size, strides and dtype of its
            result.
        constants: other tensors that the function reads, by name.
    """

    def __init__(self, inputs: Sequence[Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.graph, self.constants = Graph(), dict[str, Tensor]()
        self._nodes = WeakTensorKeyDictionary()
        self._constants: dict[Node, Any] = {}  # results that depend on no input
        for number, value in enumerate(inputs):
            self._keep(value, self.graph.placeholder(f"input{number}"))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        depends = not VALUES.isdisjoint(func.tags)
        if func is A.index.Tensor:  # by positions, or by a mask
            depends = any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1])
        if depends:
            raise RuntimeError(f"{func} depends on values")
        if func is A.lift_fresh.default:  # creates a new tensor of numbers at each call
            func = A.lift_fresh_copy.default
        node = self.graph.call_function(func, *self.nodes_of((args, kwargs or {})))
        result = func(*args, **(kwargs or {}))
        seeded = torch.Tag.nondeterministic_seeded in func.tags
        constant = not seeded and all(used in self._constants for used in node.all_input_nodes)
        self._keep(result, node, constant)
        if isinstance(result, tuple | list):
            for number, value in enumerate(result):
                self._keep(value, self.graph.call_function(getitem, (node, number)), constant)
        return result

    def nodes_of(self, values: Any) -> Any:
        """Replace tensors by their nodes; one that has none is a constant."""
        return tree_map_only(Tensor, lambda v: self._nodes.get(v) or self._constant(v), values)

    def fold_constants(self) -> None:
        """Replace operations that depend on no input, such as a mean's 1/n, by their values."""
        for node, value in list(self._constants.items()):
            used = [user for user in node.users if user not in self._constants]
            if used and node.op == "call_function":
                with self.graph.inserting_before(node):
                    node.replace_all_uses_with(self._constant(value))

    def _constant(self, value: Tensor) -> Node:
        """Return a node for a tensor that does not change."""
        name = f"constant{len(self.constants)}"
        self.constants[name] = value.detach()
        node = self.graph.get_attr(name)
        self._keep(value, node, constant=True)
        return node

    def _keep(self, value: Any, node: Node, constant: bool = False) -> None:
        """Remember that a node stands for a value, if that is a tensor."""
        if isinstance(value, Tensor):
            self._nodes[value] = node
            node.meta["form"] = value.size(), value.stride(), value.dtype
            if constant:
                self._constants[node] = value


def _checks(node: Node) -> bool:
    """Return whether an operation has no result and only raises errors."""
    return isinstance(node.target, OpOverload) and not node.target._schema.returns


def _unchanged(node: Node) -> Node | None:
    """Return the input of an operation that returns it unchanged, otherwise None."""
    first: Any = node.args[0] if node.args else None
    if node.target is A.detach.default:
        return first
    if _transposes(node) and _transposes(first) and node.target is first.target:
        return first.args[0]
    if node.target in VIEWS or (node.target is A.mul.Scalar and node.args[1] == 1):
        return first if node.meta["form"] == first.meta["form"] else None
    return None


def _transposes(node: Node) -> bool:
    """Return whether an operation transposes a matrix, or matrices (members, rows, columns)."""
    target = node.target
    return target is A.t.default or (target is A.transpose.int and node.args[1:] == (1, 2))
