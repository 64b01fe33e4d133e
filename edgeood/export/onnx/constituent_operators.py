"""KnnGather and ConstituentMean as ONNX operators of the domain ``edgeood``, with bodies of standard operators.

Their meaning is that of the operations of the same names in :mod:`edgeood.networks.quantized.fixed_graph`; tensors
have a batch axis in front, of any size. Sums a + b and means are formed in the type of the features, distances in
double precision, which holds any that occur.
"""

import onnx
from onnx import AttributeProto, FunctionProto, NodeProto, TensorProto, helper

from edgeood.export.onnx.score_operators import DOMAIN, OPSET, type_attribute
from edgeood.fixed_point.graph import ConstituentMean, KnnGather

# Sorting keys of what is no neighbour, larger than any distance (which has at most 53 bits).
_ITSELF, _PADDING = 2.0**60, 2.0**61


def _node(op: str, inputs: list[str], output: str, **attributes: object) -> NodeProto:
    return helper.make_node(op, inputs, [output], **attributes)


def _integers(output: str, *values: int) -> NodeProto:
    return _node("Constant", [], output, value_ints=list(values))


def _number(output: str, value: float) -> NodeProto:
    tensor = helper.make_tensor(output, TensorProto.DOUBLE, [], [value])
    return _node("Constant", [], output, value=tensor)


def _attribute(output: str, name: str, attribute_type: int, field: str) -> NodeProto:
    node = _node("Constant", [], output)
    node.attribute.append(AttributeProto(name=field, ref_attr_name=name, type=attribute_type))
    return node


def _column(tensor: str, start: str, end: str, output: str) -> NodeProto:
    return _node("Slice", [tensor, start, end, "features_axis"], output)


def _validity() -> list[NodeProto]:
    """``valid`` (B, N, 1): which of the ``candidates`` (B, N, F) have momentum."""
    return [
        _integers("zero", 0),
        _integers("one", 1),
        _integers("features_axis", 2),
        _number("nothing", 0.0),
        _column("candidates", "zero", "one", "pt_single"),
        _node("Cast", ["pt_single"], "pt", to=TensorProto.DOUBLE),
        _node("Greater", ["pt", "nothing"], "valid"),
    ]


def _coordinates() -> list[NodeProto]:
    """``steps`` (B, N, D): the coordinates of the ``points``, rounded to whole steps of their type."""
    integer, integers = AttributeProto.INT, AttributeProto.INTS
    return [
        _attribute("type", "coordinate_type", integers, "value_ints"),
        _node("Cast", ["type"], "type_exact", to=TensorProto.DOUBLE),
        helper.make_node("Split", ["type_exact"], ["bits", "integer", "signed"], axis=0),
        _node("Sub", ["bits", "signed"], "magnitude_bits"),
        _node("Sub", ["magnitude_bits", "integer"], "fraction"),
        _number("one_exact", 1.0),
        _number("two", 2.0),
        _node("Pow", ["two", "fraction"], "inverse_step"),
        _node("Pow", ["two", "magnitude_bits"], "span"),
        _node("Sub", ["span", "one_exact"], "highest"),
        _node("Mul", ["span", "signed"], "depth"),
        _node("Neg", ["depth"], "lowest"),
        _attribute("first_scalar", "first", integer, "value_int"),
        _node("Add", ["first_scalar", "zero"], "first"),
        _attribute("coordinates", "coordinates", integer, "value_int"),
        _node("Add", ["first", "coordinates"], "last"),
        _column("points", "first", "last", "columns"),
        _node("Cast", ["columns"], "columns_exact", to=TensorProto.DOUBLE),
        _node("Mul", ["columns_exact", "inverse_step"], "scaled"),
        _node("Round", ["scaled"], "rounded"),
        _node("Min", ["rounded", "highest"], "bounded"),
        _node("Max", ["bounded", "lowest"], "steps"),
    ]


