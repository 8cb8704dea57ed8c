"""What a process remembers for a while."""

from models.engine.caches import Memory


def test_values_are_remembered_until_their_time_is_over() -> None:
    now = 0.0
    memory: Memory[bytes, str] = Memory(lambda: now)
    memory.put(b"a", "one", until=10)
    now = 9.9
    assert memory.get(b"a") == "one"
    assert memory.get(b"b") is None
    now = 10
    assert memory.get(b"a") is None
    memory.put(b"a", "two", until=20)
    assert memory.get(b"a") == "two"


def test_the_oldest_are_forgotten_first() -> None:
    memory: Memory[bytes, int] = Memory(lambda: 0.0, most=2)
    for number, digest in enumerate((b"a", b"b", b"a", b"c")):
        memory.put(digest, number, until=1)
    assert [memory.get(digest) for digest in (b"a", b"b", b"c")] == [2, None, 3]
