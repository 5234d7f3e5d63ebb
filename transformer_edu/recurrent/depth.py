"""How many operations had to wait for each other? The longest chain behind a result, read off autograd's graph."""

from torch import Tensor


def longest_chain(result: Tensor) -> int:
    """Count the operations on the longest path from an input to the result.

        depth(node) = 1 + max depth of the nodes that it waits for

    A machine with any number of processors still has to run these one after the other. Each node is one of torch's
    operations, so the count depends on how a layer is written; how it *grows* with the length does not. Only operations
    on tensors that require gradients are in the graph.

    Cost: O(operations).
    Raises: ValueError if the result has no graph.
    Source: a convention of this book, for "sequential operations" in [vaswani2017attention] table 1.
    """
    if result.grad_fn is None:
        raise ValueError(
            f"longest_chain needs a result with a graph (let its inputs require gradients), "
            f"got grad_fn={result.grad_fn}."
        )
    depth, todo = {}, [result.grad_fn]
    while todo:
        node = todo[-1]
        before = [one for one, _ in node.next_functions if one is not None and one.next_functions]
        if missing := [one for one in before if one not in depth]:
            todo += missing
        else:
            depth[todo.pop()] = 1 + max((depth[one] for one in before), default=0)
    return depth[result.grad_fn]
