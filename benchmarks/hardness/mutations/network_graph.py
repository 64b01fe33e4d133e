"""Mutations of an ONNX model: nodes, functions, shapes, types, payloads, places of the data, what it says of itself."""

import random
from collections.abc import Callable
from typing import Any

import onnx
from onnx import TensorProto, helper

from benchmarks.hardness.mutations.network_description import description_otherwise

_OPERATORS = (
    "Relu",
    "Add",
    "MatMul",
    "Identity",
    "Reshape",
    "Softmax",
    "Loop",
    "NoSuch",
    "",
    "Gather",
    "Cast",
    "MaxLogit",
)
_DIMENSIONS = (0, 1, 2, -1, 3, 10**6, 2**31, 2**62, -(2**63))
_PLACES = ("weights.bin", "../weights.bin", "/etc/passwd", "", ".", "score.onnx", "\0", "x" * 5000)
_NAMES = ("", "x", "score", "images", "é", "\n", "x" * 3000)


def network_mutated(model: Any, rng: random.Random) -> str:
    """Change a model in place, once; returns what was done, in words."""
    return _SORTS[rng.randrange(len(_SORTS))](model, rng)


def _node_otherwise(model: Any, rng: random.Random) -> str:
    nodes = model.graph.node
    if not nodes:
        return "no node to change"
    place = rng.randrange(len(nodes))
    node = nodes[place]
    sort = rng.choice(
        ("operator", "domain", "gone", "twice", "input", "output", "inputs in another order", "no inputs")
    )
    if sort == "operator":
        node.op_type = rng.choice(_OPERATORS)
    elif sort == "domain":
        node.domain = rng.choice(("", "x", "edgeood", "com.microsoft", "ai.onnx.ml"))
    elif sort == "gone":
        del nodes[place]
    elif sort == "twice":
        nodes.add().CopyFrom(node)
    elif sort in ("input", "output"):
        names = node.input if sort == "input" else node.output
        every = [name for one in nodes for name in (*one.input, *one.output)]
        if names:
            names[rng.randrange(len(names))] = rng.choice([*every, *_NAMES])
    else:
        turned = list(node.input)[::-1] if sort != "no inputs" else []
        del node.input[:]
        node.input.extend(turned)
    return f"node {place}: {sort}"


def _attribute_otherwise(model: Any, rng: random.Random) -> str:
    having = [node for node in model.graph.node if node.attribute]
    if not having:
        return "no attribute to change"
    node = rng.choice(having)
    place = rng.randrange(len(node.attribute))
    name = node.attribute[place].name
    value = rng.choice(
        (0, -1, 2**40, 0.5, float("nan"), "x", [0], [1, 1], [-1, 5], [10**9, 10**9], [0.5], ["x"])
    )
    del node.attribute[place]
    if rng.random() < 0.85:
        node.attribute.append(helper.make_attribute(name, value))
        return f"attribute {name} of {node.op_type} is {value}"
    return f"attribute {name} of {node.op_type} is gone"


