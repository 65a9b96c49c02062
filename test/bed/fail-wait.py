"""
Lets the epoll_wait in which a thread sleeps return EBADF, by ptrace: what the kernel would say if the descriptor were gone. x86-64.
A signal would reach the whole process. Prints `failed` and the clock (CLOCK_MONOTONIC, in ns) of the moment before it goes on.
"""
import ctypes
import os
import sys
import time

PTRACE_CONT, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_DETACH = 7, 12, 13, 17
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000
EPOLL_WAIT, EPOLL_PWAIT = 232, 281
EBADF = 9
# Places in struct user_regs_struct.
RAX, ORIG_RAX = 10, 15

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread, data=None):
    if libc.ptrace(request, thread, None, data) == -1:
        sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))


thread = int(sys.argv[1])
registers = (ctypes.c_ulonglong * 27)()
address = ctypes.cast(registers, ctypes.c_void_p)
ptrace(PTRACE_SEIZE, thread)
# It may be at work, and not asleep, for as long as it has much to do.
for attempt in range(10_000):
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)
    ptrace(PTRACE_GETREGS, thread, address)
    if registers[ORIG_RAX] in (EPOLL_WAIT, EPOLL_PWAIT):
        break
    ptrace(PTRACE_CONT, thread)
    time.sleep(0.001)
else:
    sys.exit(f"thread {thread} does not sleep in epoll_wait")
registers[RAX] = 2**64 - EBADF
registers[ORIG_RAX] = 2**64 - 1
ptrace(PTRACE_SETREGS, thread, address)
print("failed", time.clock_gettime_ns(time.CLOCK_MONOTONIC), flush=True)
ptrace(PTRACE_DETACH, thread)