def _neighbours() -> list[NodeProto]:
    """``neighbours`` (B, N, k): indices of the nearest valid others, the nearest again where there are fewer.

    Behind the others stand the constituent itself, then padding. So the nearest is the constituent itself if it is
    alone, and to take it once more changes no maximum. TopK gives equal distances to the lower index.
    """
    return [
        _node("Transpose", ["steps"], "by_coordinate", perm=[0, 2, 1]),
        _integers("last_axis", 3),
        _node("Unsqueeze", ["by_coordinate", "last_axis"], "from"),
        _node("Unsqueeze", ["by_coordinate", "features_axis"], "to"),
        _node("Sub", ["from", "to"], "difference"),
        _node("Mul", ["difference", "difference"], "square"),
        _node("ReduceSum", ["square", "one"], "distance", keepdims=0),
        _node("Shape", ["candidates"], "count", start=1, end=2),
        _node("Squeeze", ["count"], "count_scalar"),
        _node("Constant", [], "origin", value_int=0),
        _node("Constant", [], "unit", value_int=1),
        _node("Range", ["origin", "count_scalar", "unit"], "index"),
        _node("Unsqueeze", ["index", "one"], "index_column"),
        _node("Equal", ["index_column", "index"], "itself"),
        _node("Transpose", ["valid"], "valid_row", perm=[0, 2, 1]),
        _number("padding_key", _PADDING),
        _number("own_key", _ITSELF),
        _node("Where", ["valid_row", "distance", "padding_key"], "distance_to_valid"),
        _node("Where", ["itself", "own_key", "distance_to_valid"], "keys"),
        _attribute("wanted", "neighbours", AttributeProto.INT, "value_int"),
        _node("Min", ["wanted", "count"], "k"),
        helper.make_node("TopK", ["keys", "k"], ["nearest_keys", "nearest"], axis=-1, largest=0, sorted=1),
        _column("nearest", "zero", "one", "first_nearest"),
        _node("Less", ["nearest_keys", "own_key"], "is_neighbour"),
        _node("Where", ["is_neighbour", "nearest", "first_nearest"], "neighbours"),
    ]


def knn_gather_function() -> FunctionProto:
    """Candidates (B, N, F), points (B, N, P), edges (B, N, 2C) = a, b → a_i + max b_j (B, N, C)."""
    body = [
        *_validity(),
        *_coordinates(),
        *_neighbours(),
        helper.make_node("Split", ["edges"], ["own", "others"], axis=-1),
        _node("Unsqueeze", ["neighbours", "last_axis"], "rows"),
        _node("GatherND", ["others", "rows"], "gathered", batch_dims=1),
        _node("ReduceMax", ["gathered"], "largest", axes=[2], keepdims=0),
        _node("Add", ["own", "largest"], "sum"),
        _node("CastLike", ["nothing", "edges"], "empty"),
        _node("Where", ["valid", "sum", "empty"], "maximum"),
    ]
    attributes = ["neighbours", "first", "coordinates", "coordinate_type"]
    inputs = ["candidates", "points", "edges"]
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_function(DOMAIN, "KnnGather", inputs, ["maximum"], body, opsets, attributes)


def constituent_mean_function() -> FunctionProto:
    """Candidates (B, N, F), features (B, N, C) → the sum of the valid ones' features over N (B, C)."""
    body = [
        *_validity(),
        _node("CastLike", ["nothing", "features"], "empty"),
        _node("Where", ["valid", "features", "empty"], "present"),
        _node("ReduceSum", ["present", "one"], "sum", keepdims=0),
        _node("Shape", ["candidates"], "count", start=1, end=2),
        _node("CastLike", ["count", "features"], "divisor"),
        _node("Div", ["sum", "divisor"], "mean"),
    ]
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_function(DOMAIN, "ConstituentMean", ["candidates", "features"], ["mean"], body, opsets)


def graph_node(operation: KnnGather | ConstituentMean, inputs: list[str]) -> NodeProto:
    """The ONNX node of an operation, of tensors that may have other names than the operation's inputs."""
    name = operation.name
    if isinstance(operation, ConstituentMean):
        return helper.make_node("ConstituentMean", inputs, [name], name=name, domain=DOMAIN)
    return helper.make_node(
        "KnnGather",
        inputs,
        [name],
        name=name,
        domain=DOMAIN,
        neighbours=operation.neighbours,
        first=operation.first,
        coordinates=operation.coordinates,
        coordinate_type=type_attribute(operation.coordinate_type),
    )


def add_functions(model: onnx.ModelProto) -> None:
    """Give a model the functions of those operators of this module that it uses."""
    used = {node.op_type for node in model.graph.node if node.domain == DOMAIN}
    for function in (knn_gather_function(), constituent_mean_function()):
        if function.name in used:
            model.functions.append(function)
    if model.functions:
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