def _weights_otherwise(model: Any, rng: random.Random) -> str:
    tensors = model.graph.initializer
    if not tensors:
        return "no weights to change"
    tensor = rng.choice(list(tensors))
    sort = rng.choice(
        ("shape", "type", "payload cut", "payload longer", "two payloads", "elsewhere", "numbers", "gone")
    )
    if sort == "shape" and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(_DIMENSIONS)
    elif sort == "shape":
        tensor.dims.extend([rng.choice(_DIMENSIONS)] * 2)
    elif sort == "type":
        tensor.data_type = rng.choice((*TensorProto.DataType.values(), 99))
    elif sort == "payload cut":
        tensor.raw_data = tensor.raw_data[: rng.choice((0, 1, 4, len(tensor.raw_data) // 2))]
    elif sort == "payload longer":
        tensor.raw_data = tensor.raw_data + bytes(rng.choice((1, 4, 4096)))
    elif sort == "two payloads":
        tensor.float_data.extend([0.5] * rng.choice((1, 1000)))
    elif sort == "elsewhere":
        tensor.data_location = TensorProto.EXTERNAL
        told = {
            "location": rng.choice(_PLACES),
            "offset": rng.choice(("0", "-1", "x", "9" * 20)),
            "length": "64",
        }
        for key in told if rng.random() < 0.7 else ("location",):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, told[key]
        if rng.random() < 0.7:
            tensor.ClearField("raw_data")
    elif sort == "numbers" and len(tensor.raw_data) >= 4:
        place = rng.randrange(len(tensor.raw_data) // 4) * 4
        number = rng.choice(
            (b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\0\0\0\0", b"\xff\xff\x7f\x7f", b"\0\0\x80\x3f")
        )
        tensor.raw_data = tensor.raw_data[:place] + number + tensor.raw_data[place + 4 :]
    elif sort == "gone":
        tensors.remove(tensor)
    return f"weights {tensor.name}: {sort}"


def _interface_otherwise(model: Any, rng: random.Random) -> str:
    side = rng.choice(("input", "output"))
    values = getattr(model.graph, side)
    sort = rng.choice(("name", "type", "dimension", "no shape", "one more", "gone", "a sequence"))
    if not values:
        return f"no {side} to change"
    one = values[0]
    kind = one.type.tensor_type
    if sort == "name":
        one.name = rng.choice(_NAMES)
    elif sort == "type":
        kind.elem_type = rng.choice((*TensorProto.DataType.values(), 99))
    elif sort == "dimension" and kind.shape.dim:
        chosen = rng.choice(list(kind.shape.dim))
        if rng.random() < 0.3:
            chosen.dim_param = rng.choice(("batch", "x", ""))
        else:
            chosen.dim_value = rng.choice(_DIMENSIONS)
    elif sort == "no shape":
        kind.ClearField("shape")
    elif sort == "one more":
        values.add().CopyFrom(one)
        values[-1].name = rng.choice(("more", one.name))
    elif sort == "gone":
        del values[0]
    elif sort == "a sequence":
        one.type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    return f"{side}: {sort}"


def _versions_otherwise(model: Any, rng: random.Random) -> str:
    sort = rng.choice(("ir", "opset", "no opsets", "another domain"))
    if sort == "ir":
        model.ir_version = rng.choice((0, -1, 1, 3, 99, 2**40))
    elif sort == "opset" and model.opset_import:
        model.opset_import[0].version = rng.choice((0, -1, 1, 7, 13, 21, 999, 2**40))
    elif sort == "no opsets":
        del model.opset_import[:]
    else:
        model.opset_import.append(helper.make_opsetid(rng.choice(("x", "com.microsoft", "")), 1))
    return f"versions: {sort}"


def _function_otherwise(model: Any, rng: random.Random) -> str:
    sort = rng.choice(("calls itself", "replaces an operator", "without nodes", "twice", "all gone"))
    if sort == "all gone":
        del model.functions[:]
    elif sort == "twice" and model.functions:
        model.functions.add().CopyFrom(model.functions[0])
    else:
        name = rng.choice([node.op_type for node in model.graph.node] or ["Relu"])
        domain = "" if sort == "replaces an operator" else "edgeood"
        body = [helper.make_node(name if sort == "calls itself" else "Neg", ["x"], ["y"], domain=domain)]
        made = helper.make_function(
            domain, name, ["x"], ["y"], body if sort != "without nodes" else [], [helper.make_opsetid("", 17)]
        )
        model.functions.append(made)
    return f"functions: {sort}"


def _large_result(model: Any, rng: random.Random) -> str:
    """A node that makes more of its input than there is memory for."""
    graph = model.graph
    if not graph.input:
        return "no input to make more of"
    size = rng.choice((10**12, 2**40, 2**62))
    graph.initializer.append(helper.make_tensor("size", TensorProto.INT64, [1], [size]))
    graph.node.append(helper.make_node("ConstantOfShape", ["size"], ["large"]))
    graph.node.append(helper.make_node("ReduceSum", ["large"], ["sum"]))
    if graph.node[0].input:
        graph.node.append(helper.make_node("Add", ["sum", graph.node[0].input[0]], ["more"]))
        graph.output.add().CopyFrom(graph.output[0] if graph.output else graph.input[0])
        graph.output[-1].name = "more"
    return f"a result of {size} numbers"


def _branch(model: Any, rng: random.Random) -> str:
    """A graph within the graph, whose nodes read what is there or is not."""
    if not model.graph.node or not model.graph.node[0].output:
        return "no node to branch at"
    inner = helper.make_graph(
        [helper.make_node("Identity", [rng.choice((model.graph.node[0].output[0], "nowhere"))], ["inner"])],
        "inner",
        [],
        [onnx.ValueInfoProto(name="inner")],
    )
    model.graph.initializer.append(helper.make_tensor("truth", TensorProto.BOOL, [], [True]))
    node = helper.make_node("If", ["truth"], ["branched"], then_branch=inner, else_branch=inner)
    model.graph.node.insert(rng.randrange(len(model.graph.node)), node)
    return "a branch"


_SORTS: tuple[Callable[[Any, random.Random], str], ...] = (
    *(_node_otherwise, _node_otherwise, _attribute_otherwise, _weights_otherwise, _weights_otherwise),
    *(_interface_otherwise, _interface_otherwise, description_otherwise, description_otherwise),
    *(_versions_otherwise, _function_otherwise, _large_result, _branch),
)
