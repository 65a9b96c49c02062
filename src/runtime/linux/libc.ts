/**
 * The few calls of libc that the engine needs, declared once for Bun's and Deno's FFI. Nothing here touches either
 * before `openLibc` is called.
 *
 * Lengths are declared 32 bits wide although size_t has 64: both FFIs would hand out BigInts for the wide ones, one
 * a call. Writing a 32-bit register clears its upper half on x86-64 and on arm64, so the callee sees the same number.
 */

/** An address in memory: a number under Bun, an object under Deno. The code that makes one keeps its array alive. */
export type Pointer = { readonly pointer: unique symbol };

/** `pointer` is an address; `bytes` is a typed array or null, of which the callee gets the address. */
type Kind = 'i32' | 'u32' | 'pointer' | 'bytes';
type Bytes = Uint8Array | Int32Array | null;
type Argument<K> = K extends 'pointer' ? Pointer : K extends 'bytes' ? Bytes : number;

interface Declaration {
  readonly args: readonly Kind[];
  readonly result: 'i32' | 'pointer';
}

const call = <const A extends readonly Kind[]>(...args: A) => ({ args, result: 'i32' as const });

const declarations = {
  accept4: call('i32', 'bytes', 'bytes', 'i32'),
  bind: call('i32', 'bytes', 'u32'),
  clock_gettime: call('i32', 'bytes'),
  close: call('i32'),
  connect: call('i32', 'bytes', 'u32'),
  epoll_create1: call('i32'),
  epoll_ctl: call('i32', 'i32', 'i32', 'bytes'),
  epoll_wait: call('i32', 'bytes', 'i32', 'i32'),
  eventfd: call('u32', 'i32'),
  // Variadic in C; integers are passed the same on both machines.
  fcntl: call('i32', 'i32', 'i32'),
  getpeername: call('i32', 'bytes', 'bytes'),
  getsockname: call('i32', 'bytes', 'bytes'),
  getsockopt: call('i32', 'i32', 'i32', 'bytes', 'bytes'),
  if_nametoindex: call('bytes'),
  inet_pton: call('i32', 'bytes', 'bytes'),
  listen: call('i32', 'i32'),
  read: call('i32', 'bytes', 'u32'),
  recv: call('i32', 'pointer', 'u32', 'i32'),
  recvmsg: call('i32', 'bytes', 'i32'),
  send: call('i32', 'pointer', 'u32', 'i32'),
  sendmsg: call('i32', 'bytes', 'i32'),
  setsockopt: call('i32', 'i32', 'i32', 'bytes', 'u32'),
  shutdown: call('i32', 'i32'),
  socket: call('i32', 'i32', 'i32'),
  timerfd_create: call('i32', 'i32'),
  timerfd_settime: call('i32', 'i32', 'bytes', 'bytes'),
  unlink: call('bytes'),
  write: call('i32', 'bytes', 'u32'),
} satisfies Readonly<Record<string, Declaration>>;

type Declarations = typeof declarations;

type Arguments<A extends readonly Kind[]> = { [I in keyof A]: Argument<A[I]> };

type Calls = {
  readonly [Name in keyof Declarations]: (...args: Arguments<Declarations[Name]['args']>) => number;
};

/** Every call returns what C returns, -1 for an error. Read `errno` before anything else is called. */
export interface Libc extends Calls {
  /** Of the last call that failed. 0 if the runtime has got in between. */
  errno(): number;
  /** Where the first byte of `bytes` is. */
  pointerTo(bytes: Uint8Array): Pointer;
  /** The same as a number, for structures that hold addresses. */
  addressOf(bytes: Uint8Array): bigint;
}

/** How glibc and musl call themselves. */
const libcNames = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

/** Throws an Error that says why there is no libc to be had: wrong runtime, no permission, unknown names. */
export function openLibc(names: readonly string[] = libcNames): Libc {
  const problems: string[] = [];
  for (const name of names) {
    try {
      return open(name);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    }
  }
  throw new Error(problems.join('; '));
}

function open(name: string): Libc {
  if ('Bun' in globalThis) return openWithBun(name);
  if ('Deno' in globalThis) return openWithDeno(name);
  throw new Error('this runtime has no FFI');
}

interface Errno {
  readonly __errno_location?: () => unknown;
}

/** glibc and musl both have it; its address is that of a thread's errno. */
const errnoLocation = '__errno_location';

function openWithBun(name: string): Libc {
  // `import` would be for every runtime; Bun has this for its own modules.
  const ffi = process.getBuiltinModule('bun:ffi' as 'node:fs') as unknown as typeof import('bun:ffi');
  const kinds = { i32: 'i32', u32: 'u32', pointer: 'ptr', bytes: 'ptr' } as const;
  const functions = Object.entries(declarations).map(([name, { args, result }]) => [
    name,
    { args: args.map((kind) => kinds[kind]), returns: result },
  ]);
  const { symbols } = ffi.dlopen(name, {
    ...Object.fromEntries(functions),
    [errnoLocation]: { args: [], returns: 'ptr' },
  });
  const location = (symbols as Errno).__errno_location as () => Parameters<typeof ffi.read.i32>[0];
  return {
    ...symbols as unknown as Calls,
    errno: () => ffi.read.i32(location(), 0),
    pointerTo: (bytes) => ffi.ptr(bytes) as unknown as Pointer,
    addressOf: (bytes) => BigInt(ffi.ptr(bytes)),
  };
}

/** What this file uses of Deno; its types are not at hand where Bun's are. */
interface DenoFfi {
  dlopen(
    name: string,
    symbols: object,
  ): { readonly symbols: Record<string, (...args: unknown[]) => unknown> };
  readonly UnsafePointer: { of(bytes: Uint8Array): unknown; value(pointer: unknown): bigint };
  readonly UnsafePointerView: { new (pointer: unknown): { getInt32(): number } };
}

function openWithDeno(name: string): Libc {
  const deno = (globalThis as unknown as { readonly Deno: DenoFfi }).Deno;
  const kinds = { i32: 'i32', u32: 'u32', pointer: 'pointer', bytes: 'buffer' } as const;
  const functions = Object.entries(declarations).map(([name, { args, result }]) => [
    name,
    { parameters: args.map((kind) => kinds[kind]), result },
  ]);
  const { symbols } = deno.dlopen(name, {
    ...Object.fromEntries(functions),
    [errnoLocation]: { parameters: [], result: 'pointer' },
  });
  return {
    ...symbols as unknown as Calls,
    errno: () => new deno.UnsafePointerView(symbols[errnoLocation]?.()).getInt32(),
    pointerTo: (bytes) => deno.UnsafePointer.of(bytes) as Pointer,
    addressOf: (bytes) => deno.UnsafePointer.value(deno.UnsafePointer.of(bytes)),
  };
}
