/**
 * libpq 18 cancels a query of its own with PQcancelBlocking, by Bun's FFI. Prints `asked` once the query runs, and after a
 * line from its standard input a JSON object: what libpq said of the cancel, and what the query ended with.
 */
import { CString, dlopen, FFIType, type Pointer } from 'bun:ffi';
import { libpqPath } from './libpq-path.ts';

const pointer = { args: [FFIType.ptr], returns: FFIType.ptr } as const;
const { symbols: libpq } = dlopen(libpqPath, {
  PQconnectdb: { args: [FFIType.cstring], returns: FFIType.ptr },
  PQsendQuery: { args: [FFIType.ptr, FFIType.cstring], returns: FFIType.i32 },
  PQerrorMessage: pointer,
  PQcancelCreate: pointer,
  PQcancelBlocking: { args: [FFIType.ptr], returns: FFIType.i32 },
  PQcancelErrorMessage: pointer,
  PQgetResult: pointer,
  PQresultErrorMessage: pointer,
});
const text = (pointer: Pointer | bigint | null): string =>
  pointer === null ? '' : new CString(Number(pointer) as Pointer).toString();

const connection = libpq.PQconnectdb(Buffer.from(`${process.argv[2]}\0`));
if (libpq.PQsendQuery(connection, Buffer.from('select pg_sleep(300)\0')) !== 1) {
  throw new Error(text(libpq.PQerrorMessage(connection)));
}
console.log('asked');
for await (const _ of console) break;
const request = libpq.PQcancelCreate(connection);
const isSent = libpq.PQcancelBlocking(request) === 1;
const cancel = isSent ? '' : text(libpq.PQcancelErrorMessage(request));
const query = isSent ? text(libpq.PQresultErrorMessage(libpq.PQgetResult(connection))) : '';
console.log(JSON.stringify({ cancel, query }));
process.exit(0);
