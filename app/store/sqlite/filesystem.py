"""Whether a file lies on a network file system, where SQLite's shared memory does not work between machines."""

from __future__ import annotations

from pathlib import Path

NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre", "beegfs", "davfs"}
)
NETWORK_FUSE_TYPES = frozenset(
    f"fuse.{kind}" for kind in ("sshfs", "glusterfs", "ceph", "davfs2", "rclone", "s3fs", "gcsfuse")
)
MOUNTS = Path("/proc/self/mountinfo")


def is_network(path: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether ``path`` lies on a network file system; where that cannot be found out, it is taken for local."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    best, kind = -1, ""
    place = path.resolve()
    for line in lines:
        left, _, right = line.partition(" - ")
        mounted_at = Path(left.split()[4].encode().decode("unicode_escape"))
        if place.is_relative_to(mounted_at) and len(mounted_at.parts) >= best:
            best, kind = len(mounted_at.parts), right.split()[0]
    return kind in NETWORK_TYPES | NETWORK_FUSE_TYPES
