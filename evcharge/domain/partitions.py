"""Which partition a charging point belongs to: one Central decides for all points of a partition (ADR 0030). Pure."""

import zlib

from evcharge.domain.ids import CpId


def partition_of(cp_id: CpId, count: int) -> int:
    """Return in which of `count` partitions (from 0) a charging point is: the same in every process and release."""
    return zlib.crc32(cp_id.encode()) % count
