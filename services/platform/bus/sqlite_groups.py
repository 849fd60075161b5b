"""Which member of a group owns which partition: members have leases that they renew, and each partition has an owner.

Several processes share these tables. Each change of owner has a higher generation, so that an owner which slept through
the loss of a partition can tell, even if it wins it back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.platform.sqlite.database import Connection
from services.platform.sqlite.rows import insert_rows


@dataclass(frozen=True, slots=True)
class Lease:
    """A member renews its lease every `heartbeat_seconds`; `seconds` after its last renewal the others divide its partitions.

    `watch`: seconds between two polls for what other processes have written.
    """

    heartbeat_seconds: float = 1.0
    seconds: float = 3.0
    watch: float = 0.5


@dataclass(frozen=True, slots=True)
class Assignments:
    """Group → partition → (member, generation), at one moment: a later change of any group has a higher `number`."""

    number: int
    groups: Mapping[str, Mapping[int, tuple[str, int]]]


def heartbeat(
    connection: Connection, members: Mapping[str, str], now: float, lease: Lease, partitions: int
) -> Assignments:
    """Join or renew these members (member → group) and remove the silent ones; returns the owners of their groups.

    `now`: Unix seconds.
    """
    joined = dict(connection.execute("SELECT member, joined FROM bus_member").fetchall())
    new = [member for member in members if member not in joined]
    joined |= {member: _next_number(connection) for member in new}
    insert_rows(
        connection,
        "INSERT INTO bus_member (consumers, member, joined, beat)",
        [(group, member, joined[member], now) for member, group in members.items()],
        "ON CONFLICT (consumers, member) DO UPDATE SET beat = excluded.beat",
    )
    silent = connection.execute(
        "DELETE FROM bus_member WHERE beat < ? RETURNING consumers", (now - lease.seconds,)
    ).fetchall()
    changed = {group for (group,) in silent} | {members[member] for member in new}
    for group in sorted(changed):
        _divide(connection, group, partitions)
    return owners(connection, members.values())


def leave(connection: Connection, group: str, member: str, partitions: int) -> Assignments:
    """Leave a group at once; returns its owners."""
    connection.execute("DELETE FROM bus_member WHERE consumers = ? AND member = ?", (group, member))
    _divide(connection, group, partitions)
    return owners(connection, [group])


def owners(connection: Connection, groups: Iterable[str]) -> Assignments:
    """The owners of each partition of these groups; a group without members has none."""
    rows = connection.execute(
        "SELECT consumers, partition, member, generation FROM bus_owner"
        " UNION ALL SELECT NULL, NULL, NULL, value FROM bus_setting WHERE name = 'generation'"
    ).fetchall()
    found: dict[str, dict[int, tuple[str, int]]] = {group: {} for group in groups}
    number = 0
    for group, partition, member, generation in rows:
        if group is None:
            number = generation
        elif group in found:
            found[group][partition] = (member, generation)
    return Assignments(number, found)


def _divide(connection: Connection, group: str, partitions: int) -> None:
    generation = _next_number(connection)
    # In the order of joining: a new member is the last, and the ranges of the others move as little as possible.
    rows = connection.execute("SELECT member FROM bus_member WHERE consumers = ? ORDER BY joined", (group,)).fetchall()
    if not rows:
        connection.execute("DELETE FROM bus_owner WHERE consumers = ?", (group,))
        return
    held = owners(connection, [group]).groups[group]
    wanted = range_assign([member for (member,) in rows], partitions)
    insert_rows(
        connection,
        "INSERT INTO bus_owner (consumers, partition, member, generation)",
        [(group, p, member, generation) for p, member in wanted.items() if p not in held or held[p][0] != member],
        "ON CONFLICT (consumers, partition) DO UPDATE SET member = excluded.member, generation = excluded.generation",
    )


def _next_number(connection: Connection) -> int:
    # One counter for all groups, which stays when a group is empty: a generation must never come twice, or an owner that
    # slept through the loss of its partition would take the new one for its own.
    connection.execute(
        "INSERT INTO bus_setting VALUES ('generation', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
    )
    number: int = connection.execute("SELECT value FROM bus_setting WHERE name = 'generation'").fetchone()[0]
    return number


def range_assign(members: list[str], partitions: int) -> dict[int, str]:
    """Partition → member, in ranges: the first members get one more where it does not come out even."""
    return {p: members[p * len(members) // partitions] for p in range(partitions)}
