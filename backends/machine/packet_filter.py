"""Whether the kernel lets this process see and set packet filters, asked over netlink."""

import socket
import struct

_NETLINK_NETFILTER = 12
_NFNL_SUBSYS_NFTABLES = 10
_NFT_MSG_GETTABLE = 1
_NLMSG_ERROR = 2
_NLM_F_REQUEST_DUMP = 0x1 | 0x300
_HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence number, port (netlink(7))."""


def can_filter_packets() -> bool:
    """Whether nftables answers a request for its tables.

    A container without CAP_NET_ADMIN gets EPERM, a kernel without nf_tables some other error.
    """
    family_version_resource = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
    kind = _NFNL_SUBSYS_NFTABLES << 8 | _NFT_MSG_GETTABLE
    length = _HEADER.size + len(family_version_resource)
    request = _HEADER.pack(length, kind, _NLM_F_REQUEST_DUMP, 1, 0) + family_version_resource
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
            kernel.settimeout(1.0)
            kernel.send(request)
            answer = kernel.recv(65536)
    except OSError:
        return False
    _, answered, _, _, _ = _HEADER.unpack_from(answer)
    if answered != _NLMSG_ERROR:
        return True
    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
    return bool(code == 0)
