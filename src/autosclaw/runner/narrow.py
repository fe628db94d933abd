"""Takes rights away from this process: its memory is hidden, kernel surface is refused.

It can only remove rights, never grant any, and must not decide what to do when that fails.

Engines of some age let containers use io_uring and AF_VSOCK sockets. A filter that the program
stacks itself needs no privilege beyond no_new_privs, is inherited by everything it starts, and
works the same under every OCI runtime.
"""

import ctypes
import os
import platform
import resource
import struct
from typing import NamedTuple

_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

# Classic BPF operations, and what a seccomp filter may answer (linux/seccomp.h).
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _FAIL_EPERM, _KILL_PROCESS = 0x7FFF0000, 0x00050001, 0x80000000
# Offsets in struct seccomp_data: system call number, architecture, first argument.
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
# From here on x86-64 numbers mean the x32 ABI and would walk past the checks.
_X32_NUMBERS = 0x40000000
_AF_VSOCK = 40


class _Machine(NamedTuple):
    arch: int
    socket: int
    refused: tuple[int, ...]


# io_uring_setup, io_uring_enter, io_uring_register have the same numbers everywhere.
_IO_URING = (425, 426, 427)
_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, _IO_URING),
    "aarch64": _Machine(0xC00000B7, 198, _IO_URING),
}

_Instruction = tuple[int, int, int, int]


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def hide_memory() -> None:
    """Keep other processes of this user out of our memory, environment and descriptors.

    Call before any secret is read. execve undoes it for children. Also forbids core dumps.
    Raises OSError when the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent died. Raises OSError."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def refuse_kernel_surface() -> bool:
    """Refuse io_uring and AF_VSOCK sockets to this process and all it starts, for good.

    False: this machine's system calls are not known here, nothing was changed. Raises OSError.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = b"".join(struct.pack("<HBBI", *step) for step in _program(machine))
    buffer = ctypes.create_string_buffer(code, len(code))
    rule = _Filter(len(code) // 8, ctypes.addressof(buffer))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(rule))
    return True


def _program(machine: _Machine) -> list[_Instruction]:
    deny: _Instruction = (_RETURN, 0, 0, _FAIL_EPERM)
    steps: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_IF_EQUAL, 1, 0, machine.arch),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_AT_LEAST, 0, 1, _X32_NUMBERS),
        deny,
    ]
    for call in machine.refused:
        steps += [(_JUMP_IF_EQUAL, 0, 1, call), deny]
    return [
        *steps,
        (_JUMP_IF_EQUAL, 0, 3, machine.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 0, 1, _AF_VSOCK),
        deny,
        (_RETURN, 0, 0, _ALLOW),
    ]


def _prctl(option: int, first: int = 0, second: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    if libc.prctl(option, first, second, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
