/**
 * libpq itself, by Bun's FFI: connects with the connection string that it is given and prints what libpq says. The
 * embedded PostgreSQL ships the library of version 18, so this shows what the newest clients see.
 */
import { CString, dlopen, FFIType, type Pointer } from 'bun:ffi';
import { libpqPath } from './libpq-path.ts';

const { symbols } = dlopen(libpqPath, {
  PQconnectdb: { args: [FFIType.cstring], returns: FFIType.ptr },
  PQstatus: { args: [FFIType.ptr], returns: FFIType.i32 },
  PQport: { args: [FFIType.ptr], returns: FFIType.ptr },
  PQerrorMessage: { args: [FFIType.ptr], returns: FFIType.ptr },
  PQfinish: { args: [FFIType.ptr], returns: FFIType.void },
});

const connectionOk = 0;
const text = (pointer: Pointer | bigint | null): string =>
  pointer === null ? '' : new CString(Number(pointer) as Pointer).toString();

const connection = symbols.PQconnectdb(Buffer.from(`${process.argv[2]}\0`));
const isOk = symbols.PQstatus(connection) === connectionOk;
const error = isOk ? '' : text(symbols.PQerrorMessage(connection));
console.log(JSON.stringify({ error, port: isOk ? text(symbols.PQport(connection)) : '' }));
symbols.PQfinish(connection);
