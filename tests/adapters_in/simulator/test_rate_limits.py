"""The rate-limit fault counts as every provider does: its own calls."""

from adapters_in.simulator.faults import Fault, FaultBoard, FaultKind


def test_each_provider_counts_its_own_calls() -> None:
    """Three providers, one call each: nobody has ignored a warning yet."""
    board = FaultBoard()
    board.add(Fault(FaultKind.RATE_LIMIT, limit=0.5, patience=1), 0.0)
    first = [board.refusal(name, "/", 1.0, 0.1) for name in ("a", "b", "c")]
    assert all(refusal is not None and not refusal.banned for refusal in first)
    second = board.refusal("a", "/", 1.0, 0.2)
    assert second is not None
    assert second.banned
